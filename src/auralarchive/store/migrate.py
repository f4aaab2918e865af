"""Bring the database's schema up to what this version of the program knows, at every open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from auralarchive.store.database import Database
from auralarchive.store.errors import SchemaTooNew

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 0x4155_5241  # "AURA": any number will do, as long as every process takes the same


def migrate(database: Database) -> None:
    """Run what is missing, in one transaction, under a lock against other processes.

    Raises SchemaTooNew where a later version of the program has been here.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with database.read() as connection:
        if _is_current(connection, scripts):
            return
    with _alone(database) as connection:
        if not _is_current(connection, scripts):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return False
    known = {script.revision for script in scripts.walk_revisions()}
    if current not in known:
        raise SchemaTooNew(
            f"The database is at revision {current}, which this version of the program does not know.",
            "Start the newer version again, or restore a backup that an older one made.",
        )
    return current == scripts.get_current_head()


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A write transaction that waits for, and keeps out, other processes that migrate."""
    with database.write() as connection:
        if database.is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        else:
            # Rebuilding a table, SQLite's way to alter one, must not trip over rows that point to it.
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        yield connection
