"""A store in a folder of its own, for tests that need no second database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auralarchive.store import SecretBox, SqlStore, open_store
from auralarchive.store.database import Database, open_database
from auralarchive.store.migrate import migrate
from tests.contract.store.support import HeldClock


@contextmanager
def sqlite_store(folder: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{folder / 'unit.sqlite3'}", secret_box=SecretBox.generate(), clock=HeldClock())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """A migrated database, beside whatever else has it open."""
    database = open_database(f"sqlite:///{folder / 'unit.sqlite3'}", sole_instance=False)
    try:
        migrate(database)
        yield database
    finally:
        database.close()
