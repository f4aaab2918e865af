"""The ways of a download that are killed at every failpoint, and what must be true at the end of each."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.support.audio import ffmpeg, make_book, make_m4b, picture
from tests.support.processes import wait_for
from tests.support.qbittorrent import QBittorrent
from tests.support.server import Api, ApiFailure, RunningServer
from tests.support.swarm import Torrent, random_file
from tests.support.world import (
    World,
    contents,
    files_of,
    in_library,
    in_work,
    rows,
    session_of,
    use_qbittorrent,
    wait_until_cleaned,
)

MANAGEMENT = "AURALARCHIVE_DOWNLOAD_MANAGEMENT__"


@dataclass(frozen=True, slots=True)
class Shared:
    """A book on offer: its torrent, the files that the swarm has of it, and what lies beside the audio."""

    title: str
    content: Path
    torrent: Torrent
    beside: tuple[str, ...] = ()

    @property
    def published(self) -> list[str]:
        """Its files in the library."""
        names = (f"{self.title}.m4b", *self.beside)
        return sorted(f"Jane Austen/{self.title}/{name}" for name in names)


class Shelf:
    """The books of all journeys, made once and shared by one swarm."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mp3 = self._mp3("Emma", ("cover.jpg", "notes.pdf"))
        self.slow = self._mp3("Persuasion", limit=15_000)
        self.m4b = self._m4b("Northanger Abbey")
        self._more: list[Shared] = []
        self._twice: Shared | None = None

    def more(self, count: int) -> list[Shared]:
        """Further MP3 books, made when they are first wanted."""
        titles = ("Mansfield Park", "Sanditon", "Lady Susan")[:count]
        for title in titles[len(self._more) :]:
            self._more.append(self._mp3(title))
        return self._more[:count]

    def twice(self) -> Shared:
        """A book with two releases; the better looking one holds no sound."""
        if self._twice is None:
            worse = self.world.root / "Jane Austen - Love and Friendship (Unabridged)"
            random_file(worse / "01.mp3", 50_000)
            self.world.share(worse, "Jane Austen - Love and Friendship [M4B 128kbps] Unabridged")
            self._twice = self._mp3("Love and Friendship")
        return self._twice

    def slow_ffmpeg(self, folder: Path) -> str:
        """An FFmpeg that takes its time to encode, so that a cancel comes in the midst of it."""
        script = folder / "slow-ffmpeg"
        script.write_text(f'#!/bin/sh\ncase "$*" in *" aac "*) sleep 4;; esac\nexec {ffmpeg()} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return str(script)

    def _mp3(self, title: str, beside: tuple[str, ...] = (), limit: int = 0) -> Shared:
        folder = self.world.root / f"Jane Austen - {title}"
        make_book(folder, chapters=2, seconds=8 if limit else 2, codec="mp3")
        for name in beside:
            (folder / name).write_bytes(picture() if name.endswith(".jpg") else b"a map of Highbury")
        torrent = self.world.share(folder, f"Jane Austen - {title} [MP3]", upload_limit=limit)
        return Shared(title, folder, torrent, beside)

    def _m4b(self, title: str) -> Shared:
        file = make_m4b(self.world.root / f"Jane Austen - {title}.m4b", chapters=2, seconds=2)
        return Shared(title, file, self.world.share(file, f"Jane Austen - {title} [M4B]"))


@dataclass(slots=True)
class Stand:
    """One run: a server over an empty folder, and a qBittorrent where the journey wants one."""

    server: RunningServer
    shelf: Shelf
    qbittorrent: QBittorrent | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """How a download is asked for, what is done to it on its way, and how it ends.

    `ask` and `follow` are called again after the kill, and go on from whatever they find.
    """

    ask: Callable[[Api, Shared], int]
    book: Callable[[Shelf], Shared]
    follow: Callable[[Api, int], None]
    ends: tuple[str, ...]
    imported: bool = True
    keeps_item: bool = True
    qbittorrent: bool = False
    slow_encoder: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, stand_folder: Path, shelf: Shelf) -> dict[str, str]:
        encoder = {"AURALARCHIVE_CONVERSION__FFMPEG": shelf.slow_ffmpeg(stand_folder)} if self.slow_encoder else {}
        return {**self.settings, **encoder}


# --- asking -------------------------------------------------------------------------------------------


def by_search(api: Api, book: Shared) -> int:
    """A person picks the release from the results."""
    (release,) = api.search(f"jane austen {book.title}".casefold())
    return api.download(release_id=release["id"])


def by_upload(api: Api, book: Shared) -> int:
    file = book.content.parent / f"{book.title}.torrent"
    file.write_bytes(book.torrent.data)
    return api.upload(file, book.title, "Jane Austen")


def by_magnet(api: Api, book: Shared) -> int:
    return api.download(download_url=book.torrent.magnet, title=book.title, author="Jane Austen")


def by_itself(api: Api, book: Shared) -> int:
    """The book is named, and the program finds a release."""
    return int(api.post("/api/downloads/queue", {"title": book.title, "author": "Jane Austen"})["download_id"])


def asked_again(journey: Journey, api: Api, book: Shared) -> int:
    """What a browser does after a reset connection: the same once more. It must not make a second download."""
    try:
        return journey.ask(api, book)
    except ApiFailure as refusal:
        if refusal.status != 409:
            raise
        return int(refusal.problem["download_id"])


# --- following ----------------------------------------------------------------------------------------


def to_the_end(api: Api, download: int) -> None:
    api.wait_for_status(download, "IMPORTED", "SEEDING", timeout=90)


def to_the_removal(api: Api, download: int) -> None:
    api.wait_for_status(download, "SEEDING_COMPLETE", timeout=90)
    wait_until_cleaned(api, download)


def cancel_in(*statuses: str) -> Callable[[Api, int], None]:
    """Cancel once it is in one of these; that it was cancelled before the kill is as good."""

    def follow(api: Api, download: int) -> None:
        row = api.wait_for_status(download, *statuses, "CANCELLED")
        if row["status"] != "CANCELLED":
            api.delete(f"/api/downloads/queue/{download}")
        wait_until_cleaned(api, download)

    return follow


def pause_and_resume(api: Api, download: int) -> None:
    """Stop it in the midst of the download, then let it go on; after a kill it may stand anywhere between."""
    if "PauseRequested" not in api.events(download):
        api.wait_for_status(download, "DOWNLOADING")
        api.post(f"/api/downloads/queue/{download}/pause")
        time.sleep(1.5)  # several polls: the client has heard of it
    if api.row(download)["status"] == "PAUSED":
        api.post(f"/api/downloads/queue/{download}/resume")
    to_the_end(api, download)


JOURNEYS: Mapping[str, Journey] = {
    "embedded-mp3": Journey(by_search, lambda shelf: shelf.mp3, to_the_end, ("SEEDING",)),
    "embedded-m4b": Journey(by_search, lambda shelf: shelf.m4b, to_the_end, ("SEEDING",)),
    "qbittorrent": Journey(by_search, lambda shelf: shelf.mp3, to_the_end, ("SEEDING",), qbittorrent=True),
    "upload": Journey(by_upload, lambda shelf: shelf.m4b, to_the_end, ("SEEDING",)),
    "automatic": Journey(by_itself, lambda shelf: shelf.m4b, to_the_end, ("SEEDING",)),
    "second-release": Journey(by_itself, lambda shelf: shelf.twice(), to_the_end, ("SEEDING",)),
    "pause": Journey(by_magnet, lambda shelf: shelf.slow, pause_and_resume, ("SEEDING",)),
    "cancel-download": Journey(
        by_search,
        lambda shelf: shelf.slow,
        cancel_in("DOWNLOADING"),
        ("CANCELLED",),
        imported=False,
        keeps_item=False,
    ),
    "cancel-conversion": Journey(
        by_search,
        lambda shelf: shelf.mp3,
        cancel_in("CONVERTING"),
        ("CANCELLED",),
        imported=False,
        keeps_item=False,
        qbittorrent=True,
        slow_encoder=True,
    ),
    "removal": Journey(
        by_search,
        lambda shelf: shelf.mp3,
        to_the_removal,
        ("SEEDING_COMPLETE",),
        keeps_item=False,
        settings={f"{MANAGEMENT}SEED_RATIO": "0", f"{MANAGEMENT}DELETE_SOURCE_AFTER_IMPORT": "true"},
    ),
}


# --- one run ------------------------------------------------------------------------------------------


def prepare(stand: Stand, journey: Journey, **environment: str) -> Api:
    """Start the server and tell it of indexer and client."""
    stand.server.start(**environment)
    api = stand.shelf.world.introduce(stand.server.api())
    if stand.qbittorrent is not None:
        use_qbittorrent(api, stand.qbittorrent)
        wait_for(lambda: api.get("/api/downloads/status")["clients"][0]["reachable"], every=0.1)
    return api


def walk(stand: Stand, journey: Journey, **environment: str) -> list[str]:
    """The whole way without a kill; the names of the failpoints that it passed, in their order."""
    log = stand.server.root.parent / "failpoints.log"
    api = prepare(stand, journey, AURALARCHIVE_FAILPOINT_LOG=str(log), **environment)
    download = journey.ask(api, journey.book(stand.shelf))
    journey.follow(api, download)
    check(stand, journey, api, download)
    stand.server.start()
    check(stand, journey, stand.server.api(), download)
    return log.read_text().split()


def kill_and_recover(stand: Stand, journey: Journey, failpoint: str) -> None:
    """Die at `failpoint`, start again, and hold the end against what was promised."""
    book = journey.book(stand.shelf)
    api = prepare(stand, journey, AURALARCHIVE_FAILPOINT=failpoint)
    download: int | None = None
    try:
        download = journey.ask(api, book)
        journey.follow(api, download)
    except httpx2.TransportError:
        pass  # the kill
    assert stand.server.process is not None
    assert stand.server.process.wait(30) == -9, f"{failpoint} was not passed"
    stand.server.start()
    api = stand.server.api()
    if download is None:
        download = asked_again(journey, api, book)
    journey.follow(api, download)
    check(stand, journey, api, download)


def check(stand: Stand, journey: Journey, api: Api, download: int) -> None:
    """One download, one book or none, no strays; the seeding files untouched; and fsck agrees."""
    server, book = stand.server, journey.book(stand.shelf)
    assert [row["id"] for row in rows(api)] == [download]
    assert api.row(download)["status"] in journey.ends
    wait_for(lambda: not in_work(server))
    expected = book.published if journey.imported else []
    wait_for(lambda: in_library(server) == expected or None)
    assert not list((server.library / ".auralarchive").glob("*"))
    assert len(api.get("/api/library/books")["items"]) == journey.imported
    assert not list(server.root.rglob("*.part"))
    _check_item(stand, journey, book)
    server.fsck()


def _check_item(stand: Stand, journey: Journey, book: Shared) -> None:
    """The client has exactly the one item, with the bytes that the swarm has; or none, and no bytes either."""
    items, folder = _qbittorrent_items(stand) if stand.qbittorrent else _embedded_items(stand)
    if not journey.keeps_item:
        wait_for(lambda: not files_of(folder))
        assert not items
        return
    assert items == [book.torrent.info_hash]
    place = folder if stand.qbittorrent else folder / book.torrent.info_hash
    assert contents(place / book.content.name) == contents(book.content)


def _qbittorrent_items(stand: Stand) -> tuple[list[str], Path]:
    assert stand.qbittorrent is not None
    with session_of(stand.qbittorrent) as session:
        hashes = [str(item.hash) for item in session.torrents_info()]
    return hashes, Path(stand.qbittorrent.save_path)


def _embedded_items(stand: Stand) -> tuple[list[str], Path]:
    """By its notes; whatever is left of a torrent without its note is a stray."""
    state = stand.server.data_dir / "clients" / "Embedded"
    ours = {path.name.partition(".")[0] for path in state.iterdir()} - {"session", "running"}
    assert all((state / f"{item}.json").exists() for item in ours), ours
    return sorted(ours), stand.server.data_dir / "downloads"
