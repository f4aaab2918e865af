"""Details of books; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookFilter, BookList, Shelved
from auralarchive.store import SqlStore
from auralarchive.store.database import Database
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
    assert ([book.id for book in first.items], first.total) == (ids[:0:-1], 4)
    assert all(len(book.files) == 1 for book in first.items)
    add("Persuasion", "Austen")
    last = store.books.page(limit=3, cursor=first.cursor)
    assert ([book.id for book in last.items], last.cursor) == ([ids[0]], None)

    wanted = BookFilter("zola ÉMILE")
    found = store.books.page(wanted, limit=1)
    assert ([book.id for book in found.items], found.total) == ([ids[3]], 2)
    rest = store.books.page(wanted, limit=1, cursor=found.cursor)
    assert ([book.id for book in rest.items], rest.total, rest.cursor) == ([ids[0]], 2, None)
    assert store.books.page(BookFilter("100% absent")).total == 0


def test_lists_ask_an_index_whether_anything_changed(database: Database) -> None:
    """Rows with their chapters and descriptions are megabytes: a list that nothing has changed reads none of them."""
    query = "EXPLAIN QUERY PLAN SELECT count(*), max(id), sum(version) FROM books"
    with database.read() as connection:
        plan = str(connection.exec_driver_sql(query).all())
    assert "COVERING INDEX ix_books_version" in plan


def test_where_the_books_of_downloads_stand(store: SqlStore) -> None:
    """Asked for a whole page of the queue at once; whoever has no book is left out."""
    bare, dressed, none = (enqueue(store, book=Book(f"AA{number}", f"Book {number}", "Ann")) for number in (1, 2, 3))
    audio, cover = LibraryFile("b.m4b", "audio", 1, "00", "copy"), LibraryFile("c.jpg", "cover", 1, "00", "copy")
    first = store.books.save(bare.id, bare.book, (audio,), 1.0, (), NOON)
    second = store.books.save(dressed.id, dressed.book, (audio, cover), 1.0, (), NOON)
    found = store.books.shelved([bare.id, dressed.id, none.id])
    assert found == {bare.id: Shelved(first.id, False), dressed.id: Shelved(second.id, True)}
    assert store.books.shelved([]) == {}
