"""Lists of downloads: keyset pagination with cursors that only we can make, and counts that cost nothing.

A page is found by comparing with the last row of the page before, never by skipping rows, so page
2,000 is as fast as page 1 and nothing is shown twice because something was added meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.store import Page, Sort
from auralarchive.store import schema
from auralarchive.store.rows import folded, from_row
from auralarchive.store.secrets import SecretBox

MOST_ROWS = 500
_MOST_WORDS = 8
_LONGEST_TEXT = 200

_queue = schema.download_queue.c
_log = schema.download_events.c
_live = schema.download_progress.c.progress
_SORTED_BY: Mapping[str, ColumnElement[Any]] = {
    "id": _queue.id,
    "priority": _queue.priority,
    "title": _queue.sort_title,
    "status": _queue.status,
}

#: Every column of the row, and its live progress: what `rows.from_row` reads.
WITH_PROGRESS = select(schema.download_queue, _live.label("live_progress")).outerjoin(schema.download_progress)


class Counts:
    """How many downloads each status has, kept up to date by reading the log.

    Counting 100,000 rows takes longer than reading a page of them. Every change of a status is in the
    log, so the last count and the events since then give the present one, whoever wrote them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._counts: Counter[str] = Counter()

    def read(self, connection: Connection) -> dict[DownloadStatus, int]:
        """The counts as of this transaction, or a later one."""
        with self._lock:
            if self._seq is None:
                self._count(connection)
            else:
                self._catch_up(connection, self._seq)
            return {DownloadStatus[status]: count for status, count in self._counts.items() if count}

    def _count(self, connection: Connection) -> None:
        newest = select(func.coalesce(func.max(_log.seq), 0)).scalar_subquery()
        # One statement, and so one snapshot: a change between two would be counted twice.
        rows = connection.execute(select(_queue.status, func.count(), newest).group_by(_queue.status)).all()
        self._counts = Counter({status: count for status, count, _ in rows})
        self._seq = rows[0][2] if rows else 0

    def _catch_up(self, connection: Connection, seq: int) -> None:
        query = (
            select(_log.old_status, _log.new_status, func.count(), func.max(_log.seq))
            .where(_log.seq > seq)
            .group_by(_log.old_status, _log.new_status)
        )
        for old, new, count, newest in connection.execute(query):
            self._counts[old] -= count if old else 0
            self._counts[new] += count
            self._seq = max(self._seq or 0, newest)


def read_page(
    connection: Connection,
    counts: Counts,
    box: SecretBox,
    *,
    statuses: Sequence[DownloadStatus],
    text: str | None,
    sort: Sort,
    limit: int,
    cursor: str | None,
) -> Page:
    """One page. Raises ValueError for a limit, sort or cursor that makes no sense."""
    if limit < 1 or sort not in get_args(Sort):
        raise ValueError("the page's limit or sort is not a known one")
    limit = min(limit, MOST_ROWS)
    wanted = tuple(dict.fromkeys(statuses))
    after = _read_cursor(cursor, sort, box) if cursor is not None else None
    ids = _ids(connection, wanted, text, sort, limit + 1, after)
    shown = _rows(connection, ids[:limit])
    return Page(
        items=tuple(from_row(row) for row in shown),
        total=_total(connection, counts, wanted, text),
        cursor=_make_cursor(shown[-1], sort, box) if len(ids) > limit else None,
    )


def _ids(
    connection: Connection,
    statuses: Sequence[DownloadStatus],
    text: str | None,
    sort: Sort,
    limit: int,
    after: tuple[Any, int] | None,
) -> list[int]:
    """The ids of the page, in order.

    An index gives the rows of one status in the order of one key. So each part, of one status and one
    key, gives a page of its own, and the page that is wanted is the beginning of them all.
    """
    limits = [[_queue.status == status.value] for status in statuses] or [[]]
    parts = [
        _part(key, [*where, *limit_to, *_matches(text)], sort, limit, after)
        for key, where in _sources(sort)
        for limit_to in limits
    ]
    if len(parts) == 1:
        # The list that is asked for all the time: nothing to merge, and half as much SQL to put together.
        return list(connection.scalars(parts[0].with_only_columns(_queue.id)))
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    query = select(merged.c.id).order_by(*_directed(sort, merged.c.key, merged.c.id)).limit(limit)
    return list(connection.scalars(query))


def _sources(sort: Sort) -> list[tuple[ColumnElement[Any], list[ColumnElement[bool]]]]:
    """What to sort by. Progress is in two places: a row's own counts where there is no live one."""
    if sort.removeprefix("-") != "progress":
        return [(_SORTED_BY[sort.removeprefix("-")], [])]
    is_live = exists().where(schema.download_progress.c.download_id == _queue.id)
    return [(_live, [schema.download_progress.c.download_id == _queue.id]), (_queue.download_progress, [~is_live])]


def _part(
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    sort: Sort,
    limit: int,
    after: tuple[Any, int] | None,
) -> Select[Any]:
    columns = (_queue.id,) if key is _queue.id else (key, _queue.id)
    query = select(key.label("key"), _queue.id).where(*conditions).order_by(*_directed(sort, *columns)).limit(limit)
    if after is None:
        return query
    here = tuple_(*columns)
    there = tuple_(
        *(literal(value, column.type) for value, column in zip(after[-len(columns) :], columns, strict=True))
    )
    return query.where(here < there if sort.startswith("-") else here > there)


def _directed(sort: Sort, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if sort.startswith("-") else column.asc() for column in columns]


def _rows(connection: Connection, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    found = connection.execute(WITH_PROGRESS.where(_queue.id.in_(ids)))
    names = tuple(found.keys())
    # Forty columns a row are looked up: a dictionary of its own answers sooner than the library's row.
    by_id = {row["id"]: row for row in (dict(zip(names, values, strict=True)) for values in found)}
    return [by_id[row_id] for row_id in ids]


def _matches(text: str | None) -> list[ColumnElement[bool]]:
    """Every word must be somewhere in the title, the author or the release's title."""
    words = folded(text or "")[:_LONGEST_TEXT].split()[:_MOST_WORDS]
    return [_queue.search_text.contains(word, autoescape=True) for word in words]


def _total(connection: Connection, counts: Counts, statuses: Sequence[DownloadStatus], text: str | None) -> int:
    conditions = _matches(text)
    if not conditions:
        known = counts.read(connection)
        return sum(known.get(status, 0) for status in statuses or known)
    query = select(func.count()).select_from(schema.download_queue).where(*conditions)
    if statuses:
        query = query.where(_queue.status.in_([status.value for status in statuses]))
    return connection.scalar(query) or 0


def _make_cursor(row: Mapping[str, Any], sort: Sort, box: SecretBox) -> str:
    by = sort.removeprefix("-")
    live = row["live_progress"]
    values = {
        "id": row["id"],
        "priority": row["priority"],
        "title": row["sort_title"],
        "status": row["status"],
        "progress": row["download_progress"] if live is None else live,
    }
    message = json.dumps([sort, values[by], row["id"]]).encode()
    return f"{base64.urlsafe_b64encode(message).decode()}.{box.signature(message)}"


def _read_cursor(cursor: str, sort: Sort, box: SecretBox) -> tuple[Any, int]:
    """Value and id of the last row of the page before. Raises ValueError unless we made it for this sort."""
    encoded, _, signature = cursor.partition(".")
    try:
        message = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("the cursor is not one of ours") from error
    if not signature.isascii() or not box.signed(message, signature):
        raise ValueError("the cursor is not one of ours")
    made_for, value, row_id = json.loads(message)
    if made_for != sort:
        raise ValueError("the cursor belongs to another sort")
    return value, row_id
