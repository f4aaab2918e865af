"""Neighbours of the pipeline that do what a test tells them, and the pipeline between them.

The store, the library and the reader of payloads are the real ones. The download client, the fetcher, the
converter and the indexer are scripted: for faults and orderings that the real ones cannot be made to show.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.domain.choice import Rule
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.observe import Timers
from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.schedule import RetryPolicy
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.speed_plan import SpeedPlan
from auralarchive.domain.status import DownloadStatus, DownloadType, Stage
from auralarchive.library import FilesystemLibrary, LibrarySettings
from auralarchive.pipeline.commands import Commands
from auralarchive.pipeline.completion import Completion
from auralarchive.pipeline.live import LiveBoard
from auralarchive.pipeline.monitor import ClientHealth, Monitor, MonitorSettings
from auralarchive.pipeline.record import Recorder
from auralarchive.pipeline.searching import Scores, Searcher
from auralarchive.pipeline.steering import OwnLimits, Steering
from auralarchive.pipeline.tools import Job, SeedGoals, StageSettings, Tools
from auralarchive.pipeline.work import JobKind, Workshop, kind_of
from auralarchive.ports.audio import Chapter, ConvertRequest, ConvertResult
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, Payload
from auralarchive.ports.errors import AuralError, Gone
from auralarchive.ports.indexers import Indexer, IndexerReport
from auralarchive.ports.store import AdapterRow
from auralarchive.ports.work import CancelToken, Clock, Progress
from auralarchive.store import SecretBox, SqlStore, open_store
from tests.support.indexing import HeldClock
from tests.support.torrent_bytes import info_of, torrent_of

AUDIO = b"the sound of a book " * 50


def a_torrent(number: int = 1, size: int = len(AUDIO)) -> Payload:
    """The payload of a torrent of its own, with one file `book-NUMBER.mp3`."""
    return Payloads().torrent(torrent_of(info_of(size, name=f"book-{number}.mp3".encode())))


class ScriptedClient:
    """A download client in memory: `items` are what it shows, `faults` what its methods raise.

    `before` holds hooks that run inside a method before it does its work; `calls` counts by name.
    """

    type = "scripted"
    protocols = frozenset({DownloadType.TORRENT})
    abilities = frozenset(Ability)

    def __init__(self, folder: Path, name: str = "Scripted", *, seeds: bool = True) -> None:
        self.name, self.seeds, self.folder = name, seeds, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.items: dict[str, ClientItem] = {}
        self.contents: dict[str, tuple[ClientFile, ...]] = {}
        self.faults: dict[str, Exception] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.calls: Counter[str] = Counter()
        self.limits: list[tuple[str, int | None, int | None]] = []
        self.priorities: list[tuple[str, int]] = []
        self.goals: list[tuple[str, SeedGoal]] = []
        self.removed: list[str] = []
        self.followed: frozenset[str] = frozenset()
        self.general = SpeedLimits()
        self.options: list[AddOptions] = []
        self.closed = False

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.before:
            self.before[name]()
        fault = self.faults.get(name) or self.faults.get("all")
        if fault is not None:
            raise fault

    def test(self) -> ClientReport:
        self._called("test")
        return ClientReport("1.0")

    def add(self, payload: Payload, options: AddOptions) -> Added:
        self._called("add")
        self.options.append(options)
        known = self._known(payload.hashes)
        if known is not None:
            return Added(known.id, adopted=options.tag not in known.tags)
        item_id = payload.info_hash_v1 or payload.name
        self.items[item_id] = ClientItem(
            item_id,
            payload.name,
            ItemState.WAITING,
            payload.hashes,
            size=payload.size,
            downloaded=0,
            content_path=str(self.folder / payload.name),
            save_path=str(self.folder),
            tags=frozenset({options.tag}),
            raw_state="downloading",
        )
        self.contents[item_id] = payload.files
        return Added(item_id, adopted=False)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        self._called("poll")
        self.followed = ids
        return tuple(self.items.values())

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        self._called("find")
        return self._known(keys)

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        self._called("files")
        return self.contents.get(item_id, ())

    def pause(self, item_id: str) -> None:
        self._called("pause")
        self.change(item_id, state=ItemState.PAUSED, paused=True)

    def resume(self, item_id: str) -> None:
        self._called("resume")
        self.change(item_id, state=ItemState.WAITING, paused=False)

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        self._called("set_limits")
        self.limits.append((item_id, download_limit, upload_limit))
        if item_id in self.items:
            self.change(item_id, limits=SpeedLimits(download_limit, upload_limit))

    def global_limits(self) -> SpeedLimits:
        self._called("global_limits")
        return self.general

    def set_global_limits(self, limits: SpeedLimits) -> None:
        self._called("set_global_limits")
        self.general = limits

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        self._called("set_seed_goal")
        self.goals.append((item_id, goal))

    def set_priority(self, item_id: str, priority: int) -> None:
        self._called("set_priority")
        self.priorities.append((item_id, priority))

    def remove(self, item_id: str, *, with_data: bool) -> None:
        self._called("remove")
        if self.items.pop(item_id, None) is not None:
            self.removed.append(item_id)

    def local_path(self, item: ClientItem) -> str:
        self._called("local_path")
        return item.content_path or ""

    def close(self) -> None:
        self.closed = True

    # --- what a test makes happen -----------------------------------------------------------------

    def change(self, item_id: str, **changes: object) -> None:
        self.items[item_id] = replace(self.items[item_id], **changes)  # type: ignore[arg-type]  # a test's choice

    def arrive(self, item_id: str, content: bytes = AUDIO) -> Path:
        """All bytes are there, and the client says so."""
        item = self.items[item_id]
        path = Path(item.content_path or "")
        path.write_bytes(content)
        self.contents[item_id] = (ClientFile(path.name, len(content)),)
        self.change(
            item_id, state=ItemState.READY, progress=1.0, downloaded=len(content), size=len(content), raw_state="done"
        )
        return path

    def _known(self, hashes: frozenset[str]) -> ClientItem | None:
        return next((item for item in self.items.values() if {item.id, *item.hashes, *item.tags} & hashes), None)


@dataclass
class ScriptedFetcher:
    """Links and what is behind them."""

    behind: dict[str, Payload | Exception] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str, *, indexer: str | None, cancel: CancelToken) -> Payload:
        self.fetched.append(url)
        found = self.behind.get(url, Gone("Nothing is there.", "Choose another release."))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class ScriptedIndexer:
    """Offers its releases, raises its fault, or is slow: until `answer` is set or its work is taken away.

    After longer than anybody should have waited, `gave_up` is set and it answers all the same.
    """

    name: str = "Feed"
    type: str = "scripted"
    origin: str = "https://feed.example"
    seed_goal: SeedGoal = field(default_factory=SeedGoal)
    releases: tuple[Release, ...] = ()
    fault: Exception | None = None
    answer: threading.Event | None = None
    gave_up: bool = False
    asked: list[SearchQuery] = field(default_factory=list)

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        self.asked.append(query)
        give_up = time.monotonic() + 20
        while self.answer is not None and not self.answer.is_set() and not self.gave_up:
            cancel.check()
            self.answer.wait(0.02)
            self.gave_up = time.monotonic() > give_up
        if self.fault is not None:
            raise self.fault
        return self.releases

    def test(self) -> IndexerReport:
        return IndexerReport(self.name)

    def close(self) -> None:
        pass


@dataclass
class ScriptedConverter:
    """Writes a small file as the book; `during` runs once the work folder is in use."""

    fault: Exception | None = None
    during: Callable[[ConvertRequest, CancelToken], None] | None = None
    requests: list[ConvertRequest] = field(default_factory=list)

    def convert(self, request: ConvertRequest, progress: Progress, cancel: CancelToken) -> ConvertResult:
        self.requests.append(request)
        book = request.work_dir / "book.m4b"
        book.write_bytes(AUDIO)
        progress(0.5)
        if self.during is not None:
            self.during(request, cancel)
        cancel.check()
        if self.fault is not None:
            raise self.fault
        digest = hashlib.sha256(AUDIO).hexdigest()
        chapters = (Chapter("One", 0.0, 60.0),)
        return ConvertResult(book, "encode", 60.0, chapters, digest, len(AUDIO), "aac", 64)


class ScriptedClients:
    """The configured clients, by priority."""

    def __init__(self, *clients: ScriptedClient) -> None:
        self.clients = list(clients)
        self.rules: dict[str, Rule] = {}
        self.priorities: dict[str, int] = {}  # else by their place

    def all(self) -> tuple[ScriptedClient, ...]:
        return tuple(self.clients)

    def get(self, name: str) -> ScriptedClient | None:
        return next((client for client in self.clients if client.name == name), None)

    def configured(self) -> tuple[tuple[ScriptedClient, AdapterRow], ...]:
        return tuple((client, self._row(place, client)) for place, client in enumerate(self.clients, 1))

    def _row(self, place: int, client: ScriptedClient) -> AdapterRow:
        rule, priority = self.rules.get(client.name, Rule()), self.priorities.get(client.name, place)
        return AdapterRow(place, "client", client.type, client.name, True, priority, {}, rule=rule)


def a_release(number: int = 1, **changes: object) -> Release:
    """A result of the feed, told apart by its number."""
    title = f"Ada Author - Book [M4B] {number}"
    link = f"https://feed.example/{number}.torrent"
    release = Release(
        f"release-{number}", title, "Feed", DownloadType.TORRENT, link, ParsedTitle("Book"), size=1000 + number
    )
    return replace(release, **changes)  # type: ignore[arg-type]  # a test's choice


def fitting(query: SearchQuery, release: Release) -> Scores:
    """Everything fits; the lower its number, the better it is."""
    return Scores(90.0, (), 100.0 - (release.size or 0) % 100, (), ())


class Bench:
    """A pipeline over a database, with a held clock; `work` is a runner of one thread that stops when idle."""

    def __init__(self, folder: Path, url: str | None = None, clock: Clock | None = None) -> None:
        self.folder = folder
        self.held = HeldClock()
        self.clock: Clock = clock or self.held
        self.store: SqlStore = open_store(
            url or f"sqlite:///{folder / 'bench.sqlite3'}",
            secret_box=SecretBox.generate(),
            clock=self.clock,
            sole_instance=False,
        )
        self.client = ScriptedClient(folder / "downloads")
        self.clients = ScriptedClients(self.client)
        self.fetcher, self.converter, self.indexer = ScriptedFetcher(), ScriptedConverter(), ScriptedIndexer()
        self.indexers: list[Indexer] = [self.indexer]
        self.health, self.live = ClientHealth(), LiveBoard()
        self.recorder = Recorder(self.store.downloads, self.clock)
        self.goals = SeedGoals(SeedGoal(1.0))
        (folder / "library").mkdir(exist_ok=True)
        (folder / "work").mkdir(exist_ok=True)
        self.library = FilesystemLibrary(
            folder / "library", LibrarySettings(reserve_bytes=0, download_folders=(self.client.folder,))
        )
        self.searcher = Searcher(
            lambda: tuple(self.indexers), self.store.releases, fitting, self.clock, deadline_seconds=5
        )
        self.tools = Tools(
            store=self.store,
            clients=self.clients,
            health=self.health,
            fetcher=self.fetcher,
            searcher=self.searcher,
            goals=self.goals,
            converter=self.converter,
            library=self.library,
            live=self.live,
            clock=self.clock,
            settings=StageSettings(work_root=folder / "work", instance="test"),
        )
        self.places = 2
        limits = {Stage.SEARCH: 3, Stage.DOWNLOAD: 2, Stage.CONVERSION: 1, Stage.IMPORT: 2}
        self.workshop = Workshop(self.tools, self.recorder, RetryPolicy(limits), 60.0, lambda: self.places)
        self.settings = MonitorSettings(polling_interval=2.0, timers=Timers())
        self.plan = SpeedPlan()
        self.completion = Completion(lambda: (folder / "library",))
        self.monitor = Monitor(
            self.store.downloads,
            self.recorder,
            self.clients,
            self.completion,
            self.live,
            self.health,
            self.clock,
            lambda: self.settings,
            Steering(self.clock, OwnLimits(self.store.settings), lambda: self.plan),
            retry_at=self.workshop.retry_at,
        )
        self.store.on_commit(self.monitor.wake)
        self.commands = Commands(
            self.store,
            self.recorder,
            Payloads(),
            self.goals,
            lambda link: None,
            lambda: {client.name: client.abilities for client in self.clients.all()},
        )

    def close(self) -> None:
        self.searcher.close()
        self.store.close()

    # --- downloads --------------------------------------------------------------------------------

    def book(self, number: int = 1) -> Book:
        title = f"Book {number}"
        return Book(pseudo_asin(title, "Ada Author"), title, "Ada Author")

    def manual(self, number: int = 1) -> Download:
        """An uploaded torrent: FOUND, its bytes are ours."""
        return self.commands.enqueue_payload(a_torrent(number), self.book(number))

    def automatic(self, number: int = 1) -> Download:
        return self.commands.enqueue(self.book(number))

    def at(self, status: DownloadStatus, number: int = 1) -> Download:
        """A manual download that has come as far as this status."""
        download = self.manual(number)
        steps: tuple[tuple[DownloadStatus, Callable[[], object]], ...] = (
            (DownloadStatus.DOWNLOADING, lambda: self.work(JobKind.GRAB)),
            (DownloadStatus.COMPLETE, lambda: self.complete(download.id)),
            (DownloadStatus.CONVERTED, lambda: self.work(JobKind.CONVERT)),
            (DownloadStatus.IMPORTED, lambda: self.work(JobKind.IMPORT)),
        )
        for reached, step in steps:
            if self.row(download.id).acquisition is status:
                break
            step()
            assert self.row(download.id).acquisition is reached, self.row(download.id)
        return self.row(download.id)

    def complete(self, download_id: int) -> None:
        """Its bytes arrive, and two looks agree."""
        item = self.row(download_id).download_client_id
        assert item is not None
        self.client.arrive(item)
        self.poll()
        self.poll()

    def row(self, download_id: int) -> Download:
        return self.recorder.get(download_id)

    def story(self, download_id: int) -> list[str]:
        """The names of its events."""
        return [event.event for event in self.store.downloads.events(download_id)]

    # --- work -------------------------------------------------------------------------------------

    def claim(self, download_id: int) -> Job:
        job = self.workshop.claim(self.row(download_id))
        assert job is not None, self.row(download_id)
        return job

    def work(self, *kinds: JobKind, most: int = 50) -> int:
        """Claim and do what there is to do, of these kinds or of any, until nothing is left; how many stages."""
        done = 0
        while done < most:
            jobs = (self._next(row, kinds) for row in self.store.downloads.claimable(self.clock.now()))
            job = next((job for job in jobs if job is not None), None)
            if job is None:
                return done
            self.workshop.run(job)
            done += 1
        raise AssertionError(f"the work does not end: {self.story(1)[-10:]}")

    def _next(self, row: Download, kinds: tuple[JobKind, ...]) -> Job | None:
        return self.workshop.claim(row) if not kinds or kind_of(row) in kinds else None

    def poll(self) -> None:
        """One tick of the monitor, finished."""
        self.monitor.tick(Inline())  # type: ignore[arg-type]  # the one method of a pool that it uses


class Inline:
    """A pool that does the work at once, in this thread."""

    def submit(self, work: Callable[..., object], *arguments: object) -> None:
        work(*arguments)


@contextmanager
def a_bench(folder: Path, url: str | None = None, clock: Clock | None = None) -> Iterator[Bench]:
    bench = Bench(folder, url, clock)
    try:
        yield bench
    finally:
        bench.close()


def fault(error: type[AuralError], text: str = "It did not work.") -> AuralError:
    return error(text, "Try again.")
