"""Configured clients and indexers. Their secret settings are sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.domain.choice import Rule
from auralarchive.ports.store import AdapterRow
from auralarchive.store import schema
from auralarchive.store.columns import clean_json
from auralarchive.store.database import Database
from auralarchive.store.errors import SecretsUnreadable
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
        statement = insert(schema.adapters).returning(schema.adapters)
        return self._saved(statement, row, self._to_row(row, secret_keys))

    def update(self, row: AdapterRow, secret_keys: frozenset[str]) -> AdapterRow:
        """Replace it. Raises ValueError when the name is taken, LookupError when it is not there.

        Secrets that cannot be opened stay sealed as they are until a new one is given: the right file may come back.
        """
        this_one = (_adapters.kind == row.kind, _adapters.id == row.id)
        values = self._to_row(row, secret_keys)
        before = self.get(row.kind, row.id)
        given = any(row.settings.get(key) for key in secret_keys)
        if before is not None and before.secrets_lost and before.type == row.type and not given:
            del values["sealed_settings"]
        return self._saved(update(schema.adapters).where(*this_one).returning(schema.adapters), row, values)

    def delete(self, kind: str, adapter_id: int) -> bool:
        """Forget it; False where it was not there."""
        statement = delete(schema.adapters).where(_adapters.kind == kind, _adapters.id == adapter_id)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def _saved(self, statement: Any, row: AdapterRow, values: Mapping[str, Any]) -> AdapterRow:
        try:
            with self._database.write() as connection:
                saved = connection.execute(statement.values(values)).mappings().first()
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
            "rule": _plain_rule(row.rule),
            "steered": row.steered,
        }

    def _from_row(self, row: RowMapping) -> AdapterRow:
        secrets = self._opened(row["sealed_settings"])
        return AdapterRow(
            id=row["id"],
            kind=row["kind"],
            type=row["type"],
            name=row["name"],
            enabled=row["enabled"],
            priority=row["priority"],
            settings={**row["settings"], **(secrets or {})},
            secrets_lost=secrets is None,
            rule=_rule(row["rule"]),
            steered=row["steered"],
        )

    def _opened(self, sealed: str | None) -> dict[str, Any] | None:
        """The secrets; None where the key file does not fit them: they can be entered anew, so nothing may end here."""
        try:
            return json.loads(self._box.open(sealed)) if sealed else {}
        except SecretsUnreadable:
            return None


def _plain_rule(rule: Rule) -> dict[str, list[Any]]:
    """What a rule asks for, without its empty parts."""
    parts = {"indexers": rule.indexers, "categories": rule.categories, "tags": rule.tags}
    return {name: sorted(values) for name, values in parts.items() if values}


def _rule(plain: Mapping[str, Any]) -> Rule:
    return Rule(**{name: frozenset(values) for name, values in plain.items()})
