"""The demo's swarm: a tracker and a seeder, both on 127.0.0.1, with torrents of the demo's book.

Nothing leaves the machine: no DHT, no local discovery, no port mapping, connections by loopback only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, unquote_to_bytes

import libtorrent

from auralarchive.demo.loopback import LoopbackServer, Reply

_PIECE = 16 * 1024
_INTERVAL = 5  # seconds between two announces
_MAX_PEERS = 50
_LOOPBACK: libtorrent.settings_pack = {
    "listen_interfaces": "127.0.0.1:0",
    "outgoing_interfaces": "127.0.0.1",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,  # everybody here has the same address
    "min_reconnect_time": 1,
    "stop_tracker_timeout": 0,  # the tracker leaves first: nobody waits for its answer
    "unchoke_interval": 1,
    "alert_mask": 0,
}


@dataclass(frozen=True, slots=True)
class DemoTorrent:
    """One torrent: its file's bytes, v1 info-hash in hex, total size in bytes, and the seeded folder."""

    name: str
    data: bytes
    info_hash: str
    size: int
    files: int
    parent: Path


def make_torrent(path: Path, tracker_url: str) -> DemoTorrent:
    """A torrent of the file or folder at `path`, which then can be seeded from where it is."""
    builder = libtorrent.create_torrent(libtorrent.list_files(str(path)), _PIECE, libtorrent.create_torrent.v1_only)
    builder.add_tracker(tracker_url)
    builder.set_creator("AuralArchive demo")
    builder.set_priv(True)  # an ordinary client would tell the DHT of it, and so the internet
    libtorrent.set_piece_hashes(builder, str(path.parent))
    data = libtorrent.bencode(builder.generate())
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    info_hash = str(libtorrent.load_torrent_buffer(data).info_hashes.v1)
    return DemoTorrent(path.name, data, info_hash, sum(file.stat().st_size for file in files), len(files), path.parent)


class Tracker:
    """A BitTorrent tracker (BEP 3 and 23). `on_peer(info_hash, port)` hears of everybody who wants data.

    It listens on `port` where that is free.
    """

    def __init__(self, on_peer: Callable[[str, int], None], port: int = 0) -> None:
        self._on_peer = on_peer
        self._lock = threading.Lock()
        self._swarms: dict[bytes, dict[int, bool]] = {}  # port -> whether it has everything
        self._server = LoopbackServer(self._page, port)
        self.port = self._server.port
        # libtorrent asks trackers on loopback only where their path is just this.
        self.url = f"{self._server.url}/announce"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _page(self, url: SplitResult) -> Reply:
        # Hashes are raw bytes: the usual query parsing would take them for text.
        query = dict(part.split("=", 1) for part in url.query.split("&") if "=" in part)
        info_hash = unquote_to_bytes(query.get("info_hash", ""))
        port = query.get("port", "")
        if url.path != "/announce" or len(info_hash) != 20 or not port.isdecimal() or not 0 < int(port) < 65536:
            return Reply(b"no such page", status=404)
        answer = self._announce(info_hash, int(port), query.get("left") == "0", query.get("event", ""))
        return Reply(libtorrent.bencode(answer))

    def _announce(self, info_hash: bytes, port: int, complete: bool, event: str) -> dict[bytes, Any]:
        with self._lock:
            swarm = self._swarms.setdefault(info_hash, {})
            swarm.pop(port, None)
            others = list(swarm)[-_MAX_PEERS:]
            if event != "stopped":
                swarm[port] = complete
            seeds = sum(swarm.values())
            leechers = len(swarm) - seeds
        if event != "stopped" and not complete:
            self._on_peer(info_hash.hex(), port)
        return {
            b"interval": _INTERVAL,
            b"min interval": 1,
            b"complete": seeds,
            b"incomplete": leechers,
            b"peers": b"".join(b"\x7f\x00\x00\x01" + other.to_bytes(2, "big") for other in others),
        }


class Seeder:
    """Holds the demo's torrents, whole, and gives them to whoever asks the tracker.

    `upload_limit` in bytes per second for each torrent: slow enough to watch, fast enough to wait for.
    """

    def __init__(self, upload_limit: int) -> None:
        self._session = libtorrent.session(_LOOPBACK)
        self._upload_limit = upload_limit
        self._handles: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        handles, self._handles = self._handles, {}
        for handle in handles.values():
            self._session.remove_torrent(handle)
        self._session.pause()
        del self._session  # blocks until its threads have ended

    def seed(self, torrents: Iterable[DemoTorrent]) -> None:
        for torrent in torrents:
            parameters = libtorrent.load_torrent_buffer(torrent.data)
            parameters.save_path = str(torrent.parent)
            parameters.upload_limit = self._upload_limit
            parameters.flags |= libtorrent.torrent_flags.seed_mode
            parameters.flags &= ~(libtorrent.torrent_flags.paused | libtorrent.torrent_flags.auto_managed)
            self._handles[torrent.info_hash] = self._session.add_torrent(parameters)

    def greet(self, info_hash: str, port: int) -> None:
        """Dial a newcomer at once, so that nobody waits for the next announce."""
        handle = self._handles.get(info_hash)
        if handle is None or port == self._session.listen_port():
            return
        with suppress(RuntimeError):  # the session is just closing
            handle.connect_peer(("127.0.0.1", port))
