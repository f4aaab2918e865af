"""Records for tests: a download in any status, with the fields that the status implies."""

from __future__ import annotations

from datetime import UTC, datetime

from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_book(title: str = "The Hound of the Baskervilles", author: str = "Arthur Conan Doyle") -> Book:
    return Book(pseudo_asin(title, author), title, author)


def a_download(status: DownloadStatus = DownloadStatus.QUEUED, *, id_: int = 1) -> Download:
    """A download whose book is in this status; for SEEDING set `seeding` yourself."""
    return Download(id=id_, version=1, book=a_book(), acquisition=status, created_at=NOON)
