"""The engine: how a connection is made, and what a transaction is, on SQLite and on PostgreSQL.

A write transaction on SQLite begins with BEGIN IMMEDIATE: a deferred one that reads first and then
writes fails at once with "database is locked", whatever the timeout, when somebody wrote between.
Writers of this process queue at a lock of our own, which is fair and wakes at once, where SQLite
would poll.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import ArgumentError, OperationalError

from auralarchive.ports.errors import NoSpace
from auralarchive.store.errors import DatabaseRefused, DatabaseUnavailable
from auralarchive.store.folder import InstanceLock, refuse_network

_BUSY_SECONDS = 10
_WRITES = "auralarchive_writes"
_DISK_FULL = "53100"  # SQLSTATE
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}",
    "PRAGMA trusted_schema=OFF",
)


class Database:
    """One engine with its transactions. `folder_lock` is held until `close`."""

    def __init__(self, engine: Engine, folder_lock: InstanceLock | None = None) -> None:
        self.engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"
        self._folder_lock = folder_lock
        self._writers: AbstractContextManager[Any] = nullcontext() if self.is_postgresql else threading.Lock()
        self._names = threading.Lock()
        self._exclusive: dict[str, threading.Lock] = {}

    @property
    def alone(self) -> bool:
        """No other process can be at work on this database: it is in our folder, and the folder's lock is ours."""
        return self._folder_lock is not None and not self.is_postgresql

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back by any exception."""
        with _translated(), self._writers, self.engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Only one caller at a time is inside for this name, among all processes.

        On SQLite the folder's lock leaves only one process, so a lock in memory is enough. On
        PostgreSQL it stands before the advisory lock, so that waiting threads hold no connection.
        """
        with ExitStack() as stack:
            stack.enter_context(self._lock_of(name))
            if self.is_postgresql:
                stack.enter_context(self._advisory(name))
            yield

    def _lock_of(self, name: str) -> threading.Lock:
        with self._names:
            return self._exclusive.setdefault(name, threading.Lock())

    @contextmanager
    def _advisory(self, name: str) -> Iterator[None]:
        key = {"name": f"auralarchive:{name}"}
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), key)
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)

    def upsert(self, connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
        """Insert the row, or replace what is there under its primary key."""
        insert = (postgresql.insert if self.is_postgresql else sqlite_dialect.insert)(table).values(**values)
        keys = [column.name for column in table.primary_key]
        rest = {name: insert.excluded[name] for name in values if name not in keys}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))

    def close(self) -> None:
        """Close every connection (SQLite then folds its WAL in), and let the next instance in."""
        self.engine.dispose()
        if self._folder_lock is not None:
            self._folder_lock.release()


def open_database(
    url: str, *, data_dir: Path | None = None, allow_network_fs: bool = False, sole_instance: bool = True
) -> Database:
    """The database at `url`: `sqlite:///file` or `postgresql://…`.

    `sole_instance` False leaves the data folder's lock alone: for tools that work beside a server.

    Raises:
        DatabaseBusy, NetworkFileSystem: see there.
        DatabaseRefused: not a database that we know, or its driver is missing.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address, data_dir, allow_network_fs, sole_instance)
    return _open_postgresql(address, InstanceLock(data_dir) if sole_instance and data_dir is not None else None)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise DatabaseRefused(
            "The database's address is not one.", "Write sqlite:///FILE or postgresql://…."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        return address.set(drivername="sqlite")
    if address.get_backend_name() in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    raise DatabaseRefused(
        f"A database of the kind {address.drivername!r} is not supported.", "Write sqlite:///FILE or postgresql://…."
    )


def _open_sqlite(address: URL, data_dir: Path | None, allow_network_fs: bool, sole_instance: bool) -> Database:
    file = Path(address.database or "").absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not allow_network_fs:
        refuse_network(file.parent)
    folder = data_dir if data_dir is not None else file.parent
    lock = InstanceLock(folder) if sole_instance else None
    _only_for_us(file)
    engine = create_engine(
        address.set(database=str(file)),
        hide_parameters=True,  # an error's text must not show what was stored
        pool_size=8,
        max_overflow=24,
        connect_args={"timeout": _BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, lock)


def _only_for_us(file: Path) -> None:
    """Mode 0600, from its first moment; SQLite gives its WAL the same."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    file.chmod(0o600)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is a deferred one: `_begin_sqlite` says which
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(address: URL, lock: InstanceLock | None) -> Database:
    """The lock is of the data folder, where the embedded client's torrents and the work folders are."""
    try:
        engine = create_engine(
            address,
            hide_parameters=True,
            pool_size=8,
            max_overflow=24,
            pool_pre_ping=True,  # after a restart of the server the pool is full of dead connections
            connect_args={"connect_timeout": 10, "application_name": "auralarchive"},
        )
    except ModuleNotFoundError as error:
        if lock is not None:
            lock.release()
        raise DatabaseRefused(
            "PostgreSQL needs its driver.", "Install it with: pip install 'auralarchive[cluster]'"
        ) from error
    return Database(engine, lock)


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's words for "not now" as ours."""
    try:
        yield
    except OperationalError as error:
        if _is_full(error.orig):
            raise NoSpace("The database's disk is full.", "Free some space on it.") from error
        if not _is_passing(error.orig):
            raise  # a statement that cannot be right: a bug of ours
        raise DatabaseUnavailable(
            f"The database does not answer ({type(error.orig).__name__}).",
            "Check that it is running, reachable and takes our name and password; the work goes on when it is back.",
        ) from error


def _is_full(error: object) -> bool:
    return _sqlite_code(error) == sqlite3.SQLITE_FULL or getattr(error, "sqlstate", None) == _DISK_FULL


def _is_passing(error: object) -> bool:
    """On SQLite a wrong statement is an "operational error" too; psycopg keeps that name for the server's troubles."""
    return _sqlite_code(error) != sqlite3.SQLITE_ERROR


def _sqlite_code(error: object) -> int | None:
    """The primary result code of an error of SQLite; None for other databases."""
    return error.sqlite_errorcode & 0xFF if isinstance(error, sqlite3.Error) else None
