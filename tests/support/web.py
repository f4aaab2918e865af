"""The real web application and live gateway over real HTTP, with the real store and commands.

Only the neighbours are stand-ins: indexers that return what a test gives them, a monitor with a
board to write on, and an adapter manager that remembers what it was asked to try.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn

from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.registry import CLIENT_TYPES
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.library.drafts import FilesystemDrafts
from auralarchive.live.gateway import Gateway
from auralarchive.live.limits import Limits
from auralarchive.notify.registry import NOTIFIER_TYPES
from auralarchive.observability.health import Health
from auralarchive.observability.metrics import Metrics
from auralarchive.observability.redaction import Redactor
from auralarchive.observability.ring import LogRing
from auralarchive.pipeline.commands import Commands
from auralarchive.pipeline.editing import Editor
from auralarchive.pipeline.holding import Holdings
from auralarchive.pipeline.live import Live, LiveBoard
from auralarchive.pipeline.monitor import ClientStatus, MonitorStatus
from auralarchive.pipeline.record import Recorder
from auralarchive.pipeline.searching import Scores, Searcher
from auralarchive.pipeline.tools import SeedGoals
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.clients import Ability, Finding
from auralarchive.ports.indexers import Indexer, IndexerReport
from auralarchive.ports.library import FolderReport
from auralarchive.ports.store import Role
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.about import about
from auralarchive.runtime.backup import Instance, Plan, Shelf
from auralarchive.runtime.restore import Restorer
from auralarchive.runtime.scoring import fit
from auralarchive.runtime.settings_view import may_be_saved
from auralarchive.runtime.tasks import TaskList
from auralarchive.settings import Settings
from auralarchive.store.secrets import SecretBox
from auralarchive.store.store import SqlStore, open_store
from auralarchive.web.app import create_app
from auralarchive.web.auth import Authenticator
from auralarchive.web.boundary import Boundary
from auralarchive.web.door import SocketDoor
from auralarchive.web.prefix import below
from auralarchive.web.server import server_config
from auralarchive.web.services import (
    AdapterReport,
    DemoState,
    Disk,
    Folder,
    FoundClient,
    InvalidSettings,
    Services,
    SettingValue,
)
from auralarchive.web.upkeep import Upkeep
from tests.support.records import NOON

API_KEY = "an-api-key-for-tests-only"
PASSWORD = "correct horse battery"


class SystemClock:
    """The real time, with an offset that a test may add."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.ahead, tz=NOON.tzinfo)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def a_release(number: int = 1, **changes: Any) -> Release:
    """A search result of a torrent, told apart by its number."""
    made = Release(
        id=f"release-{number}",
        title=f"Ann Author - Some Book {number} (2020) [M4B]",
        indexer="Feed",
        download_type=DownloadType.TORRENT,
        download_url=f"https://feed.example/get/{number}?apikey=indexerkey123",
        parsed=ParsedTitle(title=f"Some Book {number}", author="Ann Author", file_format="m4b", year=2020),
        size=123_456_789,
        seeders=7,
        info_url="https://feed.example/details",
    )
    return dataclasses.replace(made, **changes)


@dataclass
class StubIndexer:
    """An indexer that returns its releases, or raises its error."""

    name: str = "Feed"
    type: str = "stub"
    origin: str = "https://feed.example"
    seed_goal: SeedGoal = field(default_factory=SeedGoal)
    releases: tuple[Release, ...] = ()
    error: Exception | None = None

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        if self.error is not None:
            raise self.error
        return self.releases

    def test(self) -> IndexerReport:
        return IndexerReport(self.name)

    def close(self) -> None:
        pass


class StubMonitor:
    """A monitor that watches nothing, with a board to write on."""

    def __init__(self) -> None:
        self.board = LiveBoard()
        self.monitoring = True
        self.clients: tuple[ClientStatus, ...] = (ClientStatus("qb", "qbittorrent", True, "5.1.4"),)

    def start_monitoring(self) -> None:
        self.monitoring = True

    def stop_monitoring(self) -> None:
        self.monitoring = False

    def status(self) -> MonitorStatus:
        return MonitorStatus(self.monitoring, 2.0, NOON, self.clients)

    def live(self, download_id: int) -> Live | None:
        return self.board.get(download_id)

    def live_all(self) -> Mapping[int, Live]:
        return self.board.all()


class StubAdapters:
    """Real kinds of adapters; a test of one only writes down what it would have been built from."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str, dict[str, Any]]] = []
        self.reloaded: list[str] = []
        self.error: Exception | None = None

    def types(self, kind: str) -> tuple[AdapterType[Any, Any], ...]:
        known: dict[str, tuple[AdapterType[Any, Any], ...]] = {
            "client": CLIENT_TYPES,
            "indexer": INDEXER_TYPES,
            "notifier": NOTIFIER_TYPES,
        }
        return known[kind]

    def test(self, kind: str, type_: str, settings: Mapping[str, Any], existing_id: int | None = None) -> AdapterReport:
        self.tried.append((kind, type_, dict(settings)))
        if self.error is not None:
            raise self.error
        return AdapterReport("5.1.4", (Finding(True, "connection", "It answers."),))

    def reload(self, kind: str) -> None:
        self.reloaded.append(kind)


class StubSettings:
    """Two settings and a secret, one of them held by the environment."""

    def __init__(self) -> None:
        self.saved: dict[str, Any] = {"qb_host": "localhost", "qb_password": "stored-secret-1", "qb_port": 8080}

    def schema(self) -> Mapping[str, Mapping[str, Any]]:
        return {"qbittorrent": {"type": "object", "properties": {key: {} for key in self.saved}}}

    def values(self) -> Mapping[str, Mapping[str, SettingValue]]:
        return {
            "qbittorrent": {
                "qb_host": SettingValue(self.saved["qb_host"]),
                "qb_password": SettingValue(None, secret=True, is_set=bool(self.saved["qb_password"])),
                "qb_port": SettingValue(self.saved["qb_port"], locked_by="AURALARCHIVE_QBITTORRENT__QB_PORT"),
            }
        }

    def save(self, section: str, values: Mapping[str, Any]) -> None:
        wrong = {key: "there is no such setting" for key in values if key not in self.saved}
        if "qb_port" in values:
            wrong["qb_port"] = "the environment holds it"
        if wrong:
            raise InvalidSettings(wrong)
        self.saved.update(values)


class StubFolders:
    """Every folder is there, and writable, and on a disk of its own."""

    def as_library(self, path: Path | None) -> FolderReport:
        findings = (
            Finding(True, "Folder", f"{path} can be written to."),
            Finding(False, "Folder", "No room.", "Make some."),
        )
        return FolderReport(True, findings, 10, 100, "ext4")

    def as_folder(self, path: Path) -> FolderReport:
        return FolderReport(True, (Finding(True, "Folder", f"{path} is there."),))


class StubDemo:
    """A demo that only knows whether it runs."""

    def __init__(self) -> None:
        self.running = False

    def state(self) -> DemoState:
        return DemoState(self.running, "three fables")

    def start(self) -> DemoState:
        self.running = True
        return self.state()

    def stop(self) -> DemoState:
        self.running = False
        return self.state()


@dataclass
class World:
    """Everything behind one running server, for tests to arrange and to look at."""

    root: Path
    store: SqlStore
    commands: Commands
    recorder: Recorder
    monitor: StubMonitor
    adapters: StubAdapters
    settings: StubSettings
    indexers: list[StubIndexer]
    redactor: Redactor
    clock: SystemClock
    gateway: Gateway
    services: Services
    findings: list[Finding]
    ring: LogRing
    tasks: TaskList
    url: str = ""
    files: list[ClientFile] = field(default_factory=list)
    opened: list[httpx2.Client] = field(default_factory=list)

    def client(self, **headers: str) -> httpx2.Client:
        """A client without credentials."""
        made = httpx2.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)
        self.opened.append(made)
        return made

    def keyed(self) -> httpx2.Client:
        """A client with the API key."""
        return self.client(**{"X-Api-Key": API_KEY})

    def signed_in(self, name: str = "ann") -> httpx2.Client:
        """A browser: cookie, and what browsers say of their requests. Sets the first account up where there is none."""
        browser = self.client(**{"Sec-Fetch-Site": "same-origin"})
        way = "setup" if self.services.authenticator.needs_setup() else "login"
        browser.post(f"/api/auth/{way}", json={"name": name, "password": PASSWORD}).raise_for_status()
        return browser

    def person(self, name: str, role: Role = Role.MEMBER) -> int:
        """An account beside the first one; its id."""
        hashed = self.services.authenticator.hash_password(PASSWORD)
        return self.store.accounts.create(name, hashed, self.clock.now(), role).id


def make_world(root: Path, *, boundary: Boundary | None = None, limits: Limits | None = None) -> World:
    """A world whose server does not run yet."""
    clock, monitor, adapters, settings = SystemClock(), StubMonitor(), StubAdapters(), StubSettings()
    store = open_store(f"sqlite:///{root / 'test.db'}", secret_box=SecretBox.generate(), clock=clock)
    recorder = Recorder(store.downloads, clock)
    commands = Commands(
        store, recorder, Payloads(), SeedGoals(SeedGoal()), _any_link, lambda: {"qb": frozenset(Ability)}
    )
    indexers: list[StubIndexer] = [StubIndexer()]
    redactor = Redactor()
    boundary = boundary or Boundary()
    authenticator = Authenticator(store, clock, api_keys={"environment": API_KEY})
    door = SocketDoor(boundary, authenticator)
    gateway = Gateway(store, monitor, door, redactor.redact_answer, limits)
    findings = [Finding(True, "database", "It answers.")]
    (root / "library").mkdir(exist_ok=True)
    (root / "static").mkdir(exist_ok=True)
    files: list[ClientFile] = []
    ring, tasks = LogRing(redactor), TaskList()
    instance = Instance(root, f"sqlite:///{root / 'test.db'}", "0.0.test")
    upkeep = Upkeep(
        Health({"Checks": lambda: tuple(findings)}, clock),
        ring,
        tasks,
        Shelf(instance, lambda: Plan(1.0, 7, root / "backups"), clock),
        Restorer(instance, clock, may_be_saved),
        lambda: about(Settings(data_dir=root)),
    )
    services = Services(
        store=store,
        commands=commands,
        editor=Editor(store, FilesystemDrafts(root / "library", 0), IsolatedEngine()),
        searcher=Searcher(lambda: _ports(indexers), store.releases, _score, clock),
        monitor=monitor,
        adapters=adapters,
        settings=settings,
        payloads=Payloads(),
        authenticator=authenticator,
        boundary=boundary,
        sockets=gateway,
        metrics=Metrics(),
        clock=clock,
        health=lambda: tuple(findings),
        upkeep=upkeep,
        disks=lambda: (Disk((Folder("library", root / "library"),), free=250, total=1000),),
        files=lambda download: tuple(files),
        runner_status=lambda: {"running": 0},
        redact=redactor.redact_answer,
        holdings=lambda: Holdings(store.downloads.holdings(), fit),
        library_root=lambda: root / "library",
        folders=StubFolders(),
        find_clients=lambda: (FoundClient("qbittorrent", "qBittorrent", {"host": "127.0.0.1", "port": 8080}),),
        demo=StubDemo(),
        version="0.0.test",
        static_dir=root / "static",
    )
    return World(
        root, store, commands, recorder, monitor, adapters, settings, indexers, redactor, clock, gateway, services,
        findings, ring, tasks, files=files,
    )  # fmt: skip


def _ports(indexers: Sequence[StubIndexer]) -> tuple[Indexer, ...]:
    return tuple(indexers)


def _score(query: SearchQuery, release: Release) -> Scores:
    return Scores(90.0, (), 80.0, (), ())


@contextlib.contextmanager
def serving(world: World) -> Iterator[World]:
    """The world's server on a free port of loopback, until the block ends."""
    # Named TCP: asyncio turns Nagle's waiting off only where the protocol number says so.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    base = world.services.boundary.base_path
    world.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = server_config(below(base, world.gateway.asgi(create_app(world.services))), "127.0.0.1", 0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: anyio.run(_serve, server, world.gateway, listener), name="web-under-test")
    thread.start()
    try:
        wait_until(lambda: server.started, "the server starts")
        yield world
    finally:
        for client in world.opened:
            client.close()
        server.should_exit = True
        thread.join(20)
        world.store.close()
        listener.close()


async def _serve(server: uvicorn.Server, gateway: Gateway, listener: socket.socket) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(gateway.run)
        await server.serve(sockets=[listener])
        tasks.cancel_scope.cancel()


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait for a condition, or fail with what was waited for."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"waited {seconds} s in vain until {what}"
        time.sleep(0.005)


def _any_link(url: str) -> None:
    """Where links may lead is judged elsewhere."""
