"""1,000 active torrents: what the whole process costs, with a real qBittorrent and with the embedded client.

.venv/bin/python bench/bench_many.py [TORRENTS]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Bound, against_bounds
from tests.support.fault_proxy import FaultProxy
from tests.support.process_cost import ProcessCost
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import RunningServer
from tests.support.swarm import make_torrent

WATCHED_SECONDS = 40
SETTINGS = {
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__POLLING_INTERVAL_SECONDS": "2",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__LEASE_SECONDS": "60",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__MAX_CONCURRENT_DOWNLOADS": "1000",
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = [_torrent(root / "source", number) for number in range(count)]
        with RunningServer(root / "embedded", SETTINGS) as server:
            _report(f"{count} torrents, embedded client", _measure(server, files))
        with (
            QBittorrent(root / "qbittorrent", GENERATIONS[0].argv()) as client,
            FaultProxy(client.url) as proxy,
            RunningServer(root / "remote", SETTINGS) as server,
        ):
            settings = {"host": "127.0.0.1", "port": int(proxy.url.rpartition(":")[2])}
            login = {"username": client.user, "password": client.password}
            server.api().post(
                "/api/clients",
                {"type": "qbittorrent", "name": "qBittorrent", "priority": 1, "settings": {**settings, **login}},
            )
            cost = _measure(server, files)
            before = len(proxy.requests)
            time.sleep(20)
            _report(f"{count} torrents, qBittorrent", cost)
            rate = (len(proxy.requests) - before) / 10
            against_bounds(f"{count} torrents, qBittorrent: requests", [Bound("requests a poll", rate, 1)], "1")


def _torrent(folder: Path, number: int) -> Path:
    content = folder / f"book {number}.m4b"
    content.parent.mkdir(exist_ok=True)
    content.write_bytes(random.Random(number).randbytes(70_000))
    file = content.with_suffix(".torrent")
    file.write_bytes(make_torrent(content, piece_size=16_384).data)
    return file


def _measure(server: RunningServer, files: list[Path]) -> ProcessCost:
    api = server.api()
    for number, file in enumerate(files):
        api.upload(file, f"Book {number}", "Somebody")
    counts = "/api/downloads/status"
    wait_for(lambda: api.get(counts)["counts"].get("DOWNLOADING", 0) == len(files), timeout=600, every=1)
    time.sleep(10)
    assert server.process is not None
    return ProcessCost.over(server.process.pid, WATCHED_SECONDS)


def _report(title: str, cost: ProcessCost) -> None:
    against_bounds(f"{title}: CPU", [Bound("share of a core", cost.share * 100, 5)], "%")
    against_bounds(f"{title}: memory", [Bound("resident", cost.resident_mb, 250)], "MB")


if __name__ == "__main__":
    main()
