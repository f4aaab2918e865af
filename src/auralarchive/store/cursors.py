"""How far readers of the event log have come."""

from __future__ import annotations

from sqlalchemy import delete, select

from auralarchive.store import schema
from auralarchive.store.database import Database

_cursors = schema.cursors.c


class SqlCursors:
    """`ports.store.Cursors`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> int | None:
        """The number up to which this reader has done its work; None for one that has not begun."""
        with self._database.read() as connection:
            return connection.scalar(select(_cursors.seq).where(_cursors.name == name))

    def save(self, name: str, seq: int) -> None:
        """This reader needs nothing up to this number any more."""
        with self._database.write() as connection:
            self._database.upsert(connection, schema.cursors, {"name": name, "seq": seq})

    def names(self) -> frozenset[str]:
        """Everybody who reads."""
        with self._database.read() as connection:
            return frozenset(connection.scalars(select(_cursors.name)))

    def forget(self, name: str) -> None:
        """This reader is gone."""
        with self._database.write() as connection:
            connection.execute(delete(schema.cursors).where(_cursors.name == name))
