"""The library as its lists need it: searched, filtered, sorted and counted, without a look at the database.

Databases do not agree on what a small letter is, nor do they sort a series by its numbers. Ten thousand
books are few: a line of each is kept here, read anew when anything has changed, whoever changed it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, get_args

from sqlalchemy import Connection, func, select

from auralarchive.ports.store import BookFacets, BookFilter, BookSort, Counted
from auralarchive.store import schema
from auralarchive.store.rows import folded

_books = schema.books.c
_files = schema.library_files.c
_STAMP = select(func.count(), func.max(_books.id), func.sum(_books.version))
_LINES = select(
    _books.id, _books.title, _books.author, _books.narrator, _books.series, _books.series_part, _books.duration_seconds
)
#: Beside the audio, what a person would look for: not pictures, cue sheets and notes.
_EBOOKS = frozenset({"pdf", "epub", "mobi", "azw3"})
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
#: Parts without a number stand behind those with one.
_LAST = 10**9
#: So much of a name is compared: a cursor is part of an address, and must stay short.
_COMPARED = 100

#: What a sort compares: (stands at the end either way, the values, the book's id last).
Rank = tuple[bool, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """What lists need of one book; `*_key` are for comparing."""

    id: int
    author: str
    narrator: str
    series: str
    text: str
    title_key: str
    author_key: str
    series_key: tuple[str, float]
    duration: float
    formats: frozenset[str]


class Falling:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Falling) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Falling) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]  # nothing is looked up by it


_RANKS: Mapping[str, Callable[[Line], Rank]] = {
    "added": lambda line: (False, (line.id,)),
    "title": lambda line: (False, (line.title_key, line.id)),
    "author": lambda line: (False, (line.author_key, *line.series_key, line.title_key, line.id)),
    "series": lambda line: (not line.series, (*line.series_key, line.title_key, line.id)),
    "duration": lambda line: (False, (line.duration, line.id)),
}


class Shelf:
    """Every book as it was at one moment."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._sorted: dict[str, list[Line]] = {}

    def page(
        self, wanted: BookFilter, sort: BookSort, limit: int, cursor: str | None
    ) -> tuple[list[int], int, str | None]:
        """The ids of a page, how many books there are on all pages, and the next page's cursor.

        Raises ValueError for a limit, sort or cursor that makes no sense.
        """
        if limit < 1 or sort not in get_args(BookSort):
            raise ValueError("the page's limit or sort is not a known one")
        found = _matching(self._order(sort), wanted)
        start = 0 if cursor is None else _behind(found, sort, cursor)
        shown = found[start : start + limit]
        more = start + limit < len(found)
        return [line.id for line in shown], len(found), _cursor(sort, shown[-1]) if more else None

    def facets(self) -> BookFacets:
        return self._facets

    @cached_property
    def _facets(self) -> BookFacets:
        lines = self._lines
        return BookFacets(
            authors=_counted(line.author for line in lines),
            narrators=_counted(line.narrator for line in lines),
            series=_counted(line.series for line in lines),
            formats=_counted(one for line in lines for one in line.formats),
        )

    def _order(self, sort: str) -> list[Line]:
        if sort not in self._sorted:
            self._sorted[sort] = sorted(self._lines, key=_key(sort))
        return self._sorted[sort]


class Shelves:
    """The shelf as it is now. One instance serves any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: tuple[Any, ...] | None = None
        self._shelf = Shelf(())

    def read(self, connection: Connection) -> Shelf:
        """The shelf as of this transaction, or a later one."""
        stamp = tuple(connection.execute(_STAMP).one())
        with self._lock:
            if stamp != self._stamp:
                self._shelf, self._stamp = Shelf(_lines(connection)), stamp
            return self._shelf


def _lines(connection: Connection) -> list[Line]:
    formats: defaultdict[int, set[str]] = defaultdict(set)
    for book_id, path, role in connection.execute(select(_files.book_id, _files.path, _files.role)):
        suffix = PurePosixPath(path).suffix.removeprefix(".").lower()
        if suffix and (role == "audio" or suffix in _EBOOKS):
            formats[book_id].add(suffix.upper())
    return [_line(row, formats[row.id]) for row in connection.execute(_LINES)]


def _line(row: Any, formats: Iterable[str]) -> Line:
    narrator, series = row.narrator or "", row.series or ""
    number = _NUMBER.search(row.series_part or "")
    return Line(
        id=row.id,
        author=row.author,
        narrator=narrator,
        series=series,
        text=folded(f"{row.title}\n{row.author}\n{narrator}\n{series}"),
        title_key=folded(row.title[:_COMPARED]),
        author_key=folded(row.author[:_COMPARED]),
        series_key=(folded(series[:_COMPARED]), float(number[0]) if number else _LAST),
        duration=row.duration_seconds,
        formats=frozenset(formats),
    )


def _matching(lines: list[Line], wanted: BookFilter) -> list[Line]:
    words = folded(wanted.text).split()
    exact = [(name, value) for name in ("author", "narrator", "series") if (value := getattr(wanted, name)) is not None]
    if words:
        lines = [line for line in lines if all(word in line.text for word in words)]
    for name, value in exact:
        lines = [line for line in lines if getattr(line, name) == value]
    if wanted.format is not None:
        lines = [line for line in lines if wanted.format in line.formats]
    return lines


def _key(sort: str) -> Callable[[Line], tuple[bool, Any]]:
    rank = _RANKS[sort.removeprefix("-")]
    if not sort.startswith("-"):
        return rank

    def falling(line: Line) -> tuple[bool, Any]:
        last, values = rank(line)
        return last, Falling(values)

    return falling


def _cursor(sort: str, line: Line) -> str:
    last, values = _RANKS[sort.removeprefix("-")](line)
    return base64.urlsafe_b64encode(json.dumps([sort, last, values], ensure_ascii=False).encode()).decode().rstrip("=")


def _behind(lines: list[Line], sort: str, cursor: str) -> int:
    """Where the page begins: behind the book of the cursor, or behind where it was."""
    try:
        made_for, last, values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != sort:
            raise ValueError("it is of a list in another order")
        place = (bool(last), Falling(tuple(values)) if sort.startswith("-") else tuple(values))
        return bisect_right(lines, place, key=_key(sort))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise ValueError("that cursor is not one of ours") from error


def _counted(values: Iterable[str]) -> Counted:
    return tuple(sorted(Counter(filter(None, values)).items(), key=lambda item: (folded(item[0]), item[0])))
