"""Each generation of Transmission; `Hand` by plain calls of its RPC."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from auralarchive.clients.transmission import TRANSMISSION
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability
from tests.contract.clients.rig import FOREIGN, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.sources import web_seeded
from tests.support.processes import wait_for
from tests.support.transmission import GENERATIONS, Generation, Transmission


class TransmissionHand(Hand):
    def __init__(self, server: Transmission) -> None:
        self._server = server

    def add(self, book: Book) -> str:
        metainfo = base64.b64encode(book.payload.data or b"").decode()
        answer = self._server.call("torrent-add", {"metainfo": metainfo, "paused": True})
        item_id = str(answer["torrent-added"]["hashString"])
        self._set(item_id, labels=[FOREIGN])
        wait_for(lambda: self._server.torrent(item_id, "status")["status"] == 0)  # until then it is checked
        return item_id

    def look(self, item_id: str) -> Mapping[str, object] | None:
        fields = ("labels", "status", "downloadDir", "downloadLimit", "downloadLimited", "bandwidthPriority")
        told = self._server.torrent(item_id, *fields)
        # What is ours beside it is no change of what was there.
        category = [label for label in told.pop("labels", ()) if not label.startswith("auralarchive")]
        return {**told, "category": category} if told else None

    def remove(self, item_id: str) -> None:
        self._server.call("torrent-remove", {"ids": [item_id], "delete-local-data": True})

    def recategorise(self, item_id: str) -> None:
        self._set(item_id, labels=[FOREIGN])

    def pause(self, item_id: str) -> None:
        self._server.call("torrent-stop", {"ids": [item_id]})

    def limit(self, item_id: str, download: int) -> None:
        self._set(item_id, downloadLimit=download // 1000, downloadLimited=True)

    def limit_all(self, download: int) -> None:
        arguments = {"speed-limit-down": download // 1000, "speed-limit-down-enabled": True}
        self._server.call("session-set", arguments)

    def _set(self, item_id: str, **fields: object) -> None:
        self._server.call("torrent-set", {"ids": [item_id], **fields})


class TransmissionRig(RemoteRig):
    adapter = TRANSMISSION
    server: Transmission

    def __init__(self, folder: Path, generation: Generation) -> None:
        self.server = Transmission(folder, generation.argv())
        self.server.__enter__()
        self.hand = TransmissionHand(self.server)
        self.client = self.connected()

    @property
    def secrets(self) -> dict[str, object]:
        return {"username": self.server.user, "password": self.server.password}

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        """It takes ten seconds until it asks a peer for anything, a web seed it asks at once."""
        return web_seeded(folder, lambda: self.server.peer_port)


def _starter(generation: Generation) -> Callable[[Path], TransmissionRig]:
    return lambda folder: TransmissionRig(folder, generation)


KINDS = tuple(
    Kind(
        f"transmission-{generation.name}",
        _starter(generation),
        DownloadType.TORRENT,
        frozenset(Ability) - (frozenset({Ability.SEQUENTIAL}) if generation.name.startswith("3.") else frozenset()),
        hybrids=not generation.name.startswith("3."),
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
