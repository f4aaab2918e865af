"""Details of books; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookList, Shelved
from auralarchive.store import SqlStore
from tests.contract.store.support import NOON, enqueue


def test_files_keep_their_order(store: SqlStore) -> None:
    """The first file is the audio: the manifest is read as it was written, not sorted by name."""
    download = enqueue(store)
    files = tuple(LibraryFile(path, "audio", 1, "00", "copy") for path in ("b", "a", "c"))
    store.books.save(download.id, download.book, files, 1.0, (), NOON)
    assert [book.files for book in store.books.all()] == [files]


def test_pages_follow_one_another_and_know_their_words(store: SqlStore) -> None:
    """Each book once, newest first, whatever was added meanwhile; words count in every script's letter case."""
    assert store.books.page() == BookList((), 0, None)
    names = [("Émile", "Zola"), ("Emma", "Austen"), ("Nana", "Zola"), ("Germinal", "ÉMILE Zola")]

    def add(title: str, author: str) -> int:
        download = enqueue(store, book=Book(pseudo_asin(title, author), title, author))
        file = LibraryFile(f"{title}.m4b", "audio", 1, "00", "copy")
        return store.books.save(download.id, download.book, (file,), 1.0, (), NOON).id

    ids = [add(*name) for name in names]
    first = store.books.page(limit=3)
    assert ([book.id for book in first.items], first.total, first.cursor) == (ids[:0:-1], 4, ids[1])
    assert all(len(book.files) == 1 for book in first.items)
    add("Persuasion", "Austen")
    last = store.books.page(limit=3, cursor=first.cursor)
    assert ([book.id for book in last.items], last.cursor) == ([ids[0]], None)

    found = store.books.page("zola ÉMILE", limit=1)
    assert ([book.id for book in found.items], found.total, found.cursor) == ([ids[3]], 2, ids[3])
    rest = store.books.page("zola ÉMILE", limit=1, cursor=found.cursor)
    assert ([book.id for book in rest.items], rest.total, rest.cursor) == ([ids[0]], 2, None)
    assert store.books.page("100% absent").total == 0


def test_where_the_books_of_downloads_stand(store: SqlStore) -> None:
    """Asked for a whole page of the queue at once; whoever has no book is left out."""
    bare, dressed, none = (enqueue(store, book=Book(f"AA{number}", f"Book {number}", "Ann")) for number in (1, 2, 3))
    audio, cover = LibraryFile("b.m4b", "audio", 1, "00", "copy"), LibraryFile("c.jpg", "cover", 1, "00", "copy")
    first = store.books.save(bare.id, bare.book, (audio,), 1.0, (), NOON)
    second = store.books.save(dressed.id, dressed.book, (audio, cover), 1.0, (), NOON)
    found = store.books.shelved([bare.id, dressed.id, none.id])
    assert found == {bare.id: Shelved(first.id, False), dressed.id: Shelved(second.id, True)}
    assert store.books.shelved([]) == {}
