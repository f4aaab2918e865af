"""Every client under the one suite: the embedded one, and each generation of qBittorrent.

A client under test is a `Rig`. A new client is one more entry of `_RIGS`.
"""

from __future__ import annotations

import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EMBEDDED, EmbeddedClient
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.qbittorrent import QBITTORRENT
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.ports.clients import Added, AddOptions, DownloadClient, Payload
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, Generation, QBittorrent
from tests.support.swarm import Seeder, Torrent, make_torrent, random_file


class Rig(ABC):
    """One client that runs, and what a test has to do to it from outside."""

    client: DownloadClient

    @property
    @abstractmethod
    def peer_port(self) -> int:
        """Where its peers reach it."""

    @abstractmethod
    def restart(self) -> None:
        """Stop it in good order and start it again."""

    @abstractmethod
    def close(self) -> None:
        """End it."""


class EmbeddedRig(Rig):
    """libtorrent in this process."""

    def __init__(self, folder: Path) -> None:
        self._settings = {"download_folder": str(folder / "downloads"), "loopback": True}
        self._context = ClientContext(folder / "state")
        self.client = self._started()

    @property
    def peer_port(self) -> int:
        assert isinstance(self.client, EmbeddedClient)
        return self.client.listen_port

    def restart(self) -> None:
        self.client.close()
        self.client = self._started()

    def close(self) -> None:
        self.client.close()

    def _started(self) -> DownloadClient:
        return EMBEDDED.build("embedded", self._settings, self._context)


class QBittorrentRig(Rig):
    """A real qBittorrent."""

    def __init__(self, folder: Path, generation: Generation) -> None:
        self.server = QBittorrent(folder, generation.argv())
        self.server.__enter__()
        self.client = self.connected()

    @property
    def peer_port(self) -> int:
        return self.server.bt_port

    def connected(self, **changes: object) -> DownloadClient:
        """A new adapter of this server."""
        settings = {"url": self.server.url, "username": self.server.user, "password": self.server.password, **changes}
        return QBITTORRENT.build("qBittorrent", settings, ClientContext(Path("/nonexistent")))

    def restart(self) -> None:
        self.server.restart()

    def close(self) -> None:
        self.client.close()
        self.server.stop()


def _qbittorrent(generation: Generation) -> Callable[[Path], Rig]:
    return lambda folder: QBittorrentRig(folder, generation)


_RIGS: dict[str, Callable[[Path], Rig]] = {
    "embedded": EmbeddedRig,
    **{f"qbittorrent-{generation.name}": _qbittorrent(generation) for generation in GENERATIONS},
}
_OPTIONAL = {f"qbittorrent-{generation.name}" for generation in GENERATIONS if generation.optional}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.clients] if name in _OPTIONAL else []) for name in _RIGS],
)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One client for all tests of a module; each test brings torrents of its own."""
    running = _RIGS[request.param](tmp_path_factory.mktemp("client"))
    yield running
    running.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS
    ],
)
def qbittorrent_rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QBittorrentRig]:
    """As `rig`, for what only a client outside of this process can do."""
    running = QBittorrentRig(tmp_path_factory.mktemp("qbittorrent"), request.param)
    yield running
    running.close()


@dataclass
class Swarm:
    """Makes books and gives them to whoever asks."""

    folder: Path
    seeder: Seeder = field(default_factory=Seeder)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(int(time.time() * 1000)))

    def book(self, *sizes: int, limit: int = 0, v1_only: bool = True, web_seeds: tuple[str, ...] = ()) -> Torrent:
        """A book of one file for each size, never the same twice, seeded at `limit` bytes per second."""
        number = next(self._numbers)
        source = self.folder / f"Book {number}"
        for index, size in enumerate(sizes):
            random_file(source / f"{index + 1:02}.mp3", size, seed=number + index * 10**15)
        torrent = make_torrent(source, v1_only=v1_only, piece_size=16_384, web_seeds=web_seeds)
        self.seeder.seed(torrent, self.folder, upload_limit=limit)
        return torrent

    def content(self, torrent: Torrent) -> dict[str, bytes]:
        """What the files of a book must hold, by name."""
        return contents(self.folder / torrent.name)


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    made = Swarm(tmp_path / "source")
    with made.seeder:
        yield made


def payload_of(torrent: Torrent) -> Payload:
    return Payloads().torrent(torrent.data)


def options(**changes: object) -> AddOptions:
    return AddOptions(**{"tag": "auralarchive-test", **changes})  # type: ignore[arg-type] # names of its fields


def add(rig: Rig, torrent: Torrent, **changes: object) -> Added:
    return rig.client.add(payload_of(torrent), options(**changes))


def item_of(rig: Rig, item_id: str) -> ClientItem:
    """The item as the next poll shows it."""
    found = [item for item in rig.client.poll() if item.id == item_id]
    assert len(found) == 1, f"{len(found)} items are {item_id}"
    return found[0]


def until(
    rig: Rig,
    swarm: Swarm,
    torrent: Torrent,
    item_id: str,
    condition: Callable[[ClientItem], bool],
    *,
    dial: bool = True,
    timeout: float = 30.0,
) -> ClientItem:
    """Poll until the item meets the condition; meanwhile the seeder dials, as clients wait a minute to do so."""
    deadline, next_dial = time.monotonic() + timeout, 0.0
    while not condition(item := item_of(rig, item_id)):
        assert time.monotonic() < deadline, f"still {item}"
        if dial and time.monotonic() >= next_dial:
            swarm.seeder.connect(torrent, rig.peer_port)
            next_dial = time.monotonic() + 1.0
        time.sleep(0.05)
    return item


def in_state(rig: Rig, item_id: str, *states: ItemState) -> ClientItem:
    """The item once it is in one of the states."""
    return wait_for(lambda: next(iter(item for item in [item_of(rig, item_id)] if item.state in states), None))


def contents(path: Path) -> dict[str, bytes]:
    """What lies at a local path: a folder's files, or the one file that the client points at, by name."""
    files = path.iterdir() if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


def ready(item: ClientItem) -> bool:
    return item.state is ItemState.READY
