"""Where the suite's torrents come from: a swarm whose seeder dials the client, or a web seed that it asks itself."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from auralarchive.clients.payloads import Payloads
from tests.contract.clients.rig import Book, Source
from tests.support.swarm import FileServer, Seeder, Torrent, make_torrent, random_file

_NUMBERS = itertools.count(time.time_ns() // 1_000_000)  # never the same twice, not even in two runs


def next_number() -> int:
    """A number that no other book of this machine has."""
    return next(_NUMBERS)


def tag_of(number: int) -> str:
    """Our tag of a download with this number."""
    return f"auralarchive-test-{number}"


def write_book(parent: Path, number: int, *sizes: int, called: str = "{:02}.mp3") -> Path:
    """A folder of one file for each size, of bytes that no codec can shrink; `called` is the pattern of their names."""
    folder = parent / f"Book {number}"
    for index, size in enumerate(sizes):
        random_file(folder / called.format(index + 1), size, seed=number + index * 10**15)
    return folder


def contents(path: Path) -> dict[str, bytes]:
    """What lies at a local path: a folder's files, or the one file that the client points at, by name."""
    files = path.iterdir() if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


@dataclass
class Swarm:
    """Makes torrents and seeds them."""

    folder: Path
    seeder: Seeder = field(default_factory=Seeder)

    def book(self, *sizes: int, limit: int = 0, v1_only: bool = True, web_seeds: tuple[str, ...] = ()) -> Torrent:
        """A book of one file for each size, never the same twice, seeded at `limit` bytes per second."""
        source = write_book(self.folder, next_number(), *sizes)
        torrent = make_torrent(source, v1_only=v1_only, piece_size=16_384, web_seeds=web_seeds)
        self.seeder.seed(torrent, self.folder, upload_limit=limit)
        return torrent

    def content(self, torrent: Torrent) -> dict[str, bytes]:
        """What the files of a book must hold, by name."""
        return contents(self.folder / torrent.name)


class TorrentSource(Source):
    """Books that are torrents."""

    def __init__(self, swarm: Swarm, port: Callable[[], int]) -> None:
        self.swarm = swarm
        self._port = port

    def book(self, *sizes: int, limit: int = 0) -> Book:
        return self._as_book(self.swarm.book(*sizes, limit=limit))

    def hybrid(self, *sizes: int) -> Book:
        """A book of both versions of torrents."""
        return self._as_book(self.swarm.book(*sizes, v1_only=False))

    def release(self, book: Book) -> None:
        self.swarm.seeder.limit(torrent_of(book), 0)

    def push(self, book: Book) -> None:
        """Dial: clients wait a minute until they do so again themselves."""
        self.swarm.seeder.connect(torrent_of(book), self._port())

    def _as_book(self, torrent: Torrent) -> Book:
        number = int(torrent.name.rpartition(" ")[2])
        held = self.swarm.content(torrent)
        return Book(Payloads().torrent(torrent.data), torrent.name, tag_of(number), held, torrent.magnet, torrent)


class WebSeedSource(TorrentSource):
    """For a client that is slow to meet its peers: the torrents name a web seed besides."""

    def __init__(self, swarm: Swarm, port: Callable[[], int], files: FileServer) -> None:
        super().__init__(swarm, port)
        self._files = files

    def book(self, *sizes: int, limit: int = 0) -> Book:
        torrent = self.swarm.book(*sizes, limit=limit, web_seeds=(f"{self._files.base}/",))
        self._files.limit(torrent.name, limit)
        return self._as_book(torrent)

    def release(self, book: Book) -> None:
        self._files.limit(book.name, 0)
        super().release(book)


def torrent_of(book: Book) -> Torrent:
    """What a source of torrents made."""
    return cast("Torrent", book.release)


@contextmanager
def dialling(folder: Path, port: Callable[[], int]) -> Iterator[Source]:
    """A seeder that dials the client at `port`, which may be another after a restart."""
    with Seeder() as seeder:
        yield TorrentSource(Swarm(folder, seeder), port)


@contextmanager
def web_seeded(folder: Path, port: Callable[[], int]) -> Iterator[Source]:
    """A web seed, and a seeder for what has none (a hybrid, a magnet)."""
    folder.mkdir(parents=True, exist_ok=True)
    with Seeder() as seeder, FileServer(folder) as files:
        yield WebSeedSource(Swarm(folder, seeder), port, files)
