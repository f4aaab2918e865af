"""The demo as one thing to enter and to leave."""

from __future__ import annotations

import secrets
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult

from auralarchive.demo import DemoInfo
from auralarchive.demo.loopback import LoopbackServer, Reply
from auralarchive.demo.swarm import Seeder, Tracker, make_torrent
from auralarchive.demo.torznab import Offer, TorznabFeed

_UPLOAD_LIMIT = 64 * 1024
_CHAPTERS = (
    "01 - The Fox and the Grapes.mp3",
    "02 - The Tortoise and the Hare.mp3",
    "03 - The Crow and the Pitcher.mp3",
)


@dataclass(frozen=True, slots=True)
class _Edition:
    """One release: its title in the feed, the folder or file that is seeded, and what is in it."""

    release: str
    name: str
    content: tuple[str, ...]
    seeders: int

    def unpack(self, folder: Path) -> Path:
        """Write the edition's files below `folder`; its single file, or its own folder, is returned."""
        target = folder / self.name
        if len(self.content) > 1:
            target.mkdir(parents=True, exist_ok=True)
        for name in self.content:
            with as_file(files("auralarchive.demo") / "book" / name) as source:
                shutil.copyfile(source, target / name if len(self.content) > 1 else target)
        return target


_EDITIONS = (
    _Edition("Aesop - Three Fables [MP3 24kbps] [Unabridged]", "Aesop - Three Fables", (*_CHAPTERS, "cover.jpg"), 12),
    _Edition("Three Fables by Aesop [ENG / M4B]", "Three Fables - Aesop.m4b", ("Three Fables.m4b",), 5),
    _Edition("Aesop - Three Fables [MP3 24kbps] [Abridged]", "Three Fables (one of three).mp3", (_CHAPTERS[0],), 1),
)


class Demo:
    """A local tracker, seeder and Torznab feed of one short book, on 127.0.0.1 until the block is left.

    `folder` gets the seeded files and is not removed. The tracker listens on `tracker_port` where that is free.
    Nothing is sent anywhere else.
    """

    info = DemoInfo()

    def __init__(self, folder: Path, *, upload_limit: int = _UPLOAD_LIMIT, tracker_port: int = 0) -> None:
        self._folder = folder
        self._upload_limit = upload_limit
        self._stack = ExitStack()
        self.api_key = secrets.token_hex(16)
        self.torznab_url = ""
        self.tracker_url = ""
        self.tracker_port = tracker_port

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            seeder = stack.enter_context(Seeder(self._upload_limit))
            tracker = stack.enter_context(Tracker(seeder.greet, self.tracker_port))
            self.tracker_url, self.tracker_port = tracker.url, tracker.port
            offers = [self._offer(edition) for edition in _EDITIONS]
            seeder.seed(offer.torrent for offer in offers)
            feed = TorznabFeed(offers, self.api_key)
            server = stack.enter_context(LoopbackServer(lambda url: self._page(feed, url)))
            self.torznab_url = f"{server.url}/api"
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _offer(self, edition: _Edition) -> Offer:
        torrent = make_torrent(edition.unpack(self._folder.absolute()), self.tracker_url)
        return Offer(edition.release, self.info.author, self.info.title, torrent, edition.seeders)

    def _page(self, feed: TorznabFeed, url: SplitResult) -> Reply:
        return feed.page(url, self.torznab_url.removesuffix("/api"))
