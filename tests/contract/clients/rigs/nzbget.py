"""NZBGet; `Hand` by plain calls of its JSON-RPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from auralarchive.clients.nzbget import NZBGET
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability
from tests.contract.clients.rig import FOREIGN, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.rigs.news import posting
from tests.support.news import NewsServer
from tests.support.nzbget import GENERATIONS, Generation, NZBGet


class NZBGetHand(Hand):
    def __init__(self, server: NZBGet) -> None:
        self._server = server

    def add(self, book: Book) -> str:
        return str(self._server.append(book.name, book.payload.data or b"", category=FOREIGN, paused=True))

    def look(self, item_id: str) -> Mapping[str, object] | None:
        group = self._server.group(int(item_id))
        return {key: group[key] for key in ("NZBName", "Category", "Status", "MaxPriority")} if group else None

    def remove(self, item_id: str) -> None:
        self._edit("GroupDelete", "", item_id)

    def recategorise(self, item_id: str) -> None:
        self._edit("GroupSetCategory", FOREIGN, item_id)

    def pause(self, item_id: str) -> None:
        self._edit("GroupPause", "", item_id)

    def limit_all(self, download: int) -> None:
        self._server.call("rate", download // 1024)

    def _edit(self, command: str, text: str, item_id: str) -> None:
        assert self._server.call("editqueue", command, text, [int(item_id)])


class NZBGetRig(RemoteRig):
    adapter = NZBGET
    server: NZBGet

    def __init__(self, folder: Path, generation: Generation) -> None:
        argv = generation.argv()
        self._ends = ExitStack()
        self._news = self._ends.enter_context(NewsServer())
        self.server = self._ends.enter_context(NZBGet(folder, self._news, argv))
        self.hand = NZBGetHand(self.server)
        self.client = self.connected()

    @property
    def secrets(self) -> dict[str, object]:
        return {"username": self.server.user, "password": self.server.password}

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.server.save_path, self.server.main / "inter")

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return posting(self._news, folder)

    def close(self) -> None:
        self.client.close()
        self._ends.close()


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
