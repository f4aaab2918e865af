"""Configured clients, indexers and notifiers. Their secret settings are sealed."""

from __future__ import annotations

import builtins
import json
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.ports.store import AdapterRow
from auralarchive.store import schema
from auralarchive.store.columns import clean_json
from auralarchive.store.database import Database
from auralarchive.store.secrets import SecretBox

_adapters = schema.adapters.c


class SqlAdapters:
    """`ports.store.Adapters`."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    def list(self, kind: str) -> tuple[AdapterRow, ...]:
        """All of a kind, by priority (low first: 1 comes before 2), then id."""
        query = select(schema.adapters).where(_adapters.kind == kind).order_by(_adapters.priority, _adapters.id)
        with self._database.read() as connection:
            return tuple(self._from_row(row) for row in connection.execute(query).mappings())

    def get(self, kind: str, adapter_id: int) -> AdapterRow | None:
        """The one with this id, if it is of this kind."""
        query = select(schema.adapters).where(_adapters.kind == kind, _adapters.id == adapter_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else self._from_row(row)

    def add(self, row: AdapterRow, secret_keys: frozenset[str]) -> AdapterRow:
        """Insert it; the settings under `secret_keys` are sealed. Raises ValueError when the name is taken."""
        statement = insert(schema.adapters).values(self._to_row(row, secret_keys)).returning(schema.adapters)
        return self._saved(statement, row)

    def update(self, row: AdapterRow, secret_keys: frozenset[str]) -> AdapterRow:
        """Replace it. Raises ValueError when the name is taken, LookupError when it is not there."""
        statement = (
            update(schema.adapters)
            .where(_adapters.kind == row.kind, _adapters.id == row.id)
            .values(self._to_row(row, secret_keys))
            .returning(schema.adapters)
        )
        return self._saved(statement, row)

    def delete(self, kind: str, adapter_id: int) -> bool:
        """Forget it; False where it was not there."""
        statement = delete(schema.adapters).where(_adapters.kind == kind, _adapters.id == adapter_id)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def _saved(self, statement: Any, row: AdapterRow) -> AdapterRow:
        try:
            with self._database.write() as connection:
                saved = connection.execute(statement).mappings().first()
        except IntegrityError as error:
            raise ValueError(f"There is already a {row.kind} with the name {row.name!r}.") from error
        if saved is None:
            raise LookupError(f"there is no {row.kind} {row.id}")
        return self._from_row(saved)

    def _to_row(self, row: AdapterRow, secret_keys: frozenset[str]) -> dict[str, Any]:
        secrets = {key: value for key, value in row.settings.items() if key in secret_keys}
        return {
            "kind": row.kind,
            "type": row.type,
            "name": row.name,
            "enabled": row.enabled,
            "priority": row.priority,
            "settings": {key: value for key, value in row.settings.items() if key not in secrets},
            "sealed_settings": self._box.seal(json.dumps(clean_json(secrets))) if secrets else None,
        }

    def _from_row(self, row: RowMapping) -> AdapterRow:
        sealed = row["sealed_settings"]
        secrets: builtins.dict[str, Any] = json.loads(self._box.open(sealed)) if sealed else {}
        return AdapterRow(
            id=row["id"],
            kind=row["kind"],
            type=row["type"],
            name=row["name"],
            enabled=row["enabled"],
            priority=row["priority"],
            settings={**row["settings"], **secrets},
        )
