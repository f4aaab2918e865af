"""Details of positions; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

import pytest

from auralarchive.ports.store import NewerPosition, Position
from auralarchive.store import SqlStore
from tests.contract.store.support import NOON, enqueue


def test_a_book_that_is_gone_takes_its_positions_along(store: SqlStore) -> None:
    """And nobody can begin it again."""
    download = enqueue(store)
    book = store.books.save(download.id, download.book, (), 1.0, (), NOON)
    account = store.accounts.create("ada", "hash", NOON)
    position = Position(5.0, 1.0, "Phone", False, NOON)
    store.playback.save(account.id, book.id, position, None)
    store.books.remove(download.id)
    assert store.playback.unfinished(account.id, 5) == ()
    with pytest.raises(NewerPosition):
        store.playback.save(account.id, book.id, position, None)
