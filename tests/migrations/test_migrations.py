"""The schema that migrations make is the schema that the code knows, on both databases."""

from __future__ import annotations

import re
import sqlite3
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from auralarchive.domain.status import DownloadStatus
from auralarchive.store import SchemaTooNew, SecretBox, open_store
from auralarchive.store.database import Database, open_database
from auralarchive.store.migrate import migrate
from auralarchive.store.schema import REVISION, metadata
from tests.contract.store.support import HeldClock

#: What earlier programs left behind, dumped from their databases: one file a revision, never written anew.
PUBLISHED = sorted(Path(__file__).with_name("published").glob("*.sql"))
KEY = urlsafe_b64encode(bytes(32))  # of the secrets in them

_PG_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
_PG_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
_PG_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"


def _postgresql(database: Database) -> set[tuple[object, ...]]:
    with database.read() as connection:
        return {
            tuple(row)
            for query in (_PG_COLUMNS, _PG_CONSTRAINTS, _PG_INDEXES)
            for row in connection.execute(text(query))
            if not str(row[0]).startswith("alembic")
        }


def _sqlite(database: Database) -> set[tuple[str, frozenset[str]]]:
    """Each object's SQL, as the set of its parts: the order of columns and constraints means nothing."""
    with database.read() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    return {(name, frozenset(_parts(sql))) for name, sql in rows if not name.startswith(("alembic", "sqlite_"))}


def _parts(sql: str) -> list[str]:
    """What stands between the commas of the outermost brackets; a column added later ends the last line."""
    head, _, rest = re.sub(r"\s+", " ", sql).strip().partition("(")
    inside, _, tail = rest.rpartition(")")
    parts, depth = [""], 0
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [head.strip(), tail.strip(), *(part.strip() for part in parts)]


def test_migrated_equals_the_schema(database_url: str, tmp_path: Path) -> None:
    """Columns, types, checks, keys and indexes with their conditions: all the same."""
    migrated = open_database(database_url, sole_instance=False)
    migrate(migrated)
    if not migrated.is_postgresql:
        fresh = open_database(f"sqlite:///{tmp_path / 'fresh.sqlite3'}", sole_instance=False)
        metadata.create_all(fresh.engine)
        assert _sqlite(migrated) == _sqlite(fresh)
        fresh.close()
    else:
        by_migration = _postgresql(migrated)
        with migrated.write() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
        assert _postgresql(migrated) == by_migration
        assert any("uq_download_queue_active_book" in map(str, row) for row in by_migration)
    migrated.close()


def test_every_revision_but_the_newest_has_left_a_database() -> None:
    """So that a revision which somebody has cannot be changed unnoticed."""
    assert [file.stem for file in PUBLISHED] == [f"{number:04}" for number in range(1, int(REVISION))]


@pytest.mark.parametrize("dump", PUBLISHED, ids=lambda file: file.stem)
def test_what_an_earlier_program_left_is_brought_up_to_date(dump: Path, tmp_path: Path) -> None:
    """The schema is that of a fresh start, and nothing is lost: two downloads, their story, and the bytes of one."""
    with sqlite3.connect(tmp_path / "old.sqlite3") as connection:
        connection.executescript(dump.read_text())
    connection.close()
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    store = open_store(url, secret_box=SecretBox([KEY]), clock=HeldClock())
    emma, persuasion = (store.downloads.get(number) for number in (1, 2))
    assert emma is not None
    assert persuasion is not None
    assert (emma.book.title, emma.download_limit, emma.limited) == ("Emma", 100_000, True)
    assert (persuasion.acquisition, set(persuasion.hashes)) == (DownloadStatus.DOWNLOADING, {"ab" * 20})
    assert "CANARY-KEY" in (persuasion.download_url or "")
    assert [event.event for event in store.downloads.events(2)][-1] == "SentToClient"
    assert getattr(store.payloads.get(2), "name", None) == "Persuasion"
    assert store.integrity() == ()
    store.close()
    upgraded = open_database(url, sole_instance=False)
    fresh = open_database(f"sqlite:///{tmp_path / 'fresh.sqlite3'}", sole_instance=False)
    metadata.create_all(fresh.engine)
    assert _sqlite(upgraded) == _sqlite(fresh)
    upgraded.close()
    fresh.close()


def test_a_newer_database_is_refused(database_url: str) -> None:
    """An old program does not touch what a new one wrote, and says what to do."""
    box = SecretBox.generate()
    open_store(database_url, secret_box=box, clock=HeldClock()).close()
    database = open_database(database_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for _ in range(2):  # the refusal gives the folder's lock back
        with pytest.raises(SchemaTooNew, match=r"9999.*newer version"):
            open_store(database_url, secret_box=box, clock=HeldClock())


def test_opening_again_changes_nothing(database_url: str) -> None:
    """The second start finds its schema and its rows."""
    box = SecretBox.generate()
    for expected in ({}, {"a": {"b": 1}}):
        store = open_store(database_url, secret_box=box, clock=HeldClock())
        assert store.settings.all() == expected
        store.settings.save("a", {"b": 1})
        store.close()


def test_first_starts_at_the_same_time(database_url: str) -> None:
    """Several workers that start together on an empty database: one migrates, the others wait."""
    box = SecretBox.generate()

    def start(_: int) -> bool:
        store = open_store(database_url, secret_box=box, clock=HeldClock(), sole_instance=False)
        sound = store.integrity() == ()
        store.close()
        return sound

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(start, range(3)))
