"""The event log of all downloads, as a person reads it: newest first, filtered, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from auralarchive.ports.store import HistoryFilter, HistoryLine, HistoryPage
from auralarchive.store import schema
from auralarchive.store.database import Database
from auralarchive.store.eventlog import logged
from auralarchive.store.rows import folded

MOST_ROWS = 500
_MOST_WORDS = 8
_log = schema.download_events.c
_queue = schema.download_queue.c
_BOTH = schema.download_events.join(schema.download_queue, _queue.id == _log.download_id)


class SqlHistory:
    """`ports.store.History`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: HistoryFilter, *, limit: int = 50, before: int | None = None) -> HistoryPage:
        """Events below the number `before`, the newest first."""
        conditions = _conditions(wanted)
        older = [*conditions, _log.seq < before] if before is not None else conditions
        columns = (schema.download_events, _queue.book_title, _queue.book_author)
        rows = select(*columns).select_from(_BOTH).where(*older).order_by(_log.seq.desc())
        limit = min(limit, MOST_ROWS)
        with self._database.read() as connection:
            found = connection.execute(rows.limit(limit + 1)).mappings().all()
            total = int(connection.scalar(_count(conditions)) or 0)
        lines = tuple(_line(dict(row)) for row in found[:limit])
        return HistoryPage(lines, total, lines[-1].event.seq if len(found) > limit else None)


def _line(row: dict[str, Any]) -> HistoryLine:
    title, author = str(row.pop("book_title")), str(row.pop("book_author"))
    return HistoryLine(logged(row), title, author)


def _count(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    if not conditions:
        # Numbers have no gaps, so the ends of the log tell how long it is.
        return select(func.coalesce(func.max(_log.seq) - func.min(_log.seq) + 1, 0))
    return select(func.count()).select_from(_BOTH).where(*conditions)


def _conditions(wanted: HistoryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_has(word) for word in folded(wanted.text).split()[:_MOST_WORDS]]
    if wanted.events:
        found.append(_log.event.in_(wanted.events))
    if wanted.failures:
        found.append(and_(_log.new_status.endswith("_FAILED", autoescape=True), _log.new_status != _log.old_status))
    if wanted.since is not None:
        found.append(_log.at >= wanted.since)
    if wanted.until is not None:
        found.append(_log.at < wanted.until)
    return found


def _has(word: str) -> ColumnElement[bool]:
    """In the book's or release's names, or in the reason."""
    return or_(
        _queue.search_text.contains(word, autoescape=True), func.lower(_log.reason).contains(word, autoescape=True)
    )
