"""What is in the library or on its way there, as narrow rows: asked for with every search."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, func, or_, select

from auralarchive.domain.book import Book
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.store import Holding
from auralarchive.store import schema

_queue = schema.download_queue.c
_books = schema.books.c

#: A download that was cancelled or has failed is not on its way.
_ON_ITS_WAY = tuple(s.value for s in DownloadStatus if not s.failed and s is not DownloadStatus.CANCELLED)

#: The book as the library tells it, where it is there: its title may have been corrected.
_BOOK = {
    "title": func.coalesce(_books.title, _queue.book_title),
    "author": func.coalesce(_books.author, _queue.book_author),
    "narrator": func.coalesce(_books.narrator, _queue.book_narrator),
    "series": func.coalesce(_books.series, _queue.book_series),
    "series_part": func.coalesce(_books.series_part, _queue.book_series_part),
    "language": func.coalesce(_books.language, _queue.book_language),
}
_NARROW = (
    select(
        _queue.id,
        _queue.book_asin.label("asin"),
        _books.id.label("book_id"),
        _queue.release_title,
        _queue.indexer,
        _queue.file_size,
        _queue.info_hash_v1,
        _queue.info_hash_v2,
        *(column.label(name) for name, column in _BOOK.items()),
    )
    .select_from(schema.download_queue.outerjoin(schema.books, _books.download_id == _queue.id))
    .where(or_(_books.id.is_not(None), _queue.status.in_(_ON_ITS_WAY)))
    .order_by(_queue.id)
)


def read_holdings(connection: Connection) -> tuple[Holding, ...]:
    """Every book of the library, and every download that is on its way there."""
    return tuple(_holding(row) for row in connection.execute(_NARROW).mappings())


def _holding(row: RowMapping) -> Holding:
    hashes = {value for value in (row["info_hash_v1"], row["info_hash_v2"]) if value}
    return Holding(
        download_id=row["id"],
        book_id=row["book_id"],
        book=Book(asin=row["asin"], **{name: row[name] for name in _BOOK}),
        release=(row["release_title"], row["indexer"], row["file_size"]),
        hashes=frozenset(hashes | {value[:40] for value in hashes}),
    )
