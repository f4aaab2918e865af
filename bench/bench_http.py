"""The web under load: a page of 50 from 100,000 downloads, and how soon a browser hears of a change.

    .venv/bin/python -m bench.bench_http [--rows 100000]

Everything is real: the program in its own process with monitor, runner and client at work, its store on SQLite in a
file, HTTP and a websocket over loopback. Requests take turns with `/api/health`, which does next to nothing: what a
busy machine adds to both is no cost of the list.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import socketio

from bench.report import Bound, against_bounds
from tests.support.server import API_KEY, Api, RunningServer

REQUESTS = 500
CHANGES = 200
_LINK = "magnet:?xt=urn:btih:{:040x}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the queue's page and the latency of live events.")
    parser.add_argument("--rows", type=int, default=100_000)
    rows: int = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder)) as server:
        model, changing = _one(server.api(), 1), _one(server.api(), 2)
        server.api().delete(f"/api/downloads/queue/{model}")
        server.stop()
        _fill(server.data_dir / "auralarchive.db", model, rows)
        server.start()
        _measure(server.api(), rows)
        against_bounds(
            "HTTP: change to event", _bounds({"change to event": _latencies(server, changing)}, 100, 300), "ms"
        )


def _one(api: Api, number: int) -> int:
    return api.download(download_url=_LINK.format(number), title=f"Book {number}", author="Some Author")


def _measure(api: Api, rows: int) -> None:
    cursor = api.get("/api/downloads/queue?limit=500")["next_cursor"]
    pages = {
        "nothing but the way (health)": "/api/health",
        "first page of 50": "/api/downloads/queue?limit=50",
        "further page of 50": f"/api/downloads/queue?limit=50&cursor={cursor}",
        "one download": "/api/downloads/queue/1",
    }
    taken = _in_turns({name: lambda path=path: api.http.get(path) for name, path in pages.items()})  # type: ignore[misc]  # a default binds the path
    against_bounds(f"HTTP: from {rows} downloads", _bounds(taken, 10, 60), "ms")


def _fill(database: Path, model: int, rows: int) -> None:
    """Copies of one row: a hundred thousand commits, each synced, would measure the disk."""
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(download_queue)") if row[1] != "id"]
        other = {"book_asin": "'AA-' || n.value", "book_title": "'Book ' || n.value", "status": "'IMPORTED'"}
        copied = ", ".join(other.get(column, f"q.{column}") for column in columns)
        connection.execute(
            f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {rows - 1}) "
            f"INSERT INTO download_queue ({', '.join(columns)}) SELECT {copied} FROM n, download_queue q "
            f"WHERE q.id = {model}"
        )
    connection.close()


def _in_turns(cases: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds that each case took, case by case in turns: a machine's mood is the same for all."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(REQUESTS):
        for name, call in cases.items():
            started = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - started)
    return taken


def _latencies(server: RunningServer, download: int) -> list[float]:
    """Seconds from sending a request that changes a download to its event in a client's hands."""
    api, taken = server.api(), []
    came = threading.Event()
    client = socketio.Client(reconnection=False, handle_sigint=False)
    client.on("queue:updated", lambda _: came.set())
    client.connect(server.url, headers={"X-Api-Key": API_KEY}, transports=["websocket"])
    try:
        time.sleep(1)
        for number in range(CHANGES):
            came.clear()
            started = time.perf_counter()
            api.patch(f"/api/downloads/queue/{download}", {"priority": number % 2 + 1})
            assert came.wait(5), "no event came"
            taken.append(time.perf_counter() - started)
    finally:
        client.disconnect()
        client.shutdown()
    return taken


def _bounds(taken: Mapping[str, list[float]], median: float, slowest: float) -> list[Bound]:
    """Median and 99th percentile of each in milliseconds, beside what they may be."""
    found = []
    for name, seconds in taken.items():
        ordered = sorted(seconds)
        found.append(Bound(f"{name}, p50", ordered[len(ordered) // 2] * 1000, median))
        found.append(Bound(f"{name}, p99", ordered[int(len(ordered) * 0.99)] * 1000, slowest))
    return found


if __name__ == "__main__":
    main()
