"""How fast the store is with 100,000 downloads: pages, counts, claims and commits, on both databases.

    .venv/bin/python bench/bench_store.py [POSTGRESQL-URL]

Without a URL, PostgreSQL is measured on a server of its own that the tests' support starts; that one does not
wait for the disk, so its commits are faster than a real one's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import apply
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.store import NewDownload
from auralarchive.store import SecretBox, SqlStore, eventlog, open_store, schema
from auralarchive.store.database import open_database
from auralarchive.store.rows import to_row
from bench.report import compare
from tests.support.postgres import Postgres

ROWS = 100_000
S = DownloadStatus
_COURSE = (S.IMPORTED,) * 16 + (S.CANCELLED, S.SEARCH_FAILED, S.DOWNLOAD_FAILED, S.IMPORTED)
_LIVELY = {7: S.DOWNLOADING, 11: S.PAUSED, 13: S.QUEUED}


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def fill(url: str) -> SqlStore:
    """A store with 100,000 downloads, most of them long done, as after years."""
    store = open_store(url, secret_box=SecretBox.generate(), clock=WallClock(), sole_instance=False)
    database = open_database(url, sole_instance=False)
    with database.write() as connection:
        for start in range(0, ROWS, 5000):
            _insert(connection, range(start, start + 5000))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    database.close()
    return store


def _insert(connection: Connection, numbers: range) -> None:
    connection.execute(insert(schema.download_queue), [to_row(_download(number)) for number in numbers])
    first = numbers.start + 1
    entries = [
        eventlog.Entry(Download(number, 1, _book(number), S.QUEUED, _NOW), "Enqueued", None, None, _NOW, {})
        for number in range(first, first + len(numbers))
    ]
    eventlog.append(connection, entries)


_NOW = datetime.now(UTC)


def _book(number: int) -> Book:
    return Book(f"AA-{number:016d}", f"The {number * 7919 % ROWS} Nights, Part {number}", f"Author {number % 997}")


def _download(number: int) -> Download:
    status = _LIVELY.get(number % 1000, _COURSE[number % 20])
    return Download(0, 1, _book(number), status, _NOW, release_title=f"A.Release.Of.{number}", priority=number % 3)


def p50(call: Callable[[], object], times: int = 60) -> float:
    """The median of its durations, in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def commits_per_second(store: SqlStore, threads: int, each: int = 100) -> float:
    """Guarded updates with their events, every thread on a row of its own."""

    def work(number: int) -> None:
        book = Book(f"AA-BENCH-{time.monotonic_ns()}-{number}", "Bench", "Mark")
        before = store.downloads.create(NewDownload(book, manual=True))
        for step in range(each):
            event = e.Waiting(f"{step}")
            after = apply(before, event, _NOW)
            store.downloads.commit(before, after, event)
            before = after

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return threads * each / (time.perf_counter() - start)


def _deep_cursor(store: SqlStore) -> str | None:
    cursor = None
    for _ in range(40):
        cursor = store.downloads.page(limit=500, cursor=cursor).cursor
    return cursor


def measure(stores: dict[str, SqlStore]) -> None:
    """Print one table a question."""
    now = datetime.now(UTC)
    questions: dict[str, Callable[[SqlStore], Callable[[], object]]] = {
        "first page of 50, with its total": lambda store: store.downloads.page,
        "page of 50 after 20,000 rows": lambda store: partial(store.downloads.page, cursor=_deep_cursor(store)),
        "page of one common status": lambda store: partial(store.downloads.page, statuses=[S.IMPORTED]),
        "page of three rare statuses": lambda store: partial(
            store.downloads.page, statuses=[S.QUEUED, S.DOWNLOADING, S.PAUSED]
        ),
        "page by title": lambda store: partial(store.downloads.page, sort="title"),
        "page by priority of one status": lambda store: partial(
            store.downloads.page, sort="-priority", statuses=[S.IMPORTED]
        ),
        "page by status": lambda store: partial(store.downloads.page, sort="status"),
        "page by progress": lambda store: partial(store.downloads.page, sort="-progress"),
        "page of a text search": lambda store: partial(store.downloads.page, text="nights 4242"),
        "counts": lambda store: store.downloads.counts,
        "claimable": lambda store: partial(store.downloads.claimable, now),
        "watched": lambda store: store.downloads.watched,
    }
    for title, question in questions.items():
        cases = {name: partial(p50, question(store)) for name, store in stores.items()}
        compare(f"Store: {title}", cases, reference="SQLite", unit="ms", repetitions=3)
    for threads in (1, 4):
        rates = {name: partial(commits_per_second, store, threads) for name, store in stores.items()}
        compare(f"Store: commits by {threads} threads", rates, reference="SQLite", unit="/s", repetitions=3)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = {"SQLite": fill(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")}
        if len(sys.argv) > 1:
            measure(stores | {"PostgreSQL": fill(sys.argv[1])})
        else:
            with Postgres() as server, server.database() as url:
                measure(stores | {"PostgreSQL": fill(url)})
                stores["SQLite"].close()


if __name__ == "__main__":
    main()
