"""The library's records: one row a book, one row each of its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, insert, select, update

from auralarchive.domain.book import Book
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookFacets, BookFilter, BookList, BookSort, LibraryBook, Shelved, StaleRecord
from auralarchive.store import schema
from auralarchive.store.database import Database
from auralarchive.store.recipes import check_claim
from auralarchive.store.shelf import Shelves

_BOOK = (
    "asin",
    "title",
    "author",
    "narrator",
    "series",
    "series_part",
    "year",
    "language",
    "publisher",
    "description",
)
_FILE = ("path", "role", "size", "sha256", "method")

_books = schema.books.c
_files = schema.library_files.c


class SqlBooks:
    """`ports.store.Books`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelves = Shelves()

    def save(
        self,
        download_id: int,
        book: Book,
        files: Sequence[LibraryFile],
        duration_seconds: float,
        chapters: Sequence[Mapping[str, Any]],
        added_at: datetime,
        token: str | None = None,
    ) -> LibraryBook:
        """Insert or replace the book of this download; a replaced one keeps its id. See `ports.store.Books.save`."""
        row = {
            **{name: getattr(book, name) for name in _BOOK},
            "download_id": download_id,
            "duration_seconds": duration_seconds,
            "chapters": list(chapters),
            "added_at": added_at,
        }
        with self._database.write() as connection:
            check_claim(connection, download_id, token)
            book_id = _write_book(connection, download_id, row)
            _write_files(connection, book_id, files)
            return _read(connection, _books.id == book_id)[0]

    def remove(self, download_id: int) -> None:
        """Forget the book of this download, where there is one."""
        with self._database.write() as connection:
            ours = select(_books.id).where(_books.download_id == download_id)
            connection.execute(delete(schema.library_files).where(_files.book_id.in_(ours)))
            connection.execute(delete(schema.books).where(_books.download_id == download_id))

    def of_download(self, download_id: int) -> LibraryBook | None:
        """The book that this download became."""
        return self._one(_books.download_id == download_id)

    def shelved(self, download_ids: Sequence[int]) -> Mapping[int, Shelved]:
        """The books of these downloads, at most 500. See `ports.store.Books.shelved`."""
        if not download_ids:
            return {}
        has_cover = exists().where(_files.book_id == _books.id, _files.role == "cover")
        query = select(_books.download_id, _books.id, has_cover).where(_books.download_id.in_(download_ids))
        with self._database.read() as connection:
            return {download: Shelved(book, bool(cover)) for download, book, cover in connection.execute(query)}

    def get(self, book_id: int) -> LibraryBook | None:
        """The book with this id."""
        return self._one(_books.id == book_id)

    def all(self) -> tuple[LibraryBook, ...]:
        """Every book, the newest first."""
        with self._database.read() as connection:
            return _read(connection)

    def many(self, ids: Sequence[int]) -> tuple[LibraryBook, ...]:
        """Those of these books that are there, in the order asked for."""
        with self._database.read() as connection:
            return _in_order(connection, ids)

    def edit(self, book_id: int, version: int, book: Book, files: Sequence[LibraryFile]) -> LibraryBook:
        """Replace what is known of a book, and its manifest. See `ports.store.Books.edit`."""
        row = {name: getattr(book, name) for name in _BOOK if name != "asin"}
        ours = update(schema.books).where(_books.id == book_id, _books.version == version)
        with self._database.write() as connection:
            if connection.execute(ours.values(**row, version=version + 1)).rowcount != 1:
                raise StaleRecord(f"Book {book_id} is no longer at version {version}.")
            _write_files(connection, book_id, files)
            return _read(connection, _books.id == book_id)[0]

    def page(
        self,
        wanted: BookFilter = BookFilter(),  # noqa: B008 - it cannot be changed
        *,
        sort: BookSort = "-added",
        limit: int = 50,
        cursor: str | None = None,
    ) -> BookList:
        """One page. See `ports.store.Books.page`."""
        with self._database.read() as connection:
            ids, total, following = self._shelves.read(connection).page(wanted, sort, limit, cursor)
            return BookList(_in_order(connection, ids), total, following)

    def facets(self) -> BookFacets:
        """What the whole library can be filtered by."""
        with self._database.read() as connection:
            return self._shelves.read(connection).facets()

    def _one(self, condition: ColumnElement[bool]) -> LibraryBook | None:
        with self._database.read() as connection:
            found = _read(connection, condition)
        return found[0] if found else None


def _in_order(connection: Connection, ids: Sequence[int]) -> tuple[LibraryBook, ...]:
    found = {book.id: book for book in _read(connection, _books.id.in_(ids))} if ids else {}
    return tuple(found[number] for number in ids if number in found)


def _write_book(connection: Connection, download_id: int, row: Mapping[str, Any]) -> int:
    replaced = update(schema.books).where(_books.download_id == download_id).returning(_books.id)
    book_id: int | None = connection.scalar(replaced.values(**row, version=_books.version + 1))
    if book_id is None:
        book_id = int(connection.execute(insert(schema.books).values(row).returning(_books.id)).scalar_one())
    return book_id


def _write_files(connection: Connection, book_id: int, files: Sequence[LibraryFile]) -> None:
    connection.execute(delete(schema.library_files).where(_files.book_id == book_id))
    rows = [
        {"book_id": book_id, "position": position, **{name: getattr(file, name) for name in _FILE}}
        for position, file in enumerate(files)
    ]
    if rows:
        connection.execute(insert(schema.library_files), rows)


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[LibraryBook, ...]:
    rows = connection.execute(select(schema.books).where(*conditions).order_by(_books.id.desc())).mappings().all()
    query = select(schema.library_files).join(schema.books).where(*conditions).order_by(_files.position)
    files: defaultdict[int, list[LibraryFile]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        files[row["book_id"]].append(LibraryFile(**{name: row[name] for name in _FILE}))
    return tuple(_from_row(row, files[row["id"]]) for row in rows)


def _from_row(row: RowMapping, files: Sequence[LibraryFile]) -> LibraryBook:
    return LibraryBook(
        id=row["id"],
        download_id=row["download_id"],
        book=Book(**{name: row[name] for name in _BOOK}),
        files=tuple(files),
        duration_seconds=row["duration_seconds"],
        chapters=tuple(row["chapters"]),
        added_at=row["added_at"],
        version=row["version"],
    )
