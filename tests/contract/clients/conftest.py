"""A rig for each kind of client, its source of books, and the steps that tests take with them.

The rig lives as long as a module: each test brings books of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.ports.clients import Added, AddOptions, Payload
from tests.contract.clients.kinds import KINDS
from tests.contract.clients.rig import Book, Kind, Rig, Source
from tests.contract.clients.rigs.qbittorrent import QBittorrentRig
from tests.contract.clients.sources import Swarm, contents
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS
from tests.support.swarm import Torrent

__all__ = ["QBittorrentRig", "Rig", "Swarm", "contents"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `rig` runs on every kind; one marked `of_kinds` on those that have what it is about."""
    if "rig" not in metafunc.fixturenames:
        return
    wanted = [mark.args[0] for mark in metafunc.definition.iter_markers("of_kinds")]
    kinds = [kind for kind in KINDS if all(condition(kind) for condition in wanted)]
    metafunc.parametrize("rig", [_parameter(kind) for kind in kinds], indirect=True, scope="module")


def _parameter(kind: Kind) -> object:
    return pytest.param(kind, id=kind.name, marks=[pytest.mark.clients] if kind.optional else [])


@pytest.fixture(scope="module")
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One client for all tests of a module."""
    running = request.param.make(tmp_path_factory.mktemp("client"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _alive(request: pytest.FixtureRequest) -> None:
    """A client that died under one test is one failure, and not that of all tests behind it."""
    if "rig" in request.fixturenames:
        request.getfixturevalue("rig").revive()


@pytest.fixture
def kind(request: pytest.FixtureRequest, rig: Rig) -> Kind:
    """What to expect of the rig."""
    return next(value for value in request.node.callspec.params.values() if isinstance(value, Kind))


@pytest.fixture(scope="module")
def source(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Where the rig's books come from."""
    with rig.source(tmp_path_factory.mktemp("source") / "books") as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS
    ],
)
def qbittorrent_rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QBittorrentRig]:
    """As `rig`, for what only qBittorrent does."""
    running = QBittorrentRig(tmp_path_factory.mktemp("qbittorrent"), request.param)
    yield running
    running.close()


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    """A seeder for the tests of one client alone."""
    made = Swarm(tmp_path / "source")
    with made.seeder:
        yield made


def payload_of(torrent: Torrent) -> Payload:
    return Payloads().torrent(torrent.data)


def options(**changes: object) -> AddOptions:
    return AddOptions(**{"tag": "auralarchive-test", **changes})  # type: ignore[arg-type] # names of its fields


def add(rig: Rig, torrent: Torrent, **changes: object) -> Added:
    return rig.client.add(payload_of(torrent), options(**changes))


def add_book(rig: Rig, book: Book, **changes: object) -> Added:
    """Add it as a download of its own."""
    return rig.client.add(book.payload, options(tag=book.tag, **changes))


def polled(rig: Rig, item_id: str) -> ClientItem | None:
    """The item as the next poll shows it, where it does."""
    found = [item for item in rig.client.poll(frozenset({item_id})) if item.id == item_id]
    assert len(found) < 2, f"{len(found)} items are {item_id}"
    return found[0] if found else None


def item_of(rig: Rig, item_id: str) -> ClientItem:
    """The item as the next poll shows it."""
    item = polled(rig, item_id)
    assert item is not None, f"no item is {item_id}"
    return item


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
    port: int = rig.peer_port if dial else 0  # type: ignore[attr-defined] # only of rigs whose source dials
    return _until(rig, item_id, condition, (lambda: swarm.seeder.connect(torrent, port)) if dial else None, timeout)


def followed(
    rig: Rig, source: Source, book: Book, item_id: str, condition: Callable[[ClientItem], bool], timeout: float = 60.0
) -> ClientItem:
    """Poll until the book's item meets the condition, while its source helps."""
    return _until(rig, item_id, condition, lambda: source.push(book), timeout)


def _until(
    rig: Rig,
    item_id: str,
    condition: Callable[[ClientItem], bool],
    meanwhile: Callable[[], object] | None,
    timeout: float,
) -> ClientItem:
    deadline, next_help = time.monotonic() + timeout, 0.0
    while not condition(item := item_of(rig, item_id)):
        assert time.monotonic() < deadline, f"still {item}"
        if meanwhile is not None and time.monotonic() >= next_help:
            meanwhile()
            next_help = time.monotonic() + 1.0
        time.sleep(0.05)
    return item


def in_state(rig: Rig, item_id: str, *states: ItemState) -> ClientItem:
    """The item once it is in one of the states."""
    return wait_for(lambda: next(iter(item for item in [item_of(rig, item_id)] if item.state in states), None))


def ready(item: ClientItem) -> bool:
    return item.state is ItemState.READY
