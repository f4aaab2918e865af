"""SABnzbd, proved on real servers of each generation with a real news server behind them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients import sabnzbd, wire
from auralarchive.clients.context import ClientContext
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.sabnzbd import SABNZBD
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.tags import tag_of
from auralarchive.ports.clients import Added, AddOptions, DownloadClient, Finding, Payload
from tests.support.fault_proxy import FaultProxy
from tests.support.news import NewsServer
from tests.support.processes import wait_for
from tests.support.sabnzbd import GENERATIONS, SABnzbd

UNKNOWN = "ab" * 20
ACTIONS: list[Callable[[DownloadClient, str], object]] = [
    lambda client, item_id: client.pause(item_id),
    lambda client, item_id: client.resume(item_id),
    lambda client, item_id: client.set_limits(item_id, 1, 1),
    lambda client, item_id: client.set_seed_goal(item_id, SeedGoal(1.0)),
    lambda client, item_id: client.set_priority(item_id, 1),
    lambda client, item_id: client.files(item_id),
    lambda client, item_id: client.remove(item_id, with_data=True),
]


@dataclass
class Bench:
    """One SABnzbd, our adapter of it, the news server behind it, and books to post."""

    server: SABnzbd
    news: NewsServer
    folder: Path
    client: DownloadClient = field(init=False)
    _number: int = 0

    def __post_init__(self) -> None:
        self.client = self.connected()

    def connected(self, library: Path = Path("/nonexistent"), **changes: object) -> DownloadClient:
        """A new adapter of this server."""
        settings = {"url": self.server.url, "api_key": self.server.api_key, **changes}
        return SABNZBD.build("SABnzbd", settings, ClientContext(Path("/nonexistent"), (library,)))

    def book(self, *sizes: int, name: str = "", **post: Any) -> tuple[Payload, dict[str, bytes]]:
        """A book that was posted just now: its payload, and what its files must hold."""
        self._number += 1
        title = name or f"Book {time.time_ns()}"
        source = self.folder / str(self._number)
        source.mkdir(parents=True)
        content = {f"{at + 1:02}.mp3": os.urandom(size) for at, size in enumerate(sizes)}
        for file, data in content.items():
            (source / file).write_bytes(data)
        return Payloads().nzb(self.news.post(source, name=f"post{self._number}", **post), title), content

    def add(self, payload: Payload, **changes: Any) -> Added:
        self._number += 1
        return self.client.add(payload, AddOptions(**{"tag": tag_of("test", self._number), **changes}))

    def item(self, item_id: str) -> ClientItem:
        found = [item for item in self.client.poll(frozenset({item_id})) if item.id == item_id]
        assert len(found) == 1, f"{len(found)} items are {item_id}"
        return found[0]

    def until(self, item_id: str, *states: ItemState, timeout: float = 60) -> ClientItem:
        """The item once it is in one of the states."""
        seen: list[ClientItem] = []

        def look() -> ClientItem | None:
            seen.append(self.item(item_id))
            return seen[-1] if seen[-1].state in states else None

        try:
            return wait_for(look, timeout=timeout, every=0.1)
        except TimeoutError as error:
            raise AssertionError(f"still {seen[-1]}") from error

    def names(self) -> set[str]:
        """Every id that the server knows, by a way that is not ours."""
        history = self.server.call("history", limit=1000)["history"]["slots"]
        queue = self.server.call("queue")["queue"]["slots"]
        return {slot["nzo_id"] for slot in (*history, *queue)}

    def on_disk(self) -> set[str]:
        return {path.name for path in (self.server.complete / "auralarchive").glob("*")}

    def wrong(self, client: DownloadClient | None = None) -> list[Finding]:
        report = (client or self.client).test()
        return [finding for finding in report.findings if not finding.ok]


@pytest.fixture(scope="module")
def news() -> Iterator[NewsServer]:
    with NewsServer() as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS
    ],
)
def bench(
    request: pytest.FixtureRequest, news: NewsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """One server for all tests of this file; each test brings posts of its own."""
    root = tmp_path_factory.mktemp("sabnzbd")
    with SABnzbd(root / "server", news, request.param.argv()) as server:
        made = Bench(server, news, root / "books")
        yield made
        made.client.close()


@pytest.fixture
def slow(news: NewsServer) -> Iterator[NewsServer]:
    """The news server, slow enough to catch a download in its middle."""
    news.limit = 100_000
    yield news
    news.limit = 0


@pytest.fixture
def proxy(bench: Bench) -> Iterator[FaultProxy]:
    with FaultProxy(bench.server.url) as running:
        yield running


@pytest.fixture
def wired(bench: Bench, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[DownloadClient]:
    """A client behind the proxy, with less patience than usual."""
    monkeypatch.setattr(wire, "TIMEOUT", 1.0)
    monkeypatch.setattr(sabnzbd, "_SEEN_WITHIN", 3.0)
    client = bench.connected(url=proxy.url)
    yield client
    client.close()


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


# --- from NZB to content ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "post",
    [
        {},
        {"pack": "7z"},
        {"pack": "7z", "password": "geheim wörter"},
        {"pack": "rar-volumes"},
        {"pack": "rar", "password": "geheim"},
        {"par2": 40, "corrupt": lambda name, part: name == "01.mp3" and part == 2},
    ],
    ids=["plain", "7z", "7z-password", "rar-volumes", "rar-password", "par2"],
)
def test_a_book_from_nzb_to_content(bench: Bench, post: dict[str, Any]) -> None:
    """Loaded, mended, unpacked, and found on disk byte for byte, under the title and the tag that it was given."""
    payload, content = bench.book(90_000, 50_000, name='Émile: "Zola" / {{x}} <1>', **post)
    added = bench.add(payload, tag="auralarchive-test-900")
    assert not added.adopted
    item = bench.until(added.id, ItemState.READY, ItemState.FAILED)
    assert (item.state, item.progress, item.tags) == (ItemState.READY, 1.0, frozenset({"auralarchive-test-900"}))
    assert item.name == "Émile Zola 1"
    assert item.hashes == payload.hashes
    path = Path(bench.client.local_path(item))
    assert contents(path) == content
    assert {(path.parent / file.path, file.size) for file in bench.client.files(added.id)} == {
        (path / name, len(data)) for name, data in content.items()
    }
    bench.client.remove(added.id, with_data=True)


def test_a_single_file_is_found_in_its_folder(bench: Bench) -> None:
    """SABnzbd names the file itself as the place; the folder of the job is what we need."""
    payload, content = bench.book(40_000)
    added = bench.add(payload)
    path = Path(bench.client.local_path(bench.until(added.id, ItemState.READY)))
    assert path.is_dir()
    assert list(contents(path).values()) == list(content.values())
    assert [file.size for file in bench.client.files(added.id)] == [40_000]
