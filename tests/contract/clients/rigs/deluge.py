"""Each generation of Deluge; `Hand` by the whole of deluge-client, of which our adapter uses the encoding only."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from deluge_client import DelugeRPCClient

from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge import DELUGE
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient
from tests.contract.clients.rig import FOREIGN, NOWHERE, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.sources import dialling
from tests.support.deluge import GENERATIONS, Deluge, Generation
from tests.support.processes import wait_for

_LOOKED_AT = ["label", "state", "save_path", "max_download_speed", "stop_at_ratio", "queue", "owner", "name"]


class DelugeHand(Hand):
    """A connection for each call: the library's own does not outlive a restart of the daemon."""

    def __init__(self, server: Deluge) -> None:
        self._server = server

    def call(self, method: str, *arguments: Any) -> Any:
        server = self._server
        client = DelugeRPCClient(
            server.host, server.port, server.user, server.password, decode_utf8=True, automatic_reconnect=False
        )
        with client:
            return client.call(method, *arguments)

    def add(self, book: Book) -> str:
        assert book.payload.data is not None
        item_id = str(
            self.call("core.add_torrent_file", "x", base64.b64encode(book.payload.data), {"add_paused": True})
        )
        self.label(item_id, FOREIGN)
        wait_for(lambda: (item := self.look(item_id)) is not None and item["state"] == "Paused")
        return item_id

    def label(self, item_id: str, label: str) -> None:
        """Give it a label, which is made where there is none of that name."""
        if label and label not in self.call("label.get_labels"):
            self.call("label.add", label)
        self.call("label.set_torrent", item_id, label)

    def look(self, item_id: str) -> Mapping[str, object] | None:
        told: Mapping[str, object] = self.call("core.get_torrent_status", item_id, _LOOKED_AT)
        return {**told, "category": told.get("label")} if told else None

    def remove(self, item_id: str) -> None:
        self.call("core.remove_torrent", item_id, True)

    def recategorise(self, item_id: str) -> None:
        self.label(item_id, FOREIGN)

    def pause(self, item_id: str) -> None:
        self.look(item_id)  # as a page does all the time: Deluge takes one that it has not looked at for paused already
        self.call("core.pause_torrent", item_id)

    def limit(self, item_id: str, download: int) -> None:
        self.call("core.set_torrent_options", [item_id], {"max_download_speed": download / 1024})

    def limit_all(self, download: int) -> None:
        self.call("core.set_config", {"max_download_speed": download / 1024})


class DelugeRig(RemoteRig):
    adapter = DELUGE
    server: Deluge

    def __init__(self, folder: Path, generation: Generation, **settings: Any) -> None:
        self.server = Deluge(folder, generation.argv(), **settings)
        self.server.__enter__()
        self.state = folder / "state"
        self.client = self.connected()
        self.hand = DelugeHand(self.server)

    @property
    def secrets(self) -> dict[str, object]:
        return {"username": self.server.user, "password": self.server.password}

    @property
    def peer_port(self) -> int:
        return self.server.bt_port

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return dialling(folder, lambda: self.peer_port)

    def connected(self, context: ClientContext = NOWHERE, **settings: object) -> DownloadClient:
        """Its notes are those of the rig, unless a context of its own says otherwise."""
        own = replace(context, state_folder=self.state) if context.state_folder == NOWHERE.state_folder else context
        return super().connected(own, **settings)


def _starter(generation: Generation) -> Callable[[Path], DelugeRig]:
    return lambda folder: DelugeRig(folder, generation)


KINDS = tuple(
    Kind(
        f"deluge-{generation.name}",
        _starter(generation),
        DownloadType.TORRENT,
        frozenset(Ability),
        hybrids=True,
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
