"""What a poll of 1,000 items and its evaluation cost us, for every client, and how many requests.

    .venv/bin/python bench/bench_poll_clients.py [ITEMS]

The real server is asked through a proxy in a process of its own, which takes the one or two items of the first answer
a thousandfold and repeats that: the shape is the real one, and neither the server's work nor the proxy's is measured.
What is measured is our CPU time from the question to the decisions of all downloads, beside that for reading the
same bytes with json.loads (Deluge: with the decoder of its own format). The direct client has no server to ask: half
of its items are complete, the others wait. (The embedded client is a part of `bench_poll`.)
"""

from __future__ import annotations

import http.client
import http.server
import json
import multiprocessing
import secrets
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from deluge_client.rencode import dumps, loads

from auralarchive.clients import deluge_items
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.observe import Timers, observe
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.clients import AddOptions, DownloadClient
from bench.report import Bound, against_bounds, compare, rows
from tests.contract.clients.kinds import KINDS
from tests.contract.clients.rig import Kind, RemoteRig
from tests.contract.clients.rigs.deluge import DelugeHand, DelugeRig
from tests.support.fake_deluge import FakeDeluge
from tests.support.processes import wait_for
from tests.support.records import a_download

BOUND = 100.0  # ms of our CPU time
_SPAWN = multiprocessing.get_context("spawn")  # a fork would take the rig's threads along


def _hash() -> str:
    return secrets.token_hex(20)


def _times(items: list[Any], count: int, change: Callable[[Any, int], Any]) -> list[Any]:
    """The items over and over, each time as others."""
    return [change(items[number % len(items)], number) for number in range(count)] if items else []


def _qbittorrent(told: Any, count: int) -> Any:
    torrents = list(told["torrents"].values())
    made = _times(torrents, count, lambda fields, _: {**fields, "infohash_v1": _hash()})
    return {**told, "full_update": True, "torrents": {fields["infohash_v1"]: fields for fields in made}}


def _transmission(told: Any, count: int) -> Any:
    torrents = told["arguments"]["torrents"]
    return {**told, "arguments": {"torrents": _times(torrents, count, lambda t, _: {**t, "hashString": _hash()})}}


def _sabnzbd(told: Any, count: int) -> Any:
    part = "queue" if "queue" in told else "history"
    slots = _times(told[part]["slots"], count // 2, lambda slot, _: {**slot, "nzo_id": f"SABnzbd_nzo_{_hash()[:8]}"})
    return {part: {**told[part], "slots": slots}}


def _nzbget(told: Any, count: int) -> Any:
    return {
        **told,
        "result": _times(told["result"], count // 2, lambda job, n: {**job, "NZBID": n + secrets.randbelow(10**9)}),
    }


@dataclass(frozen=True, slots=True)
class Shape:
    """Which questions are a poll (words of their path or body), and how their answer becomes a long one."""

    words: tuple[str, ...]
    multiplied: Callable[[Any, int], Any]


SHAPES: Mapping[str, Shape] = {
    "qbittorrent": Shape(("sync/maindata",), _qbittorrent),
    "transmission": Shape(("torrent-get",), _transmission),
    "sabnzbd": Shape(("mode=queue", "mode=history"), _sabnzbd),
    "nzbget": Shape(('"listgroups"', '"history"'), _nzbget),
}


def serve(pipe: Connection, target: int, type_: str, count: int) -> None:
    """In the process of its own: answers until something comes through the pipe, then says what it was asked."""
    shape, answers, asked = SHAPES[type_], dict[str, bytes](), list[str]()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            question = self.path + body.decode("latin-1")
            asked.append(question)
            word = next((each for each in shape.words if each in question), None)
            if word in answers:
                self._send(200, {}, answers[word])
                return
            status, headers, content = self._ask(body)
            if word is not None and status == 200:
                content = answers[word] = json.dumps(shape.multiplied(json.loads(content), count)).encode()
            self._send(status, headers, content)

        def do_POST(self) -> None:
            self.do_GET()

        def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", target)
            # As if it had been asked directly: servers compare these with their own address.
            place = f"127.0.0.1:{target}"
            own = {"Host": place, "Referer": f"http://{place}", "Accept-Encoding": "identity"}
            connection.request(self.command, self.path, body, {**self.headers, **own})
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() in _KEPT}
            return answer.status, kept, answer.read()

        def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    while pipe.recv() == "told":
        pipe.send((list(asked), list(answers.values())))
        asked.clear()


_KEPT = ("set-cookie", "x-transmission-session-id", "content-type", "www-authenticate")


def serve_deluge(pipe: Connection, folder: str, item: Any, count: int) -> None:
    """As `serve`, in Deluge's protocol: it cannot be spoken through, so a real daemon's item was asked for before."""
    torrents = {_hash(): item for _ in range(count)}
    with FakeDeluge(Path(folder)) as daemon:
        daemon.answers["core.get_torrents_status"] = lambda *_: torrents
        pipe.send(daemon.port)
        while pipe.recv() == "told":
            pipe.send(([str(call[0]) for call in daemon.calls], [zlib.compress(dumps((1, 1, torrents)))]))
            daemon.calls.clear()


@contextmanager
def _beside(target: Callable[..., None], *arguments: object) -> Iterator[tuple[int, Callable[[], Any]]]:
    """Run it in a process of its own; its port, and how to hear what it was asked and answered."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(there, *arguments), daemon=True)
    process.start()
    there.close()  # so that its end is noticed here

    def told() -> Any:
        here.send("told")
        return here.recv()

    yield here.recv(), told
    here.send("end")
    process.join(10)


@contextmanager
def _prepared(rig: RemoteRig, folder: Path, count: int) -> Iterator[tuple[DownloadClient, Callable[[], Any]]]:
    """A client that sees a thousand items of this rig's shape."""
    with rig.source(folder / "books") as source:
        finished, waiting = source.book(60_000, 40_000), source.book(60_000, 40_000)
        ids = [
            rig.client.add(book.payload, AddOptions(tag=book.tag, paused=book is waiting)).id
            for book in (finished, waiting)
        ]

        def done() -> bool:
            source.push(finished)
            return any(item.state is ItemState.READY for item in rig.client.poll(frozenset(ids)))

        wait_for(done, every=0.5, timeout=60)
    if isinstance(rig, DelugeRig):
        assert isinstance(rig.hand, DelugeHand)
        item = rig.hand.call("core.get_torrent_status", ids[0], list(deluge_items.FIELDS))
        with _beside(serve_deluge, str(folder), item, count) as (port, told):
            yield rig.connected(port=port), told
        return
    with _beside(serve, rig.port, rig.client.type, count) as (port, told):
        yield rig.connected(port=port), told


def _decided(client: DownloadClient, ids: frozenset[str], downloads: list[Any]) -> float:
    """Milliseconds of our CPU time for a poll and what follows from it."""
    started = time.process_time()
    items = client.poll(ids)
    for download, item in zip(downloads, items, strict=False):
        observe(download, item, None, started, Timers())
    return (time.process_time() - started) * 1_000


def _read(reader: Callable[[bytes], object], answers: Iterable[bytes]) -> float:
    started = time.process_time()
    for answer in answers:
        reader(answer)
    return (time.process_time() - started) * 1_000


def _of_deluge(answer: bytes) -> object:
    return loads(zlib.decompress(answer), decode_utf8=True)


def _measured(name: str, rig: RemoteRig, folder: Path, count: int) -> tuple[int, float]:
    with _prepared(rig, folder, count) as (client, told):
        ids = frozenset(item.id for item in client.poll())
        found = client.poll(ids)
        assert len(found) >= count, f"{len(found)} items instead of {count}"
        downloads = [a_download(DownloadStatus.DOWNLOADING, id_=number) for number in range(len(found))]
        downloads = [replace(row, download_client=rig.client.name) for row in downloads]
        told()
        client.poll(ids)
        asked, answers = told()
        reader: Callable[[bytes], object] = _of_deluge if isinstance(rig, DelugeRig) else json.loads
        results = compare(
            f"Poll of {count} items: {name}",
            {"poll and evaluate": lambda: _decided(client, ids, downloads), "read": lambda: _read(reader, answers)},
            reference="read",
            unit="ms",
            repetitions=9,
        )
        client.close()
        return len(asked), results[0].median


def _measured_direct(kind: Kind, folder: Path, count: int) -> float:
    rig = kind.make(folder / "client")
    with rig.source(folder / "books") as source:
        books = [source.book(1_000) for _ in range(count)]
        ids = frozenset(
            rig.client.add(book.payload, AddOptions(tag=book.tag, paused=number % 2 == 0)).id
            for number, book in enumerate(books)
        )

        def settled() -> bool:
            return sum(item.state is ItemState.READY for item in rig.client.poll(ids)) == count // 2

        wait_for(settled, every=0.5, timeout=300)
        downloads = [a_download(DownloadStatus.DOWNLOADING, id_=number) for number in range(count)]
        result = compare(
            f"Poll of {count} items: {kind.name}",
            {
                "poll and evaluate": lambda: _decided(rig.client, ids, downloads),
                "poll": lambda: _decided(rig.client, ids, []),
            },
            reference="poll",
            unit="ms",
            repetitions=9,
        )
        rig.close()
        return result[0].median


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    figures, requests = [], []
    for kind in KINDS:
        if kind.optional or kind.name == "embedded":
            continue
        if not kind.remote:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                figures.append(Bound(kind.name, _measured_direct(kind, Path(folder), count), BOUND))
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            rig = kind.make(Path(folder) / "client")
            assert isinstance(rig, RemoteRig)
            try:
                asked, median = _measured(kind.name, rig, Path(folder), count)
            finally:
                rig.close()
        figures.append(Bound(kind.name, median, BOUND))
        requests.append({"client": kind.name, "requests for a poll": asked})
    against_bounds(f"Our CPU time for a poll of {count} items", figures, "ms")
    rows("Requests", requests)


if __name__ == "__main__":
    main()
