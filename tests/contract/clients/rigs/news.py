"""Books that are Usenet posts, on a news server of their own: it and its client live and end together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auralarchive.clients.payloads import Payloads
from tests.contract.clients.rig import Book, Source
from tests.contract.clients.sources import contents, next_number, tag_of, write_book
from tests.support.news import NewsServer


class NewsSource(Source):
    """The limit is that of the news server, for all its books."""

    def __init__(self, news: NewsServer, folder: Path) -> None:
        self._news, self._folder = news, folder

    def book(self, *sizes: int, limit: int = 0) -> Book:
        number = next_number()
        # SABnzbd gives a single file, or one far larger than the others, the job's name where its own says nothing.
        files = write_book(self._folder, number, *sizes, called="Chapter No {:02}.mp3")
        # Small articles, so that the middle of a small book can be met.
        nzb = self._news.post(files, name=files.name, article=20_000)
        self._news.limit = limit
        return Book(Payloads().nzb(nzb, files.name), files.name, tag_of(number), contents(files))

    def release(self, book: Book) -> None:
        self._news.limit = 0


@contextmanager
def posting(news: NewsServer, folder: Path) -> Iterator[Source]:
    yield NewsSource(news, folder)
