"""The application with something of everything in it, to be looked at: nobody changes what is there.

Books with and without covers, downloads in every state that can be had, and an indexer that means no good. Each text
that comes from outside tries to become markup or script.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.bookshelf import LONG, RIGHT_TO_LEFT, SHELF, Book, share, shelve
from tests.support.server import Api, RunningServer
from tests.support.world import World

#: Sets `window.hurt` where it is taken for markup.
CANARY = '<img src=x onerror="window.hurt=1">'
HOSTILE = Book(
    f"{CANARY}<b>Hostile</b>",
    f"<svg onload=window.hurt=1>{CANARY}",
    f"</script><script>window.hurt=1</script>{CANARY}",
    (f"{CANARY} one", "<script>window.hurt=1</script> two", "javascript:window.hurt=1"),
)
#: What the indexer's search finds, whatever it is asked for.
QUERY = "hostile"


@dataclass(frozen=True, slots=True)
class Downloads:
    """Ids of rows in states that last."""

    running: int
    paused: int
    cancelled: int
    failed: int


class House:
    """A server that is filled once, for as long as the block lasts."""

    def __init__(self, root: Path) -> None:
        self._stack = ExitStack()
        self.server = RunningServer(root / "application")
        self.world = World(root / "world")
        self.places: list[str] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.world)
            stack.enter_context(self.server)
            self.api: Api = self.server.api()
            self._offer()
            shelve(self.api, self.world, (*SHELF[:2], LONG, RIGHT_TO_LEFT, HOSTILE))
            self.downloads = self._queue()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _offer(self) -> None:
        indexer = self.world.indexer
        indexer.match_all = True
        magnet = "magnet:?xt=urn:btih:{:040x}&dn=hostile"
        indexer.add(f"Hostile {CANARY} by {CANARY} [ENG / M4B]", magnet.format(900), size=1, grabs=CANARY)
        indexer.add(f"{LONG.title} by Daniel Defoe [MP3 64kbps]", magnet.format(901), size=2**40, seeders=0)
        indexer.add(f"{RIGHT_TO_LEFT.title} {CANARY}", magnet.format(902), size=10**8, downloadvolumefactor="0")
        indexer.add("Hostile links", "javascript:window.hurt=1", size=10**8)
        self.api.add_indexer(f"{indexer.url}/api", indexer.api_key, name=f"{CANARY} indexer")

    def _queue(self) -> Downloads:
        magnet = "magnet:?xt=urn:btih:{:040x}"
        slow = share(self.world, Book("Slow", "Nobody", "Nobody", ("One", "Two"), painted=False), 50, upload_limit=50)
        running = self.api.download(download_url=slow.magnet, title=HOSTILE.title + " slowly", author=HOSTILE.author)
        paused = self.api.download(download_url=magnet.format(1), title=LONG.title + " (paused)", author=LONG.author)
        self.api.post(f"/api/downloads/queue/{paused}/pause")
        cancelled = self.api.download(download_url=magnet.format(2), title="ملغى", author=RIGHT_TO_LEFT.author)
        self.api.delete(f"/api/downloads/queue/{cancelled}")
        failed = int(self.api.post("/api/downloads/queue", {"title": "Nobody has it", "author": CANARY})["download_id"])
        self.api.wait_for_status(failed, "SEARCH_FAILED", "DOWNLOAD_FAILED")
        self.api.wait_for_status(running, "DOWNLOADING")
        return Downloads(running, paused, cancelled, failed)
