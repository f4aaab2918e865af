"""A copy of the database in one file: taken while others write, and examined before anybody trusts it.

A copy that comes back may have been made by anyone. Nothing of it is believed but what is checked here: that it is
whole, that it holds our tables and nothing besides, and that its log and its downloads agree.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from auralarchive.ports.errors import NoSpace, UnusableBackup
from auralarchive.ports.work import Clock
from auralarchive.store.errors import SchemaTooNew
from auralarchive.store.secrets import SecretBox
from auralarchive.store.store import SqlStore, open_store

_MAGIC = b"SQLite format 3\x00"
_OLDER = "Choose an older or another backup."
#: More downloads than are made between a backup and the day on which it is needed.
SKIPPED = 1000
#: SQLite's own tables come and go by themselves.
_OURS = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, for a person who decides about it."""

    revision: str
    downloads: int
    books: int
    accounts: int


def sqlite_file(url: str) -> Path | None:
    """The database's file; None where it is no SQLite."""
    address = make_url(url)
    return Path(address.database or "").absolute() if address.get_backend_name() == "sqlite" else None


def take_snapshot(source: Path, target: Path) -> Contents:
    """Copy the database as it is at one moment; nobody waits for it. Sessions stay out: who restores signs in anew.

    Raises `NoSpace`.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(_connect(source, "ro")) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)  # all pages in one step: with WAL that is a reader, and stands in nobody's way
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("DELETE FROM sessions")
            copy.commit()
            _compact(copy)
            return _contents(copy)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise NoSpace("There is no room for a copy of the database.", "Make room on its disk.") from error
        raise


def _compact(copy: sqlite3.Connection) -> None:
    """Leave out what is empty where that is much: it would look like a bomb to who unpacks it."""
    (free,), (all_pages,) = (copy.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count"))
    if free * 4 > all_pages:
        copy.execute("VACUUM")


def make_ready(file: Path, clock: Clock, may_stay: Callable[[str, str], bool]) -> Contents:
    """Check a copy that comes from outside and bring its schema up to date, in place.

    Settings that `may_stay` (section, key) refuses are taken out. Raises `UnusableBackup`.
    """
    with _told():
        _check_whole(file)
        _migrate_and_judge(file, clock)
        with closing(_connect(file, "rw")) as connection:
            if _shape(connection) != _expected_shape(clock):
                raise UnusableBackup("The backup's tables are not those of this version.", _OLDER)
            saved = connection.execute("SELECT section, key FROM settings").fetchall()
            strange = [(section, key) for section, key in saved if not may_stay(section, key)]
            connection.executemany("DELETE FROM settings WHERE section = ? AND key = ?", strange)
            connection.execute("DELETE FROM sessions")
            _skip_numbers(connection)
            connection.commit()
            connection.execute("PRAGMA journal_mode=DELETE")
            return _contents(connection)


def _skip_numbers(connection: sqlite3.Connection) -> None:
    """Let new downloads begin well above all that were made since: items in clients still bear their numbers."""
    skip = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'download_queue'"
    if connection.execute(skip, (SKIPPED,)).rowcount == 0:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('download_queue', ?)", (SKIPPED,))


@contextmanager
def _told() -> Iterator[None]:
    """SQLite's own words for what is broken as ours."""
    try:
        yield
    except (sqlite3.DatabaseError, DBAPIError) as error:
        raise UnusableBackup("The backup's database is damaged.", _OLDER) from error


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True, timeout=10)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    return connection


def _check_whole(file: Path) -> None:
    """A database of SQLite, undamaged, with tables and indexes alone: whatever else it held would run by itself."""
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise UnusableBackup("What the backup calls a database is none.", _OLDER)
    with closing(_connect(file, "rw")) as connection:
        found = connection.execute("SELECT type, sql FROM sqlite_master").fetchall()
        if any(kind not in ("table", "index") or _is_virtual(sql) for kind, sql in found):
            raise UnusableBackup("The backup's database holds programs.", _OLDER)
        if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise UnusableBackup("The backup's database is damaged.", _OLDER)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            raise UnusableBackup("The backup's database is not one of AuralArchive.", _OLDER)


def _is_virtual(sql: str | None) -> bool:
    return sql is not None and sql.lstrip().upper().startswith("CREATE VIRTUAL")


def _migrate_and_judge(file: Path, clock: Clock) -> None:
    try:
        with closing(_open(file, clock)) as store:
            damage = store.integrity()
    except SchemaTooNew as error:
        raise UnusableBackup(
            "A newer version of AuralArchive made this backup.", "Install that version, then restore."
        ) from error
    if damage:
        raise UnusableBackup(f"The backup's database does not hold together: {damage[0]}.", _OLDER)


def _open(file: Path, clock: Clock) -> SqlStore:
    address = f"sqlite:///{quote(str(file))}"
    return open_store(address, secret_box=SecretBox.generate(), clock=clock, sole_instance=False)


def _expected_shape(clock: Clock) -> object:
    """The shape of a database that this version makes by itself."""
    with tempfile.TemporaryDirectory(prefix="auralarchive-shape-") as folder:
        file = Path(folder) / "fresh.db"
        _open(file, clock).close()
        with closing(_connect(file, "ro")) as connection:
            return _shape(connection)


def _shape(connection: sqlite3.Connection) -> object:
    """Every table with its columns, and every index as it was made."""
    tables = connection.execute(f"SELECT name FROM sqlite_master WHERE type = 'table' AND {_OURS}")  # noqa: S608 - ours
    columns = {
        name: connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall() for (name,) in tables
    }
    indexes = connection.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND {_OURS}")  # noqa: S608 - ours
    return columns, dict(indexes.fetchall())


def _contents(connection: sqlite3.Connection) -> Contents:
    def count(table: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names

    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return Contents(str(revision), count("download_queue"), count("books"), count("accounts"))
