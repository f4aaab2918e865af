"""A real NZBGet over a real news server; `Hand` by JSON-RPC calls of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.nzbget import NZBGET
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient
from tests.contract.clients.rig import FOREIGN, NOWHERE, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.rigs.news import posting
from tests.support.news import NewsServer
from tests.support.nzbget import GENERATIONS, Generation, NZBGet


class NZBGetHand(Hand):
    def __init__(self, server: NZBGet) -> None:
        self._server = server

    def add(self, book: Book) -> str:
        job = self._server.append(book.name, book.payload.data or b"", category=FOREIGN, paused=True)
        return str(job)

    def look(self, item_id: str) -> Mapping[str, object] | None:
        found = self._server.group(int(item_id))
        if found is None:
            return None
        return {"category": found["Category"], **{key: found[key] for key in ("Status", "DestDir", "MaxPriority")}}

    def remove(self, item_id: str) -> None:
        self._server.call("editqueue", "GroupDelete", "", [int(item_id)])

    def recategorise(self, item_id: str) -> None:
        self._server.call("editqueue", "GroupSetCategory", FOREIGN, [int(item_id)])

    def pause(self, item_id: str) -> None:
        self._server.call("editqueue", "GroupPause", "", [int(item_id)])

    def limit_all(self, download: int) -> None:
        self._server.call("rate", download // 1024)


class NZBGetRig(RemoteRig):
    def __init__(self, folder: Path, generation: Generation) -> None:
        argv = generation.argv()
        self.news = NewsServer()
        self.news.__enter__()
        self.server = NZBGet(folder, self.news, argv)
        self.server.__enter__()
        self.client = self.connected()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def save_path(self) -> Path:
        return self.server.complete

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.server.complete, self.server.main / "inter")

    @cached_property
    def hand(self) -> NZBGetHand:
        return NZBGetHand(self.server)

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return posting(self.news, folder)

    def connected(self, context: ClientContext = NOWHERE, **settings: object) -> DownloadClient:
        usual = {"port": self.port, "username": self.server.user, "password": self.server.password}
        return NZBGET.build("NZBGet", {**usual, **settings}, context)

    def restart(self) -> None:
        self.server.restart()

    def close(self) -> None:
        self.client.close()
        self.server.stop()
        self.news.__exit__()


def _starter(generation: Generation) -> Callable[[Path], NZBGetRig]:
    return lambda folder: NZBGetRig(folder, generation)


KINDS = tuple(
    Kind(
        f"nzbget-{generation.name}",
        _starter(generation),
        DownloadType.NZB,
        frozenset({Ability.GLOBAL_LIMITS, Ability.PRIORITY}),
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
