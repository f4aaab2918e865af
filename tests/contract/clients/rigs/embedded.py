"""The embedded client: libtorrent in this process, so nobody else is at it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EMBEDDED, EmbeddedClient
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient
from tests.contract.clients.rig import Kind, Rig, Source
from tests.contract.clients.sources import dialling


class EmbeddedRig(Rig):
    def __init__(self, folder: Path) -> None:
        self._downloads = folder / "downloads"
        self._settings = {"download_folder": str(self._downloads), "loopback": True}
        self._context = ClientContext(folder / "state")
        self.client = self._started()

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self._downloads,)

    @property
    def peer_port(self) -> int:
        assert isinstance(self.client, EmbeddedClient)
        return self.client.listen_port

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return dialling(folder, lambda: self.peer_port)

    def restart(self) -> None:
        self.client.close()
        self.client = self._started()

    def close(self) -> None:
        self.client.close()

    def _started(self) -> DownloadClient:
        return EMBEDDED.build("embedded", self._settings, self._context)


KINDS = (
    Kind(
        "embedded",
        EmbeddedRig,
        DownloadType.TORRENT,
        frozenset({Ability.ITEM_LIMITS, Ability.GLOBAL_LIMITS, Ability.SEQUENTIAL, Ability.SEED_GOAL}),
        remote=False,
        hybrids=True,
    ),
)
