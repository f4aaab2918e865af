"""What 1,000 torrents cost our process: memory, and the share of a core for a poll every two seconds.

    .venv/bin/python bench/bench_poll.py [TORRENTS]

Two clients: the embedded one (half of its torrents complete and seeding, half without peers), and a real
qBittorrent, whose requests are counted. Its own cost is not ours and not measured.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EMBEDDED
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.qbittorrent import QBITTORRENT
from auralarchive.domain.client_item import ItemState
from auralarchive.ports.clients import AddOptions, DownloadClient, Payload
from tests.support.fault_proxy import FaultProxy
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.swarm import make_torrent

EVERY = 2.0  # seconds between polls
POLLS = 10
SIZE = 70_000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        payloads = [_payload(Path(folder) / "source", number) for number in range(count)]
        _embedded(Path(folder), payloads)
        _qbittorrent(Path(folder), payloads)


def _payload(folder: Path, number: int) -> Payload:
    book = folder / f"{number}.m4b"
    book.parent.mkdir(exist_ok=True)
    book.write_bytes(random.Random(number).randbytes(SIZE))
    return Payloads().torrent(make_torrent(book, piece_size=16_384).data)


def _embedded(folder: Path, payloads: list[Payload]) -> None:
    downloads = folder / "downloads"
    for payload in payloads[::2]:
        place = downloads / str(payload.info_hash_v1)
        place.mkdir(parents=True)
        (folder / "source" / payload.name).rename(place / payload.name)
    settings = {"download_folder": str(downloads), "listen_interface": "127.0.0.1", "listen_port": 0, "dht": False}
    before = _memory()
    client = EMBEDDED.build("embedded", settings, ClientContext(folder / "state"))
    started = time.monotonic()
    _add_all(client, payloads)
    print(f"embedded: {len(payloads)} torrents added in {time.monotonic() - started:.1f} s")
    while sum(item.state is ItemState.READY for item in client.poll()) < len(payloads[::2]):
        time.sleep(0.5)
    time.sleep(15)  # saved once, and quiet
    print(f"embedded: +{_memory() - before:.1f} MB; {_ready(client)} seeding")
    idle = _share(lambda: None)
    polled = _share(client.poll)
    print(f"embedded: {idle:.2f} % of a core idle, {polled:.2f} % polled every {EVERY:g} s: {polled - idle:+.2f} %")
    started = time.monotonic()
    client.close()
    print(f"embedded: saved and closed in {time.monotonic() - started:.2f} s")
    started = time.monotonic()
    again = EMBEDDED.build("embedded", settings, ClientContext(folder / "state"))
    print(f"embedded: started again with all torrents in {time.monotonic() - started:.2f} s")
    again.close()


def _qbittorrent(folder: Path, payloads: list[Payload]) -> None:
    with QBittorrent(folder / "qbittorrent", GENERATIONS[0].argv()) as server, FaultProxy(server.url) as proxy:
        settings = {"url": proxy.url, "username": server.user, "password": server.password}
        client = QBITTORRENT.build("qBittorrent", settings, ClientContext(folder))
        started, before = time.monotonic(), _memory()
        _add_all(client, payloads)
        print(f"qBittorrent {server.version}: {len(payloads)} torrents added in {time.monotonic() - started:.1f} s")
        client.poll()
        print(f"qBittorrent {server.version}: +{_memory() - before:.1f} MB here; {len(client.poll())} items a poll")
        proxy.requests.clear()
        share = _share(client.poll)  # includes what our own proxy takes
        print(
            f"qBittorrent {server.version}: {share:.2f} % of a core, {len(proxy.requests)} requests for {POLLS} polls"
        )
        client.close()


def _add_all(client: DownloadClient, payloads: list[Payload]) -> None:
    for number, payload in enumerate(payloads):
        client.add(payload, AddOptions(tag=f"auralarchive-{number}"))


def _ready(client: DownloadClient) -> int:
    return sum(item.state is ItemState.READY for item in client.poll())


def _share(work: Callable[[], object]) -> float:
    """Percent of one core that the process takes while `work` is done every two seconds."""
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(POLLS):
        work()
        time.sleep(EVERY)
    return (time.process_time() - cpu) / (time.monotonic() - wall) * 100


def _memory() -> float:
    """Resident memory of this process in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
