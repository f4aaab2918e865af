"""What a whole journey needs around it: a swarm, an indexer that offers what it shares, and looks at the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import qbittorrentapi

from tests.support.audio import make_book
from tests.support.processes import wait_for
from tests.support.qbittorrent import QBittorrent
from tests.support.server import Api, RunningServer
from tests.support.swarm import Seeder, Torrent, Tracker, make_torrent
from tests.support.torznab import TorznabServer

DONE = ("IMPORTED", "SEEDING", "SEEDING_COMPLETE")


class World:
    """A swarm with an indexer: what a test downloads from. Lives for as long as its `with` block."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.tracker, self.seeder, self.indexer = Tracker(), Seeder(), TorznabServer()

    def __enter__(self) -> Self:
        self.tracker.__enter__()
        self.indexer.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.indexer.__exit__(*exception)
        self.seeder.__exit__(*exception)
        self.tracker.__exit__(*exception)

    def share(self, content: Path, title: str, *, upload_limit: int = 0) -> Torrent:
        """Seed `content` and offer it by this title; `upload_limit` in bytes per second, 0 = none."""
        torrent = make_torrent(content, trackers=(self.tracker.url,))
        self.seeder.seed(torrent, content.parent, upload_limit=upload_limit)
        self.indexer.add(title, torrent.data, size=sum(f.stat().st_size for f in files_of(content)), seeders=3)
        return torrent

    def mp3_book(
        self, title: str = "Emma", author: str = "Jane Austen", *, chapters: int = 3, seconds: float = 3, limit: int = 0
    ) -> Torrent:
        """Share a book of one MP3 a chapter."""
        folder = self.root / f"{author} - {title}"
        make_book(folder, chapters=chapters, seconds=seconds, codec="mp3")
        return self.share(folder, f"{author} - {title} [MP3 64kbps]", upload_limit=limit)

    def introduce(self, api: Api) -> Api:
        """Tell a server of the indexer."""
        api.add_indexer(self.indexer.url, self.indexer.api_key)
        return api


def use_qbittorrent(api: Api, client: QBittorrent, **settings: Any) -> dict[str, Any]:
    """Prefer this qBittorrent to the embedded client; what the API answers."""
    known = {"host": "127.0.0.1", "port": client.port, "username": client.user, "password": client.password}
    body = {"type": "qbittorrent", "name": "qBittorrent", "priority": 1, "settings": {**known, **settings}}
    made: dict[str, Any] = api.post("/api/clients", body)
    return made


def session_of(client: QBittorrent) -> qbittorrentapi.Client:
    """A hand of our own in the client, beside the program's; to be used in a `with`."""
    return qbittorrentapi.Client(client.url, username=client.user, password=client.password)


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder, or the file itself; empty where there is nothing."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.is_file())


def contents(folder: Path) -> dict[str, bytes]:
    """What is in every file of a folder, by its path within; a single file by its name."""
    root = folder.parent if folder.is_file() else folder
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files_of(folder)}


def in_library(server: RunningServer) -> list[str]:
    """The library's files, also those of a staging folder that should not be there."""
    return [path.relative_to(server.library).as_posix() for path in files_of(server.library)]


def in_work(server: RunningServer) -> list[str]:
    """The work folders that are left."""
    work = server.data_dir / "work"
    return sorted(path.name for path in work.iterdir()) if work.is_dir() else []


def rows(api: Api) -> list[dict[str, Any]]:
    """Every download there is."""
    found: list[dict[str, Any]] = api.get("/api/downloads/queue?limit=500")["downloads"]
    return found


def wait_until_cleaned(api: Api, download: int) -> None:
    """Until the client's item has been removed."""
    wait_for(lambda: "CleanedUp" in api.events(download), timeout=60, every=0.1)
