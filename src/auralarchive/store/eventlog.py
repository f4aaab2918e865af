"""The append-only log of what happened to downloads, written in the transaction of the change itself.

`seq` has no gaps, and its order is the order in which commits became visible, so a reader who asks
for what is above the last number it saw can never miss a row. SQLite has one writer at a time. On
PostgreSQL an advisory lock, taken after all other writes of the transaction and dropped once the
commit is visible, lets one transaction at a time number its events; whoever holds it waits for
nothing else, so it cannot deadlock. Numbers of a sequence would not do: they are drawn before the
commit, and a slow transaction would publish a low number after a reader has passed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, text

from auralarchive.domain.download import Download
from auralarchive.domain.events import Event
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.store import LoggedEvent
from auralarchive.store import schema
from auralarchive.store.columns import clean, clean_json
from auralarchive.store.rows import status_of

#: What listeners on PostgreSQL hear of.
CHANNEL = "auralarchive_events"
_LOCK = 0x4155_5242
_SECRET_FIELDS = frozenset({"download_url"})  # may hold an indexer's key, and the log is shown to people
_log = schema.download_events.c


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log that has no number yet."""

    after: Download
    event: str
    old_status: DownloadStatus | None
    reason: str | None
    at: datetime
    data: dict[str, Any]


def entry(old_status: DownloadStatus, after: Download, event: Event, at: datetime) -> Entry:
    """What the log keeps of `event`: its own fields, its reason or else the record's."""
    reason = getattr(event, "reason", None) or after.reason
    return Entry(after, type(event).__name__, old_status, reason, at, plain_fields(event))


def append(connection: Connection, entries: Sequence[Entry]) -> tuple[LoggedEvent, ...]:
    """Number the entries and write them. Must be the last thing that a transaction does."""
    notifies = connection.dialect.name == "postgresql"
    if notifies:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    first = last_seq(connection) + 1
    numbered = tuple(_numbered(first + offset, item) for offset, item in enumerate(entries))
    connection.execute(insert(schema.download_events), [_row(event) for event in numbered])
    if notifies:
        connection.execute(text(f"NOTIFY {CHANNEL}"))
    return numbered


def after_seq(connection: Connection, seq: int, limit: int) -> tuple[LoggedEvent, ...]:
    """Events above `seq`, in order."""
    rows = connection.execute(select(schema.download_events).where(_log.seq > seq).order_by(_log.seq).limit(limit))
    return tuple(logged(row) for row in rows.mappings())


def of_download(connection: Connection, download_id: int) -> tuple[LoggedEvent, ...]:
    """The audit trail of one download, oldest first."""
    query = select(schema.download_events).where(_log.download_id == download_id).order_by(_log.seq)
    return tuple(logged(row) for row in connection.execute(query).mappings())


def last_seq(connection: Connection) -> int:
    """The highest number, 0 for an empty log."""
    return connection.scalar(select(func.coalesce(func.max(_log.seq), 0))) or 0


def first_seq(connection: Connection) -> int:
    """The lowest number that is still there, 0 for an empty log."""
    return connection.scalar(select(func.coalesce(func.min(_log.seq), 0))) or 0


def plain_fields(event: Any) -> dict[str, Any]:
    """An event's fields as JSON can hold them, without those that may be secret."""
    return {
        field.name: _plain(getattr(event, field.name)) for field in fields(event) if field.name not in _SECRET_FIELDS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return plain_fields(value)
    if isinstance(value, tuple | list | frozenset):
        return [_plain(item) for item in value]
    return value


def _numbered(seq: int, item: Entry) -> LoggedEvent:
    return LoggedEvent(
        seq=seq,
        download_id=item.after.id,
        version=item.after.version,
        event=item.event,
        old_status=item.old_status,
        new_status=status_of(item.after),
        reason=clean(item.reason) if item.reason else None,
        at=item.at,
        data=clean_json(item.data),
    )


def _row(event: LoggedEvent) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)} | {
        "old_status": event.old_status.value if event.old_status else None,
        "new_status": event.new_status.value,
    }


def logged(row: RowMapping | dict[str, Any]) -> LoggedEvent:
    """A row of the table."""
    return LoggedEvent(
        **{
            **row,
            "old_status": DownloadStatus[row["old_status"]] if row["old_status"] else None,
            "new_status": DownloadStatus[row["new_status"]],
        }
    )
