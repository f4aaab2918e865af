"""The database as a whole: opened, checked, closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select, text

from auralarchive.ports.work import Clock
from auralarchive.store import schema
from auralarchive.store.accounts import SqlAccounts
from auralarchive.store.adapters import SqlAdapters
from auralarchive.store.books import SqlBooks
from auralarchive.store.cursors import SqlCursors
from auralarchive.store.database import Database, open_database
from auralarchive.store.downloads import SqlDownloads
from auralarchive.store.feed import Feed
from auralarchive.store.history import SqlHistory
from auralarchive.store.payloads import SqlPayloads
from auralarchive.store.playback import SqlPlayback
from auralarchive.store.recipes import SqlRecipes
from auralarchive.store.releases import SqlReleases
from auralarchive.store.saved_settings import SqlSettings
from auralarchive.store.secrets import SecretBox
from auralarchive.store.upgrade import bring_up_to_date

_queue = schema.download_queue.c
_log = schema.download_events.c


class SqlStore:
    """`ports.store.Store`, by aggregates."""

    def __init__(self, database: Database, box: SecretBox, clock: Clock) -> None:
        self._database = database
        self._feed = Feed(database)
        self.downloads = SqlDownloads(database, self._feed, box, clock)
        self.history = SqlHistory(database)
        self.payloads = SqlPayloads(database)
        self.releases = SqlReleases(database, box)
        self.adapters = SqlAdapters(database, box)
        self.books = SqlBooks(database)
        self.playback = SqlPlayback(database)
        self.recipes = SqlRecipes(database)
        self.accounts = SqlAccounts(database)
        self.settings = SqlSettings(database)
        self.cursors = SqlCursors(database)

    def on_commit(self, wake: Callable[[], Any]) -> None:
        """Call `wake` after every commit that wrote events; it must return at once."""
        self._feed.add(wake)

    def integrity(self) -> tuple[str, ...]:
        """What the database, and our own rules about the log, find wrong; empty when all is well."""
        damage = () if self._database.is_postgresql else self._sqlite_damage()
        return (*damage, *self._log_damage())

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._feed.close()
        self._database.close()

    def _sqlite_damage(self) -> tuple[str, ...]:
        with self._database.read() as connection:
            pages = [row[0] for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
        return (*pages, *(f"{row[0]}: row {row[1]} points to a missing row of {row[2]}" for row in orphans))

    def _log_damage(self) -> tuple[str, ...]:
        """The log must have no gap, and its last row of each download must be where the download is."""
        newest = select(_log.download_id, func.max(_log.version).label("version")).group_by(_log.download_id).subquery()
        last = and_(_log.download_id == newest.c.download_id, _log.version == newest.c.version)
        apart = (
            select(_queue.id)
            .outerjoin(newest, newest.c.download_id == _queue.id)
            .outerjoin(schema.download_events, last)
            .where(or_(_log.seq.is_(None), _log.version != _queue.version, _log.new_status != _queue.status))
            .order_by(_queue.id)
        )
        with self._database.read() as connection:
            strays = connection.scalars(apart).all()
            first, latest, count = connection.execute(
                select(func.min(_log.seq), func.max(_log.seq), func.count())
            ).one()
        gaps = count and latest - first + 1 != count
        return (
            *(f"download {stray} is not where its event log says" for stray in strays),
            *(("the event log has gaps",) if gaps else ()),
        )


def open_store(
    url: str,
    *,
    secret_box: SecretBox,
    clock: Clock,
    data_dir: Path | None = None,
    allow_network_fs: bool = False,
    sole_instance: bool = True,
) -> SqlStore:
    """The store at `url` (`sqlite:///file` or `postgresql://…`), with its schema up to date.

    `data_dir` is the folder whose lock keeps a second instance out; without it, the database file's.
    `sole_instance` False is for tools that work beside a server.

    Raises:
        DatabaseBusy, NetworkFileSystem, SchemaTooNew, DatabaseRefused: each with a remedy.
        DatabaseUnavailable: a PostgreSQL that does not answer.
    """
    database = open_database(url, data_dir=data_dir, allow_network_fs=allow_network_fs, sole_instance=sole_instance)
    try:
        bring_up_to_date(database)
        return SqlStore(database, secret_box, clock)
    except BaseException:
        database.close()  # or its lock would stand in the way of the next attempt in this process
        raise
