"""Details of lists; that every sort shows every row once is in tests/contract/store/test_pages.py."""

from __future__ import annotations

from auralarchive.domain.status import DownloadStatus
from auralarchive.store import SqlStore
from auralarchive.store.paging import MOST_ROWS
from tests.contract.store.support import a_book, chosen, enqueue


def test_a_page_has_an_end(store: SqlStore) -> None:
    """Who asks for a million rows gets the most that a page holds; the last page has no cursor."""
    for _ in range(3):
        enqueue(store)
    page = store.downloads.page(limit=10**9)
    assert (len(page.items), page.cursor, page.total) == (3, None, 3)
    assert MOST_ROWS == 500


def test_a_full_last_page_is_the_last(store: SqlStore) -> None:
    """Nobody is sent on to an empty page."""
    enqueue(store)
    enqueue(store)
    assert store.downloads.page(limit=2).cursor is None


def test_a_status_named_twice_counts_once(store: SqlStore) -> None:
    """Repeated filters in an address do not repeat rows."""
    enqueue(store)
    page = store.downloads.page(statuses=[DownloadStatus.QUEUED] * 2)
    assert (len(page.items), page.total) == (1, 1)


def test_a_hostile_filter_is_just_text(store: SqlStore) -> None:
    """Quotes, NUL, surrogates and endless words find what they spell: nothing."""
    enqueue(store, chosen(), book=a_book("Title"))
    for text in ("' OR 1=1 --", "\x00", "\ud800", "x " * 10_000, "%" * 500, "\\"):
        assert store.downloads.page(text=text).total == 0
