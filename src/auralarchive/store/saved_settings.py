"""Settings that were saved in the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from auralarchive.store import schema
from auralarchive.store.database import Database


class SqlSettings:
    """`ports.store.SavedSettings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Mapping[str, Mapping[str, Any]]:
        """Section -> key -> value, of what was ever saved."""
        sections: dict[str, dict[str, Any]] = {}
        with self._database.read() as connection:
            for section, key, value in connection.execute(select(schema.settings)):
                sections.setdefault(section, {})[key] = value
        return sections

    def save(self, section: str, values: Mapping[str, Any]) -> None:
        """Set these keys; the section's others stay as they are."""
        with self._database.write() as connection:
            for key, value in values.items():
                self._database.upsert(connection, schema.settings, {"section": section, "key": key, "value": value})
