"""The library's records: one row a book, one row each of its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, func, insert, select, update

from auralarchive.domain.book import Book
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookList, LibraryBook, Shelved
from auralarchive.store import schema
from auralarchive.store.database import Database
from auralarchive.store.recipes import check_claim
from auralarchive.store.rows import folded

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

    def page(self, text: str = "", *, limit: int = 50, cursor: int | None = None) -> BookList:
        """One page, newest first, of the books that hold every word of `text`. See `ports.store.Books.page`."""
        words = folded(text).split()
        with self._database.read() as connection:
            total, ids = _found(connection, words, cursor) if words else _newest(connection, limit + 1, cursor)
            items = _read(connection, _books.id.in_(ids[:limit]))
        return BookList(items, total, ids[limit - 1] if len(ids) > limit else None)

    def _one(self, condition: ColumnElement[bool]) -> LibraryBook | None:
        with self._database.read() as connection:
            found = _read(connection, condition)
        return found[0] if found else None


def _newest(connection: Connection, limit: int, cursor: int | None) -> tuple[int, Sequence[int]]:
    """How many books there are, and the ids of the page."""
    total = connection.scalar(select(func.count()).select_from(schema.books)) or 0
    older = () if cursor is None else (_books.id < cursor,)
    return total, connection.scalars(select(_books.id).where(*older).order_by(_books.id.desc()).limit(limit)).all()


def _found(connection: Connection, words: Sequence[str], cursor: int | None) -> tuple[int, Sequence[int]]:
    """How many books hold the words, and the ids from the cursor on.

    Compared here, on just three columns: databases do not agree on what a small letter is.
    """
    query = select(_books.id, _books.title, _books.author, _books.series).order_by(_books.id.desc())
    found = [number for number, *texts in connection.execute(query) if _holds(texts, words)]
    return len(found), [number for number in found if cursor is None or number < cursor]


def _holds(texts: Sequence[str | None], words: Sequence[str]) -> bool:
    text = folded("\n".join(filter(None, texts)))
    return all(word in text for word in words)


def _write_book(connection: Connection, download_id: int, row: Mapping[str, Any]) -> int:
    replaced = update(schema.books).where(_books.download_id == download_id).values(row).returning(_books.id)
    book_id: int | None = connection.scalar(replaced)
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
    )
