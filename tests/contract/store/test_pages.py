"""The contract of lists: every row once, in order, with honest totals."""

from __future__ import annotations

from typing import get_args

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.store import Sort
from auralarchive.store import SqlStore
from tests.contract.store.conftest import Opener
from tests.contract.store.support import a_book, chosen, enqueue, step, to_downloading

S = DownloadStatus
_KEYS = {
    "id": lambda d: d.id,
    "priority": lambda d: (d.priority, d.id),
    "title": lambda d: (d.book.title.casefold(), d.id),
    "status": lambda d: (d.acquisition.value, d.id),
    "progress": lambda d: (d.progress, d.id),
}


def _fill(store: SqlStore) -> list[Download]:
    """Rows with equal keys of every kind, and some live progress."""
    for number in range(24):
        events = to_downloading() if number % 3 else (chosen(),)
        enqueue(store, *events, book=a_book(("éa", "Éb", "a", "B")[number % 4]), priority=number % 2)
    store.downloads.save_progress({download.id: download.id % 4 * 10.0 for download in store.downloads.watched()})
    return list(store.downloads.get_many(range(1, 25)))


def _walk(store: SqlStore, sort: Sort, statuses: tuple[DownloadStatus, ...] = ()) -> list[Download]:
    found: list[Download] = []
    cursor = None
    while True:
        page = store.downloads.page(sort=sort, limit=5, cursor=cursor, statuses=statuses)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            assert page.total == len(found)
            return found


def test_every_sort_shows_every_row_once(store: SqlStore) -> None:
    """Walking all pages gives all rows in order, whatever they are sorted by and however many are equal."""
    rows = _fill(store)
    for sort in get_args(Sort):
        key = _KEYS[sort.removeprefix("-")]
        for statuses in ((), (S.FOUND,), (S.FOUND, S.DOWNLOADING, S.PAUSED)):
            wanted = [row for row in rows if not statuses or row.acquisition in statuses]
            assert _walk(store, sort, statuses) == sorted(wanted, key=key, reverse=sort.startswith("-"))


def test_new_rows_do_not_shift_a_page(store: SqlStore) -> None:
    """What is added while somebody turns pages is neither shown twice nor in anybody's way."""
    rows = [enqueue(store) for _ in range(6)]
    first = store.downloads.page(limit=3)
    enqueue(store)
    second = store.downloads.page(limit=3, cursor=first.cursor)
    assert [*first.items, *second.items] == rows[::-1]


def test_foreign_cursors_are_refused(store: SqlStore) -> None:
    """A cursor that was changed, made up, or made for another sort is an error, never a guess."""
    for _ in range(3):
        enqueue(store)
    cursor = store.downloads.page(limit=1).cursor
    assert cursor is not None
    for wrong in ("", ".", "AAAA\x00", "é", "WzEsMiwzXQ==.AAAA", "X" + cursor, cursor[:-1], f"{cursor}é", cursor[1:]):
        with pytest.raises(ValueError, match="cursor"):
            store.downloads.page(limit=1, cursor=wrong)
    with pytest.raises(ValueError, match="another sort"):
        store.downloads.page(limit=1, sort="title", cursor=cursor)
    with pytest.raises(ValueError, match="limit"):
        store.downloads.page(limit=-1)


def test_a_cursor_survives_a_restart(opener: Opener) -> None:
    """A page that was open before a restart can be turned after it."""
    store = opener()
    first, _ = enqueue(store), enqueue(store)
    cursor = store.downloads.page(limit=1).cursor
    assert opener().downloads.page(limit=1, cursor=cursor).items == (first,)


def test_text_is_found_in_title_author_and_release(store: SqlStore) -> None:
    """Every word counts, letter case of no script does, and wildcards are ordinary characters."""
    book = enqueue(store, book=a_book("Ёлка 100%", author="Łukasz_Q"))
    release = enqueue(store, chosen(title="Some.Release.Name-GRP"))
    enqueue(store)

    def found(text: str) -> tuple[list[Download], int]:
        page = store.downloads.page(text=text)
        return list(page.items), page.total

    assert found("ёлка łukasz") == ([book], 1)
    assert found("100%") == found("z_q") == ([book], 1)
    assert found("release.name") == ([release], 1)
    assert found("1%0") == found("łuk_sz") == found("ёлка grp") == ([], 0)
    assert found("  ")[1] == 3
    assert store.downloads.page(text="release", statuses=[S.QUEUED]).total == 0
    assert store.downloads.page(text="release", statuses=[S.FOUND]).total == 1


def test_counts_follow_every_writer(opener: Opener) -> None:
    """The figures are those of the moment, also after another process has written."""
    here, there = opener(), opener()
    assert here.downloads.counts() == {}
    download = enqueue(there)
    enqueue(there)
    assert here.downloads.counts() == {S.QUEUED: 2}
    step(there, download, chosen())
    assert here.downloads.counts() == {S.QUEUED: 1, S.FOUND: 1}
    step(here, there.downloads.get_many([download.id])[0], e.CancelRequested())
    assert there.downloads.counts() == {S.QUEUED: 1, S.CANCELLED: 1}
    assert here.downloads.page(statuses=[S.CANCELLED, S.FOUND]).total == 1
