"""The shelf: ten thousand books are searched, sorted and paged at once; sorts and databases are in tests/contract."""

from __future__ import annotations

import time

import pytest

from auralarchive.ports.store import BookFilter
from auralarchive.store.shelf import Falling, Line, Shelf


def a_line(number: int) -> Line:
    title, author = f"Book {number}", f"Author {number % 900}"
    text = f"{title}\n{author}".casefold()
    return Line(number, author, "", "", text, title.casefold(), author.casefold(), ("", 0.0), 1.0, frozenset({"M4B"}))


def test_ten_thousand_books_are_few() -> None:
    """A page in any order, from any place, with words and without: milliseconds."""
    shelf = Shelf([a_line(number) for number in range(10_000)])
    cursor, seen = None, 0
    for _ in range(40):
        ids, total, cursor = shelf.page(BookFilter(), "title", 250, cursor)
        seen += len(ids)
    assert (seen, total, cursor) == (10_000, 10_000, None)
    started = time.thread_time()
    ids, total, _ = shelf.page(BookFilter("author 89"), "title", 50, None)
    assert time.thread_time() - started < 0.2
    assert (len(ids), total) == (50, sum("89" in a_line(number).text for number in range(10_000)))


def test_values_fall() -> None:
    assert sorted([1, 3, 2], key=Falling) == [3, 2, 1]
    assert Falling(1) == Falling(1)
    assert Falling(1) != 1


def test_an_unknown_sort_is_refused() -> None:
    with pytest.raises(ValueError, match="sort"):
        Shelf(()).page(BookFilter(), "size", 10, None)  # type: ignore[arg-type]  # what only a bug would ask for
