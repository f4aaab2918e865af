"""Each generation of qBittorrent; `Hand` by qbittorrent-api, which our adapter does not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import qbittorrentapi

from auralarchive.clients.qbittorrent import QBITTORRENT
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability
from tests.contract.clients.rig import FOREIGN, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.sources import dialling
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, Generation, QBittorrent


class QBittorrentHand(Hand):
    def __init__(self, session: qbittorrentapi.Client) -> None:
        self.session = session

    def add(self, book: Book) -> str:
        self.session.torrents_add(
            torrent_files=book.payload.data, category=FOREIGN, tags="mine", is_stopped=True, is_paused=True
        )
        item_id = str(book.payload.info_hash_v1)
        wait_for(lambda: (item := self.look(item_id)) is not None and item["state"] in ("pausedDL", "stoppedDL"))
        return item_id

    def look(self, item_id: str) -> Mapping[str, object] | None:
        for found in self.session.torrents_info(torrent_hashes=item_id):
            known: Any = found
            return {key: known[key] for key in ("category", "tags", "state", "save_path", "dl_limit")}
        return None

    def remove(self, item_id: str) -> None:
        self.session.torrents_delete(delete_files=True, torrent_hashes=item_id)

    def recategorise(self, item_id: str) -> None:
        if FOREIGN not in self.session.torrents_categories():
            self.session.torrents_create_category(name=FOREIGN)
        self.session.torrents_set_category(category=FOREIGN, torrent_hashes=item_id)

    def pause(self, item_id: str) -> None:
        self.session.torrents_stop(torrent_hashes=item_id)

    def limit(self, item_id: str, download: int) -> None:
        self.session.torrents_set_download_limit(limit=download, torrent_hashes=item_id)

    def limit_all(self, download: int) -> None:
        self.session.transfer_set_download_limit(limit=download)


class QBittorrentRig(RemoteRig):
    adapter = QBITTORRENT
    server: QBittorrent

    def __init__(self, folder: Path, generation: Generation) -> None:
        self.server = QBittorrent(folder, generation.argv())
        self.server.__enter__()
        self._session = qbittorrentapi.Client(self.server.url, username=self.server.user, password=self.server.password)
        self.hand = QBittorrentHand(self._session)
        self.client = self.connected()

    @property
    def secrets(self) -> dict[str, object]:
        return {"username": self.server.user, "password": self.server.password}

    @property
    def peer_port(self) -> int:
        return self.server.bt_port

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return dialling(folder, lambda: self.peer_port)

    def close(self) -> None:
        self.client.close()
        self._session.auth_log_out()
        self.server.stop()


def _starter(generation: Generation) -> Callable[[Path], QBittorrentRig]:
    return lambda folder: QBittorrentRig(folder, generation)


KINDS = tuple(
    Kind(
        f"qbittorrent-{generation.name}",
        _starter(generation),
        DownloadType.TORRENT,
        frozenset(Ability),
        hybrids=True,
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
