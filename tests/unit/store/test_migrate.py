"""Migrating in the process itself; the schema's equality is in tests/migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from auralarchive.store.database import Database, open_database
from auralarchive.store.migrate import migrate


def test_a_current_database_is_not_written(database: Database) -> None:
    """A start with nothing to do takes no write lock: it works while another writes."""
    with database.write() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('s', 'k', '1')"))
        migrate(database)


def test_a_failed_migration_leaves_nothing(tmp_path: Path) -> None:
    """A table that is in the way stops it, and no half of a schema stays behind."""
    database = open_database(f"sqlite:///{tmp_path / 'a.sqlite3'}", sole_instance=False)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE releases (id TEXT)"))
    with pytest.raises(OperationalError, match="releases already exists"):
        migrate(database)
    with database.read() as connection:
        assert connection.scalars(text("SELECT name FROM sqlite_master")).all() == ["releases"]
    database.close()
