"""The web under load: a page of 50 from 100,000 downloads, and how soon a browser hears of a change.

    .venv/bin/python -m bench.bench_http [--rows 100000]

Everything is real: uvicorn, the store on SQLite in a file, HTTP and a websocket over loopback. Of each
series the median and the 99th percentile are told, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from auralarchive.ports.store import NewDownload
from tests.support.records import a_book
from tests.support.sockets import listening
from tests.support.web import API_KEY, World, make_world, serving

REQUESTS = 500
CHANGES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the queue's page and the latency of live events.")
    parser.add_argument("--rows", type=int, default=100_000)
    rows: int = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder))
        _fill(world, rows)
        with serving(world):
            keyed = world.keyed()
            print(f"{rows} rows")
            _tell("first page of 50", _timed(REQUESTS, lambda: keyed.get("/api/downloads/queue?limit=50")))
            cursor = keyed.get("/api/downloads/queue?limit=500").json()["next_cursor"]
            further = {"limit": "50", "cursor": cursor}
            _tell("further page of 50", _timed(REQUESTS, lambda: keyed.get("/api/downloads/queue", params=further)))
            _tell("one download", _timed(REQUESTS, lambda: keyed.get("/api/downloads/queue/1")))
            _tell("change to event", _latencies(world))


def _fill(world: World, rows: int) -> None:
    # A hundred thousand commits, each synced, would take minutes and measure the disk: one transaction does.
    first = world.store.downloads.create(NewDownload(a_book("Book 0", "Some Author"), manual=False))
    database = world.store._database  # noqa: SLF001 - a bench may write rows faster than anybody should
    with database.write() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(download_queue)") if row[1] != "id"]
        chosen = ", ".join(columns)
        copied = ", ".join(
            {"book_asin": "'AA-' || n.value", "book_title": "'Book ' || n.value", "status": "'IMPORTED'"}.get(
                column, f"q.{column}"
            )
            for column in columns
        )
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {rows - 1}) "
            f"INSERT INTO download_queue ({chosen}) SELECT {copied} FROM n, download_queue q WHERE q.id = {first.id}"
        )


def _timed(count: int, call: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def _latencies(world: World) -> list[float]:
    """From before the commit in another thread to the client's handler."""
    heard: dict[int, float] = {}
    came = threading.Event()
    taken = []

    def hear(data: dict[str, int]) -> None:
        heard[data["download_id"]] = time.perf_counter()
        came.set()

    with listening(world, headers={"X-Api-Key": API_KEY}) as listener:
        listener.client.on("download:state_changed", hear)
        for number in range(CHANGES):
            came.clear()
            started = time.perf_counter()
            made = world.store.downloads.create(NewDownload(a_book(f"Changed {number}"), manual=False))
            came.wait(5)
            taken.append(heard[made.id] - started)
    return taken


def _tell(what: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(f"{what:20} p50 {statistics.median(ordered) * 1000:7.2f} ms   p99 {p99 * 1000:7.2f} ms")


if __name__ == "__main__":
    main()
