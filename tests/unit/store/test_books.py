"""Details of books; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.ports.library import LibraryFile
from auralarchive.store import SqlStore
from tests.contract.store.support import NOON, enqueue


def test_files_keep_their_order(store: SqlStore) -> None:
    """The first file is the audio: the manifest is read as it was written, not sorted by name."""
    download = enqueue(store)
    files = tuple(LibraryFile(path, "audio", 1, "00", "copy") for path in ("b", "a", "c"))
    store.books.save(download.id, download.book, files, 1.0, (), NOON)
    assert [book.files for book in store.books.all()] == [files]
