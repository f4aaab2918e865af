"""The table `download_queue` and its event log: the one place that writes a download's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, TextClause, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.domain.download import Download
from auralarchive.domain.events import Event, ReleaseChosen
from auralarchive.domain.lifecycle import apply
from auralarchive.domain.status import DownloadStatus, Owner, Removal
from auralarchive.failpoints import failpoint
from auralarchive.ports.clients import Payload
from auralarchive.ports.store import Conflict, Holding, LoggedEvent, NewDownload, Page, Sort, StaleRecord
from auralarchive.ports.work import Clock
from auralarchive.store import eventlog, schema
from auralarchive.store.database import Database
from auralarchive.store.feed import Feed
from auralarchive.store.holdings import read_holdings
from auralarchive.store.paging import WITH_PROGRESS, Counts, read_page
from auralarchive.store.payloads import drop_payload, write_payload
from auralarchive.store.rows import changed, from_row, status_of, to_row
from auralarchive.store.secrets import SecretBox

Result = TypeVar("Result")

_MOST_CLAIMABLE = 100
_AT_ONCE = 500  # ids in one statement: databases limit its parameters
_TRIES = 3
_MOVING = (DownloadStatus.DOWNLOADING.value, DownloadStatus.PAUSED.value)

_queue = schema.download_queue.c

#: The kinds of work, for `claimable`: one condition each.
_WORK = (
    _queue.removal == Removal.WANTED.value,
    *(_queue.status == status.value for status in DownloadStatus if status.owner is Owner.WORKER),
)


class SqlDownloads:
    """`ports.store.Downloads` on either database."""

    def __init__(self, database: Database, feed: Feed, box: SecretBox, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._box = box
        self._clock = clock
        self._counts = Counts()

    # -- writing -------------------------------------------------------------------------------

    def create(self, new: NewDownload, *events: Event, payload: Payload | None = None) -> Download:
        """Insert the row in the state that `events` lead to, with its log and its payload."""
        at = self._clock.now()
        history = _history(new, events, at)
        return self._guarded(
            history[-1].after, lambda connection: _insert(self._database, connection, history, payload)
        )

    def commit(self, before: Download, after: Download, event: Event) -> LoggedEvent:
        """One guarded UPDATE and its event row; see `ports.store.Downloads.commit`."""
        if after.id != before.id or after.version != before.version + 1:
            raise ValueError("a commit is one step of one record")
        entry = eventlog.entry(status_of(before), after, event, self._clock.now())
        return self._guarded(after, lambda connection: _update(connection, before, entry))

    def _guarded(self, record: Download, write: Callable[[Connection], Result]) -> Result:
        """Run the transaction. Where a unique index says no, tell which download is in the way.

        That one may have ended before we look; then the way is free, and we try again.
        """
        tries = _TRIES
        while True:
            try:
                with self._database.write() as connection:
                    result = write(connection)
                    failpoint("store.uncommitted")
            except IntegrityError as error:
                tries -= 1
                conflict = self._conflict(record)
                if conflict is not None:
                    raise conflict from error
                if not tries:
                    raise
            else:
                self._feed.wake()
                return result

    def _conflict(self, record: Download) -> Conflict | None:
        with self._database.read() as connection:
            book = _holder(connection, schema.IS_ACTIVE, record.id, _queue.book_asin == record.book.asin)
            if book is not None:
                return Conflict(book.id, "book")
            torrent = _holder(connection, schema.HOLDS_TORRENT, record.id, _torrent(record.hashes))
            return None if torrent is None else Conflict(torrent.id, "info_hash")

    def claim_renewed(self, download_id: int, token: str, lease_until: datetime) -> bool:
        """Extend the lease, with neither version nor event: nothing about the download has changed."""
        statement = update(schema.download_queue).where(*_held(download_id, token)).values(lease_until=lease_until)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def claim_held(self, download_id: int, token: str) -> bool:
        """Whether the claim with this token is still the row's."""
        with self._database.read() as connection:
            return connection.scalar(select(_queue.id).where(*_held(download_id, token))) is not None

    def save_progress(self, rows: Mapping[int, float]) -> None:
        """Keep live progress, of downloads that are still moving: a late tick must not undo a completion."""
        ids = sorted(rows)
        with self._database.write() as connection:
            for start in range(0, len(ids), _AT_ONCE):
                moving = select(_queue.id).where(
                    _queue.id.in_(ids[start : start + _AT_ONCE]), _queue.status.in_(_MOVING)
                )
                for found in connection.scalars(moving.order_by(_queue.id).with_for_update(read=True)).all():
                    progress = min(100.0, max(0.0, rows[found]))
                    self._database.upsert(
                        connection, schema.download_progress, {"download_id": found, "progress": progress}
                    )

    # -- reading -------------------------------------------------------------------------------

    def get(self, download_id: int) -> Download | None:
        """The record, or None."""
        found = self._all(WITH_PROGRESS.where(_queue.id == download_id))
        return found[0] if found else None

    def get_many(self, ids: Sequence[int]) -> tuple[Download, ...]:
        """The records of these ids, in their order, without those that do not exist."""
        found: dict[int, Download] = {}
        for start in range(0, len(ids), _AT_ONCE):
            query = WITH_PROGRESS.where(_queue.id.in_(ids[start : start + _AT_ONCE]))
            found |= {download.id: download for download in self._all(query)}
        return tuple(found[wanted] for wanted in dict.fromkeys(ids) if wanted in found)

    def in_status(self, statuses: Sequence[DownloadStatus]) -> tuple[Download, ...]:
        """All rows in these public statuses, by priority (high first), then id."""
        return self._all(_by_priority(_queue.status.in_([status.value for status in statuses])))

    def claimable(self, now: datetime) -> tuple[Download, ...]:
        """The most urgent rows that a worker may take, at most 100 in a status.

        Each status for itself: hundreds that wait for a free place must not hide one to be converted. What is to
        start at an hour to come is left out once its release is ours.
        """
        free = or_(_queue.lease_until.is_(None), _queue.lease_until < now)
        due = or_(
            _queue.start_at.is_(None),
            _queue.start_at <= now,
            _queue.fetched.is_(False),
            _queue.status != DownloadStatus.FOUND.value,
        )
        found: dict[int, Download] = {}
        with self._database.read() as connection:
            for waiting in _WORK:
                query = _by_priority(schema.IS_WORK, waiting, free, due).limit(_MOST_CLAIMABLE)
                found |= {record.id: record for record in map(from_row, connection.execute(query).mappings())}
        return tuple(sorted(found.values(), key=lambda record: (-record.priority, record.id)))

    def retries_due(self, now: datetime) -> tuple[Download, ...]:
        """Failed rows whose timer has run out."""
        return self._all(
            WITH_PROGRESS.where(schema.HAS_RETRY, _queue.retry_at <= now).order_by(_queue.retry_at, _queue.id)
        )

    def claimed(self) -> tuple[Download, ...]:
        """Rows under a claim, living or expired."""
        return self._all(WITH_PROGRESS.where(schema.IS_CLAIMED).order_by(_queue.id))

    def abandoned(self) -> tuple[Download, ...]:
        """Rows under a claim of a process that is certainly dead; see `ports.store.Downloads.abandoned`."""
        return self.claimed() if self._database.alone else ()

    def watched(self) -> tuple[Download, ...]:
        """Rows whose client item matters."""
        return self._all(WITH_PROGRESS.where(schema.IS_WATCHED).order_by(_queue.id))

    def active_with(self, *, asin: str | None = None, hashes: frozenset[str] = frozenset()) -> Download | None:
        """The active download of this book, or else of a torrent under any of these hashes."""
        with self._database.read() as connection:
            found = _holder(connection, schema.IS_ACTIVE, 0, _queue.book_asin == asin) if asin is not None else None
            return found or _holder(connection, schema.HOLDS_TORRENT, 0, _torrent(hashes))

    def active_link(self, url: str, *, but_not: int = 0) -> Download | None:
        """The active download whose release has this link."""
        with self._database.read() as connection:
            return _holder(connection, schema.HOLDS_TORRENT, but_not, _queue.download_url == url) if url else None

    def page(
        self,
        *,
        statuses: Sequence[DownloadStatus] = (),
        text: str | None = None,
        sort: Sort = "-id",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """One page of the list; at most 500 rows. Raises ValueError for a cursor that we did not make."""
        with self._database.read() as connection:
            return read_page(
                connection,
                self._counts,
                self._box,
                statuses=statuses,
                text=text,
                sort=sort,
                limit=limit,
                cursor=cursor,
            )

    def counts(self) -> Mapping[DownloadStatus, int]:
        """How many downloads are in each status; those without any are left out."""
        with self._database.read() as connection:
            return self._counts.read(connection)

    def holdings(self) -> tuple[Holding, ...]:
        """Every book of the library, and every download on its way there."""
        with self._database.read() as connection:
            return read_holdings(connection)

    # -- the log -------------------------------------------------------------------------------

    def events(self, download_id: int) -> tuple[LoggedEvent, ...]:
        """The audit trail, oldest first."""
        with self._database.read() as connection:
            return eventlog.of_download(connection, download_id)

    def events_after(self, seq: int, limit: int = 1000) -> tuple[LoggedEvent, ...]:
        """Committed events above `seq`, in order, none ever skipped."""
        with self._database.read() as connection:
            return eventlog.after_seq(connection, seq, limit)

    def last_seq(self) -> int:
        """The highest number in the log, 0 while it is empty."""
        with self._database.read() as connection:
            return eventlog.last_seq(connection)

    def first_seq(self) -> int:
        """The lowest number in the log, 0 while it is empty."""
        with self._database.read() as connection:
            return eventlog.first_seq(connection)

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Only one caller, of all processes, is inside for this name."""
        return self._database.exclusive(name)

    def _all(self, query: Select[Any]) -> tuple[Download, ...]:
        with self._database.read() as connection:
            return tuple(from_row(row) for row in connection.execute(query).mappings())


def _history(new: NewDownload, events: Sequence[Event], at: datetime) -> list[eventlog.Entry]:
    """The log of a new download, from its `Enqueued` on; the id is not known yet."""
    download = Download(
        id=0,
        version=1,
        book=new.book,
        acquisition=DownloadStatus.QUEUED,
        created_at=at,
        manual=new.manual,
        priority=new.priority,
        download_limit=new.download_limit,
        upload_limit=new.upload_limit,
        limited=bool(new.download_limit or new.upload_limit),
        sequential=new.sequential,
        chosen_client=new.client,
        tags=new.tags,
        start_at=new.start_at,
    )
    asked = eventlog.plain_fields(new)
    entries = [eventlog.Entry(download, "Enqueued", None, None, at, asked)]
    for event in events:
        before, download = download, apply(download, event, at)
        entries.append(eventlog.entry(status_of(before), download, event, at))
    return entries


def _insert(
    database: Database, connection: Connection, history: Sequence[eventlog.Entry], payload: Payload | None
) -> Download:
    statement = insert(schema.download_queue).values(to_row(history[-1].after)).returning(_queue.id)
    new_id = connection.execute(statement).scalar_one()
    if payload is not None:
        write_payload(database, connection, new_id, payload)
    numbered = [replace(entry, after=replace(entry.after, id=new_id)) for entry in history]
    eventlog.append(connection, numbered)
    # As the database has it: text that cannot be stored has been cleaned.
    return from_row(connection.execute(WITH_PROGRESS.where(_queue.id == new_id)).mappings().one())


def _update(connection: Connection, before: Download, entry: eventlog.Entry) -> LoggedEvent:
    after = entry.after
    statement = (
        update(schema.download_queue)
        .where(
            _queue.id == before.id,
            _queue.version == before.version,
            _queue.status == status_of(before).value,
        )
        .values(changed(before, after) | {"download_progress": after.progress})
    )
    if connection.execute(statement).rowcount != 1:
        raise StaleRecord(f"download {before.id} is no longer at version {before.version}")
    if entry.event == ReleaseChosen.__name__:
        drop_payload(connection, before.id)  # it is of the release before
    if after.progress != before.progress:  # the event itself says how far it is: a tick before it is history
        connection.execute(delete(schema.download_progress).where(schema.download_progress.c.download_id == before.id))
    return eventlog.append(connection, [entry])[0]


def _by_priority(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    return WITH_PROGRESS.where(*conditions).order_by(_queue.priority.desc(), _queue.id)


def _held(download_id: int, token: str) -> tuple[ColumnElement[bool], ...]:
    return _queue.id == download_id, _queue.claim_token == token


def _holder(connection: Connection, condition: TextClause, but_not: int, match: ColumnElement[bool]) -> Download | None:
    query = WITH_PROGRESS.where(condition, _queue.id != but_not, match).order_by(_queue.id).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else from_row(row)


def _torrent(hashes: frozenset[str]) -> ColumnElement[bool]:
    """A torrent under any of these; clients call a v2 torrent by its hash's first 40 digits."""
    wanted = sorted(hashes)
    return or_(
        _queue.info_hash_v1.in_(wanted),
        _queue.info_hash_v2.in_(wanted),
        func.substr(_queue.info_hash_v2, 1, 40).in_(wanted),
    )
