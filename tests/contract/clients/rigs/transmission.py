"""Each generation of Transmission; `Hand` by calls of a few lines, which our adapter does not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.transmission import TRANSMISSION
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient
from tests.contract.clients.rig import FOREIGN, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.sources import web_seeded
from tests.support.transmission import GENERATIONS, Generation, Transmission


class TransmissionHand(Hand):
    def __init__(self, server: Transmission) -> None:
        self._server = server

    def add(self, book: Book) -> str:
        item_id = str(book.payload.info_hash_v1)
        self._server.call("torrent-add", {"filename": book.magnet, "paused": True})
        self._server.call("torrent-set", {"ids": [item_id], "labels": [FOREIGN]})
        return item_id

    def look(self, item_id: str) -> Mapping[str, object] | None:
        told = self._server.torrent(item_id, "labels", "status", "downloadDir", "downloadLimited", "downloadLimit")
        # What is ours beside it is no change of what was there.
        category = [label for label in told.pop("labels", ()) if not label.startswith("auralarchive")]
        return {**told, "category": category} if told else None

    def remove(self, item_id: str) -> None:
        self._server.call("torrent-remove", {"ids": [item_id], "delete-local-data": True})

    def recategorise(self, item_id: str) -> None:
        self._server.call("torrent-set", {"ids": [item_id], "labels": [FOREIGN]})

    def pause(self, item_id: str) -> None:
        self._server.call("torrent-stop", {"ids": [item_id]})

    def limit(self, item_id: str, download: int) -> None:
        limits = {"downloadLimit": download // 1000, "downloadLimited": True}
        self._server.call("torrent-set", {"ids": [item_id], **limits})

    def limit_all(self, download: int) -> None:
        limits = {"speed-limit-down": download // 1000, "speed-limit-down-enabled": True}
        self._server.call("session-set", limits)


class TransmissionRig(RemoteRig):
    def __init__(self, folder: Path, generation: Generation) -> None:
        self.server = Transmission(folder, generation.argv())
        self.server.__enter__()
        self.client = self.connected()
        self.client.test()  # as the monitor does first: its abilities depend on the version

    @property
    def port(self) -> int:
        return self.server.rpc_port

    @property
    def peer_port(self) -> int:
        return self.server.peer_port

    @property
    def save_path(self) -> Path:
        return self.server.save_path

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.server.save_path,)

    @property
    def hand(self) -> TransmissionHand:
        return TransmissionHand(self.server)

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return web_seeded(folder, lambda: self.peer_port)

    def connected(self, **settings: object) -> DownloadClient:
        usual = {"port": self.port, "username": self.server.user, "password": self.server.password}
        return TRANSMISSION.build("Transmission", {**usual, **settings}, ClientContext(Path("/nonexistent")))

    def restart(self) -> None:
        self.server.restart()

    def close(self) -> None:
        self.client.close()
        self.server.stop()


def _starter(generation: Generation) -> Callable[[Path], TransmissionRig]:
    return lambda folder: TransmissionRig(folder, generation)


def _abilities(generation: Generation) -> frozenset[Ability]:
    return frozenset(Ability) - ({Ability.SEQUENTIAL} if generation.name == "3.00" else set())


KINDS = tuple(
    Kind(
        f"transmission-{generation.name}",
        _starter(generation),
        DownloadType.TORRENT,
        _abilities(generation),
        hybrids=generation.name != "3.00",
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
