"""The direct client: files that a site offers by plain links, as sites of free books do.

What an item is says its manifest (`domain.manifest`), which is kept as it was handed over. Every item has a folder
of its own, named by its download and the manifest's bytes: two books never meet, and removing data can be thorough.
"""

from __future__ import annotations

from importlib.metadata import version

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct_items import Item, as_item, listed_files
from auralarchive.clients.direct_session import Session
from auralarchive.clients.direct_settings import DirectSettings
from auralarchive.clients.direct_state import new_record
from auralarchive.clients.findings import own_folder_findings
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.failpoints import failpoint
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput


class DirectClient(Session):
    """`ports.clients.DownloadClient` over plain HTTP."""

    type = "direct"
    protocols = frozenset({DownloadType.HTTP})
    seeds = False
    #: A book's files are always loaded in its order.
    abilities = frozenset({Ability.ITEM_LIMITS, Ability.GLOBAL_LIMITS, Ability.SEQUENTIAL, Ability.PRIORITY})

    def test(self) -> ClientReport:
        with self._running():
            found = own_folder_findings(self._settings.download_folder, self._context, links=False)
            return ClientReport(f"AuralArchive {version('auralarchive')}", tuple(found))

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.HTTP or payload.data is None:
            raise InvalidInput("The direct client takes direct downloads only.", "Add a client that takes this kind.")
        read_manifest(payload.data)  # what cannot be read is never noted
        record = new_record(payload, options, self._settings.download_folder)
        with self._running(), self._lock:
            self._gone(record.id)
            known = self._items.get(record.id)
            if known is not None:
                self._take_over(known, options)
            else:
                self._state.save_new(record, payload)
                failpoint("direct.noted")
                self._take_up(record)
                self._dispatch()
        return Added(record.id, adopted=False)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        with self._running(), self._lock:
            return tuple(as_item(item) for item in self._items.values() if not item.leaving)

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no key names no download")
        with self._running(), self._lock:
            found = (each for each in self._items.values() if keys.intersection((each.record.id, *each.record.hashes)))
            return next((as_item(item) for item in found if not item.leaving), None)

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        found: list[ClientFile] = []
        self._change(item_id, lambda item: found.extend(listed_files(item)))
        return tuple(found)

    def pause(self, item_id: str) -> None:
        def stop(item: Item) -> None:
            self._wish(item, paused=True)
            item.cancel()

        self._change(item_id, stop)

    def resume(self, item_id: str) -> None:
        def start(item: Item) -> None:
            self._wish(item, paused=False)
            self._let_go_on(item)

        self._change(item_id, start)

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        def limit(item: Item) -> None:
            self._wish(item, download_limit=download_limit or None, upload_limit=upload_limit or None)
            item.bucket.allow(download_limit)

        self._change(item_id, limit)

    def global_limits(self) -> SpeedLimits:
        return SpeedLimits(self._bucket.rate, self._upload_limit)

    def set_global_limits(self, limits: SpeedLimits) -> None:
        with self._running():
            self._bucket.allow(limits.download)
            self._upload_limit = limits.upload

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        """Nothing seeds here."""
        self._change(item_id, lambda item: None)

    def set_priority(self, item_id: str, priority: int) -> None:
        self._change(item_id, lambda item: self._wish(item, priority=priority))

    def remove(self, item_id: str, *, with_data: bool) -> None:
        self._change(item_id, lambda item: self._leave(item, with_data=with_data))

    def local_path(self, item: ClientItem) -> str:
        return str(self._paths.local(item.content_path or "", item.save_path))


def _make(name: str, settings: DirectSettings, context: ClientContext) -> DownloadClient:
    return DirectClient(name, settings, context)


DIRECT: AdapterType[DownloadClient, ClientContext] = adapter_type("direct", "Direct download", DirectSettings, _make)
