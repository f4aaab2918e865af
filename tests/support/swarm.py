"""A real BitTorrent swarm on 127.0.0.1: a maker of torrents, a tracker, a web seed and a seeder.

    with Tracker() as tracker, Seeder() as seeder:
        torrent = make_torrent(folder, trackers=[tracker.url])
        seeder.seed(torrent, folder.parent)

Clients wait up to a minute before they dial the same peer again: after a pause or a recheck let the
seeder dial (`seeder.connect(torrent, port)`), or start a second one, which has a new port.
"""

from __future__ import annotations

import hashlib
import http.server
import random
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import libtorrent as lt

from tests.support.processes import wait_for

__all__ = ["Announce", "FileServer", "Hit", "Seeder", "Torrent", "Tracker", "make_torrent", "random_file", "wait_for"]


def random_file(path: Path, size: int, seed: int = 1) -> Path:
    """A file of `size` bytes which no codec can shrink, the same for the same seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(random.Random(seed).randbytes(size))
    return path


@dataclass(frozen=True, slots=True)
class Torrent:
    """The bytes of a .torrent file and what they say. Hashes are lower-case hex; v2 is empty for v1 only."""

    data: bytes
    name: str
    info_hash: str
    info_hash_v2: str
    magnet: str


def make_torrent(
    path: Path,
    *,
    trackers: Iterable[str] = (),
    web_seeds: Iterable[str] = (),
    private: bool = False,
    v1_only: bool = True,
    piece_size: int = 0,
) -> Torrent:
    """A torrent of the file or folder at `path`; hybrid v1 + v2 unless `v1_only`. `piece_size` in bytes, 0 = choose."""
    trackers, web_seeds = tuple(trackers), tuple(web_seeds)
    # list_files answers in the order of the disk; sorted, the same folder always has the same hash.
    files = sorted(lt.list_files(str(path)), key=lambda entry: entry.filename)
    maker = lt.create_torrent(files, piece_size, lt.create_torrent.v1_only if v1_only else 0)
    for tier, url in enumerate(trackers):
        maker.add_tracker(url, tier)
    for url in web_seeds:
        maker.add_url_seed(url)
    maker.set_priv(private)
    lt.set_piece_hashes(maker, str(path.parent))
    content: Any = maker.generate()
    info = lt.bencode(content[b"info"])
    v1, v2 = hashlib.sha1(info).hexdigest(), "" if v1_only else hashlib.sha256(info).hexdigest()
    magnet = _magnet(path.name, v1, v2, trackers, web_seeds)
    return Torrent(lt.bencode(content), path.name, v1, v2, magnet)


def _magnet(name: str, v1: str, v2: str, trackers: tuple[str, ...], web_seeds: tuple[str, ...]) -> str:
    topics = [f"xt=urn:btih:{v1}", *([f"xt=urn:btmh:1220{v2}"] if v2 else [])]
    query = [("dn", name), *(("tr", url) for url in trackers), *(("ws", url) for url in web_seeds)]
    return "magnet:?" + "&".join([*topics, urllib.parse.urlencode(query)])


class _QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers hang up whenever they like; that is no news."""


class _QuietHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Tests look at what was recorded, not at a log."""

    def answer(self, status: int, body: bytes, headers: dict[str, str], rate: Callable[[], int] = lambda: 0) -> None:
        """Send it, the body at `rate` bytes per second, which may change meanwhile; 0 = as fast as it goes."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        while body and self.command != "HEAD":
            limit = rate()
            piece = limit // 20 + 1 if limit else len(body)
            self.wfile.write(body[:piece])
            body = body[piece:]
            if limit:
                time.sleep(0.05)


class _Served:
    """An HTTP server on a free port of 127.0.0.1, for as long as the `with` block lasts."""

    def __init__(self, handler: type[_QuietHandler]) -> None:
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.port: int = self._server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True, slots=True)
class Announce:
    """One announce as the tracker heard it; `left` in bytes, `at` on the monotonic clock in seconds."""

    info_hash: str
    port: int
    left: int
    event: str
    at: float


class Tracker(_Served):
    """An HTTP tracker (BEP 3, compact answers of BEP 23) that remembers every announce.

    The path is exactly /announce, since libtorrent asks nothing else of a tracker on loopback.
    """

    def __init__(self, interval: int = 2) -> None:
        self.announces: list[Announce] = []
        self._interval = interval
        self._peers: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        self._lock = threading.Lock()
        tracker = self

        class Handler(_QuietHandler):
            def do_GET(self) -> None:
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(url.query, encoding="latin-1")
                if url.path != "/announce" or "info_hash" not in query:
                    self.answer(404, b"", {})
                    return
                first = {name: values[0] for name, values in query.items()}
                self.answer(200, tracker._heard(self.client_address[0], first), {"Content-Type": "text/plain"})

        super().__init__(Handler)
        self.url = f"{self.base}/announce"

    def _heard(self, host: str, query: dict[str, str]) -> bytes:
        info_hash = query["info_hash"].encode("latin-1").hex()
        port, left, event = int(query["port"]), int(query.get("left", 1)), query.get("event", "")
        with self._lock:
            self.announces.append(Announce(info_hash, port, left, event, time.monotonic()))
            peers = self._peers[info_hash]
            peers[host, port] = left
            if event == "stopped":
                del peers[host, port]
            return self._peer_list(peers, but=(host, port))

    def _peer_list(self, peers: dict[tuple[str, int], int], but: tuple[str, int]) -> bytes:
        complete = sum(left == 0 for left in peers.values())
        compact = (
            bytes(map(int, host.split("."))) + port.to_bytes(2, "big") for host, port in peers if (host, port) != but
        )
        answer: Any = {
            b"interval": self._interval,
            b"min interval": self._interval,
            b"complete": complete,
            b"incomplete": len(peers) - complete,
            b"peers": b"".join(compact),
        }
        return lt.bencode(answer)


@dataclass(frozen=True, slots=True)
class Hit:
    """One request to the file server: its path with the query, and its Range header."""

    path: str
    range: str | None


_TYPES = {".torrent": "application/x-bittorrent", ".nzb": "application/x-nzb"}


class FileServer(_Served):
    """The files below a folder, with single ranges: a web seed, or a place of .torrent and .nzb files.

    `limits` are bytes per second for each answer, by the first part of the path.
    """

    def __init__(self, root: Path) -> None:
        self.hits: list[Hit] = []
        self.limits: dict[str, int] = {}
        self._root = root.resolve()
        files = self

        class Handler(_QuietHandler):
            def do_GET(self) -> None:
                files.hits.append(Hit(self.path, self.headers.get("Range")))
                path = files._path_of(self.path)
                if path is None:
                    self.answer(404, b"", {})
                    return
                top = path.relative_to(files._root).parts[0]
                self.answer(*files._part(path, self.headers.get("Range")), lambda: files.limits.get(top, 0))

            def do_HEAD(self) -> None:
                self.do_GET()

        super().__init__(Handler)

    def url(self, path: Path | str) -> str:
        """The address of a file, given below the root or absolute."""
        relative = (self._root / path).relative_to(self._root)
        return f"{self.base}/{urllib.parse.quote(str(relative))}"

    def _path_of(self, target: str) -> Path | None:
        asked = urllib.parse.unquote(urllib.parse.urlsplit(target).path).lstrip("/")
        path = (self._root / asked).resolve()
        return path if path.is_relative_to(self._root) and path.is_file() else None

    def _part(self, path: Path, wanted: str | None) -> tuple[int, bytes, dict[str, str]]:
        headers = {"Content-Type": _TYPES.get(path.suffix, "application/octet-stream"), "Accept-Ranges": "bytes"}
        size = path.stat().st_size
        if wanted is None or not wanted.startswith("bytes="):
            return 200, path.read_bytes(), headers
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        first = int(start) if start else max(size - int(end), 0)
        last = min(int(end), size - 1) if start and end else size - 1
        with path.open("rb") as file:
            file.seek(first)
            return 206, file.read(last - first + 1), {**headers, "Content-Range": f"bytes {first}-{last}/{size}"}


# What lets several peers share one address and keeps everything on this machine; and, since the defaults are meant
# for the internet (a minute until a redial, five between announces, 15 s between unchokes), what makes it quick.
_LOOPBACK: dict[str, Any] = {
    "listen_interfaces": "127.0.0.1:0",
    "outgoing_interfaces": "127.0.0.1",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,
    "no_connect_privileged_ports": False,
    "announce_to_all_trackers": True,
    "announce_to_all_tiers": True,
    "min_announce_interval": 1,
    "min_reconnect_time": 1,
    "peer_connect_timeout": 3,
    "stop_tracker_timeout": 0,
    "unchoke_interval": 1,
    "optimistic_unchoke_interval": 2,
    "unchoke_slots_limit": 100,
    "choking_algorithm": 0,
    "connection_speed": 200,
    "tick_interval": 100,
    "alert_mask": 0,
}


class Seeder:
    """A libtorrent session that has everything and gives it to whoever asks."""

    def __init__(self, **settings: Any) -> None:
        self._session = lt.session({**_LOOPBACK, **settings})  # type: ignore[call-overload] # settings_pack is total
        self._handles: dict[str, lt.torrent_handle] = {}
        self.port = self._session.listen_port()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles.values():
            self._session.remove_torrent(handle)
        self._handles.clear()
        del self._session  # blocks until the session's threads have ended

    def seed(self, torrent: Torrent, parent: Path, *, upload_limit: int = 0) -> None:
        """Offer the torrent whose content lies in `parent`; `upload_limit` in bytes per second, 0 = none."""
        params = lt.load_torrent_buffer(torrent.data)
        params.save_path = str(parent)
        held_back = lt.torrent_flags.auto_managed | lt.torrent_flags.paused
        params.flags = (params.flags | lt.torrent_flags.seed_mode) & ~held_back
        params.upload_limit = upload_limit or -1
        self._handles[torrent.info_hash] = self._session.add_torrent(params)

    def connect(self, torrent: Torrent, port: int) -> None:
        """Dial the downloader at `port`, so that neither tracker nor its pause between dials matters."""
        self._handles[torrent.info_hash].connect_peer(("127.0.0.1", port))

    def limit(self, torrent: Torrent, upload_limit: int) -> None:
        """Change the limit of a torrent, in bytes per second; 0 = none."""
        self._handles[torrent.info_hash].set_upload_limit(upload_limit or -1)

    def uploaded(self, torrent: Torrent) -> int:
        """Bytes of payload given away so far."""
        return int(self._handles[torrent.info_hash].status().total_payload_upload)
