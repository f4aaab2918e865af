"""The embedded BitTorrent client: libtorrent in our own process, the default of a fresh install.

Every torrent has a folder of its own, named by its info-hash: two torrents of the same name never meet,
and removing data can be thorough. Torrents are started and stopped by us alone (not `auto_managed`).
"""

from __future__ import annotations

import libtorrent as lt

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded_items import Torrent, as_item, listed_files
from auralarchive.clients.embedded_report import findings
from auralarchive.clients.embedded_session import PATIENCE, Session, checked, general_rate, rate
from auralarchive.clients.embedded_settings import EmbeddedSettings
from auralarchive.clients.embedded_state import new_record
from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.failpoints import failpoint
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured


class EmbeddedClient(Session):
    """`ports.clients.DownloadClient` on a libtorrent session of our own."""

    type = "embedded"
    protocols = frozenset({DownloadType.TORRENT})
    seeds = True
    abilities = frozenset(Ability) - {Ability.PRIORITY}  # all torrents run at once: none could be first

    @property
    def listen_port(self) -> int:
        """The port that peers reach, 0 where none could be opened."""
        return self._session.listen_port()

    def test(self) -> ClientReport:
        with self._running():
            found = findings(self.listen_port, self._settings.download_folder, self._context)
            return ClientReport(f"libtorrent {lt.__version__}", tuple(found))

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.TORRENT or not payload.hashes:
            raise InvalidInput("The embedded client takes torrents only.", "Add a client that takes this kind.")
        with self._running(), self._lock:
            known = self._known(payload.hashes)
            if known is not None:
                self._take_over(known, options)
                return Added(known.record.id, adopted=False)
            params = _params(payload)
            record = new_record(payload, options, self._settings.download_folder)
            self._state.save_new(record, payload)
            failpoint("embedded.noted")
            try:
                self._start(record, params)
            except RuntimeError as error:
                self._state.forget(record.id)  # or the next start would meet it again
                raise _not_taken(error) from error
            return Added(record.id, adopted=False)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        with self._running(), self._lock:
            return tuple(as_item(torrent) for torrent in self._torrents.values())

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no hash names no torrent")
        with self._running(), self._lock:
            torrent = self._known(keys)
            return as_item(torrent) if torrent else None

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        with self._running(), self._lock:
            torrent = self._torrents.get(checked(item_id))
            return listed_files(torrent) if torrent else ()

    def pause(self, item_id: str) -> None:
        def stop(torrent: Torrent) -> None:
            self._wish(torrent, paused=True)
            torrent.handle.pause()

        self._change(item_id, stop)

    def resume(self, item_id: str) -> None:
        def start(torrent: Torrent) -> None:
            # Held files are given up for lost: libtorrent's word that they are missing counts no longer.
            self._wish(torrent, paused=False, complete=torrent.record.complete and not torrent.held)
            torrent.held = None
            torrent.let_go_on()

        self._change(item_id, start)

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        def limit(torrent: Torrent) -> None:
            self._wish(torrent, download_limit=download_limit, upload_limit=upload_limit)
            torrent.handle.set_download_limit(rate(download_limit))
            torrent.handle.set_upload_limit(rate(upload_limit))

        self._change(item_id, limit)

    def global_limits(self) -> SpeedLimits:
        with self._running():
            now = self._session.get_settings()
        return SpeedLimits(now["download_rate_limit"] or None, now["upload_rate_limit"] or None)

    def set_global_limits(self, limits: SpeedLimits) -> None:
        with self._running():
            self._session.apply_settings(
                {"download_rate_limit": general_rate(limits.download), "upload_rate_limit": general_rate(limits.upload)}
            )

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        self._change(item_id, lambda torrent: self._wish(torrent, seed_ratio=goal.ratio, seed_seconds=goal.seconds))

    def set_priority(self, item_id: str, priority: int) -> None:
        """All torrents run at once here: there is no queue in which one could be first."""
        checked(item_id)

    def remove(self, item_id: str, *, with_data: bool) -> None:
        def leave(torrent: Torrent) -> None:
            # Noted first: a crash from here on is finished at the next start.
            self._wish(torrent, removing=True, with_data=with_data)
            failpoint("embedded.removal_noted")
            self._leaving[item_id] = self._torrents.pop(item_id)
            self._session.remove_torrent(torrent.handle, int(lt.options_t.delete_files) if with_data else 0)
            self._heard.wait_for(lambda: torrent.gone, PATIENCE)
            del self._leaving[item_id]
            self._finish_removal(torrent.record)

        self._change(item_id, leave)

    def local_path(self, item: ClientItem) -> str:
        if not item.content_path:
            raise Misconfigured(f"{item.name} has no files yet.", "Wait until its metadata is there.")
        return str(self._paths.local(item.content_path, item.save_path))


def _params(payload: Payload) -> lt.add_torrent_params:
    try:
        if payload.data is not None:
            return lt.load_torrent_buffer(payload.data)
        return lt.parse_magnet_uri(payload.magnet or "")
    except RuntimeError as error:
        raise _not_taken(error) from error


def _not_taken(error: RuntimeError) -> InvalidInput:
    return InvalidInput(f"libtorrent does not take this torrent: {error}.", "Choose another release.")


def _make(name: str, settings: EmbeddedSettings, context: ClientContext) -> DownloadClient:
    return EmbeddedClient(name, settings, context)


EMBEDDED: AdapterType[DownloadClient, ClientContext] = adapter_type(
    "embedded", "Embedded client (BitTorrent)", EmbeddedSettings, _make
)
