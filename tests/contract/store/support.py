"""What the store's tests share: a clock that they hold, books, and records at any point of their course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import apply
from auralarchive.domain.status import DownloadType
from auralarchive.ports.store import NewDownload
from auralarchive.store import SqlStore

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
_numbers = count(1)


@dataclass
class HeldClock:
    """Time that passes only when a test says so."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def pass_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def a_book(title: str | None = None, *, asin: str | None = None, author: str = "Ada Author") -> Book:
    """A book of its own, unless told which."""
    number = next(_numbers)
    return Book(asin or f"AA-{number:016d}", title or f"Book {number}", author)


def a_hash(digits: int = 40) -> str:
    """An info-hash that no other torrent has."""
    return f"{next(_numbers):0{digits}x}"


def chosen(*, v1: str | None = None, v2: str | None = None, title: str | None = None) -> e.ReleaseChosen:
    return e.ReleaseChosen(
        "https://indexer.test/get?apikey=CANARY-KEY",
        DownloadType.TORRENT,
        release_title=title,
        indexer="An Indexer",
        info_hash_v1=v1,
        info_hash_v2=v2,
    )


def enqueue(store: SqlStore, *events: e.Event, book: Book | None = None, priority: int = 0) -> Download:
    """A new row, led on by `events`."""
    return store.downloads.create(NewDownload(book or a_book(), manual=True, priority=priority), *events)


def step(store: SqlStore, before: Download, *events: e.Event) -> Download:
    """Apply and commit each event; the record as the database has it then."""
    for event in events:
        after = apply(before, event, NOON)
        store.downloads.commit(before, after, event)
        found = store.downloads.get(before.id)
        assert found is not None
        before = found
    return before


def claim(kind: type[e.Claimed], token: str = "token", *, seconds: float = 60) -> e.Claimed:
    return kind(token, NOON + timedelta(seconds=seconds))


def to_downloading(v1: str | None = None) -> tuple[e.Event, ...]:
    return chosen(v1=v1), claim(e.GrabStarted), e.SentToClient("qbittorrent", v1 or "client-id")


def to_imported(*, seeds: bool, v1: str | None = None) -> tuple[e.Event, ...]:
    return (
        *to_downloading(v1),
        e.DownloadCompleted("/downloads/book", 1000, seeds=seeds),
        claim(e.ConversionStarted),
        e.ConversionDone("/conversions/book.m4b", "remux", 3, 60.0),
        claim(e.ImportStarted),
        e.ImportDone("/library/book.m4b", 2, "link"),
    )
