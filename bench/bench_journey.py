"""The whole program's figures: how soon it answers, how soon a finished book is in the library, what it costs.

    .venv/bin/python bench/bench_journey.py

Each figure stands beside the bound that the project holds itself to.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench.report import Bound, against_bounds
from tests.support.audio import make_book, make_m4b
from tests.support.process_cost import ProcessCost
from tests.support.server import Api, RunningServer
from tests.support.swarm import Seeder, Torrent, Tracker, make_torrent

#: The defaults of a fresh install, unlike the tests' short intervals.
DEFAULTS = {
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__POLLING_INTERVAL_SECONDS": "2",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__LEASE_SECONDS": "60",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__MAX_CONCURRENT_DOWNLOADS": "10",
}
BOOKS = 7
IDLE_SECONDS = 30
DONE = ("IMPORTED", "SEEDING", "SEEDING_COMPLETE")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        started = time.perf_counter()
        with RunningServer(root / "server", DEFAULTS) as server, Tracker() as tracker, Seeder() as seeder:
            first_start = time.perf_counter() - started
            server.stop()
            started = time.perf_counter()
            server.start()
            second_start = time.perf_counter() - started
            idle = _idle(server)
            finished = [_from_report_to_library(server.api(), root, tracker, seeder, n) for n in range(BOOKS)]
            clicks = [_from_click_to_library(server.api(), root, tracker, seeder, n) for n in range(3)]
    against_bounds(
        "The whole program: time",
        [
            Bound("first start until it answers", first_start, 90),
            Bound("second start until it answers", second_start, 3),
            Bound("client reports a finished M4B -> IMPORTED, median", statistics.median(finished), 3),
            Bound("click -> library, MP3 book of 3 x 18 s, median", statistics.median(clicks), 20),
        ],
        "s",
    )
    against_bounds("The whole program: memory when idle", [Bound("resident", idle.resident_mb, 130)], "MB")
    against_bounds("The whole program: CPU when idle", [Bound("share of a core", idle.share * 100, 1)], "%")


def _idle(server: RunningServer) -> ProcessCost:
    time.sleep(5)
    assert server.process is not None
    return ProcessCost.over(server.process.pid, IDLE_SECONDS)


def _share(content: Path, tracker: Tracker, seeder: Seeder) -> Torrent:
    torrent = make_torrent(content, trackers=(tracker.url,))
    seeder.seed(torrent, content.parent)
    return torrent


def _from_report_to_library(api: Api, root: Path, tracker: Tracker, seeder: Seeder, number: int) -> float:
    """Seconds from the first poll that shows a finished single-file M4B to IMPORTED, by the audit trail."""
    source = root / f"finished {number}.m4b"
    make_m4b(source, chapters=3, seconds=60)
    torrent = _share(source, tracker, seeder)
    download = api.download(download_url=torrent.magnet, title=f"Finished {number}", author="Somebody")
    seen = _first_complete(api, download)
    api.wait_for_status(download, *DONE)
    imported = next(row for row in _trail(api, download) if row["event"] == "ImportDone")
    return datetime.fromisoformat(imported["at"]).timestamp() - seen


def _first_complete(api: Api, download: int) -> float:
    """When the client's own figures first showed all bytes."""
    while True:
        row = api.row(download)
        total = row["total_bytes"]
        if row["status"] not in ("FOUND", "DOWNLOADING") or (total and row["downloaded_bytes"] == total):
            return time.time()
        time.sleep(0.02)


def _from_click_to_library(api: Api, root: Path, tracker: Tracker, seeder: Seeder, number: int) -> float:
    folder = root / f"clicked {number}"
    folder.mkdir()
    make_book(folder, chapters=3, seconds=18, codec="mp3")
    torrent = _share(folder, tracker, seeder)
    started = time.perf_counter()
    download = api.download(download_url=torrent.magnet, title=f"Clicked {number}", author="Somebody")
    api.wait_for_status(download, *DONE)
    return time.perf_counter() - started


def _trail(api: Api, download: int) -> list[dict[str, str]]:
    items: list[dict[str, str]] = api.get(f"/api/downloads/queue/{download}/events")["items"]
    return items


if __name__ == "__main__":
    main()
