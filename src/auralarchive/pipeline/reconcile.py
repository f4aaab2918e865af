"""At start and on a timer: hold the database, the clients and the disk against one another.

Expired claims need no help, they are simply work again. What is left are strays: items with our tag
whose download was cancelled while they were being added (removed again, they are ours), items with
our tag that no download knows, or that another client has as well (shown, never removed), and work
folders that nobody needs (swept).
"""

from __future__ import annotations

import logging
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientItem
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.status import DownloadStatus, Removal
from auralarchive.pipeline.tools import Tools
from auralarchive.pipeline.work import Workshop
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import StaleRecord

_log = logging.getLogger(__name__)

_IMPORTS = (DownloadStatus.CONVERTED, DownloadStatus.IMPORTING, DownloadStatus.IMPORT_FAILED)
_WORK_FOLDER = re.compile(r"(\d{1,18})(?:-[0-9a-f]{16}|\.units)", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)  # what the database can hold


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One round is `run`; it may be repeated at any time and changes nothing that is in order."""

    tools: Tools
    workshop: Workshop

    def run(self) -> tuple[Finding, ...]:
        """Mend what is ours to mend; what a person should know of comes back."""
        self.sweep_disk()
        findings: list[Finding] = []
        for client in self.tools.clients.all():
            if self.tools.health.trouble(client.name) is not None:
                continue
            try:
                items = client.poll()
            except AuralError as error:
                _log.info("client %s cannot be reconciled now: %s", client.name, error)
                continue
            except Exception:  # noqa: BLE001 - a bug in one adapter must not end the housekeeping of all others
                _log.exception("client %s: bug while reconciling", client.name)
                continue
            findings += self._judge(client.name, items)
        return tuple(findings)

    def sweep_disk(self) -> None:
        """Remove work and staging folders that no living claim or waiting import needs."""
        root = self.tools.settings.work_root
        for folder in root.iterdir() if root.is_dir() else ():
            match = _WORK_FOLDER.fullmatch(folder.name)
            if match is None:
                continue
            if self.tools.store.downloads.get(int(match[1])) is None:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self.workshop.sweep(int(match[1]))
        with suppress(AuralError):  # a library that is not mounted has nothing to sweep
            self._sweep_library()

    def _sweep_library(self) -> None:
        # Listed before we ask who imports: what an import stages after that is not among them.
        staged, downloads = self.tools.library.staging(), self.tools.store.downloads
        if downloads.in_status(_IMPORTS):
            return  # a staging folder's note tells the next attempt what an interrupted one has published
        under_way = (*downloads.claimable(self.tools.clock.now()), *downloads.claimed())
        if any(row.removal is Removal.WANTED for row in under_way):
            return  # and a cancelled import what has to be taken back
        for token in staged:
            self.tools.library.discard(token)

    def _judge(self, client: str, items: tuple[ClientItem, ...]) -> list[Finding]:
        tagged = {item.id: (number, item) for item in items if (number := self._ours(item)) is not None}
        rows = self.tools.store.downloads.get_many([number for number, _ in tagged.values()])
        known = {row.id: row for row in rows}
        for row in rows:
            if row.acquisition is DownloadStatus.CANCELLED and row.removal is not Removal.WANTED:
                with suppress(IllegalTransition, StaleRecord):
                    self.workshop.recorder.record(row.id, e.StrayFound())
        doubled = [
            _doubled(client, item, known[number])
            for number, item in tagged.values()
            if number in known and _elsewhere(known[number], client)
        ]
        return doubled + [_orphan(client, item) for number, item in tagged.values() if number not in known]

    def _ours(self, item: ClientItem) -> int | None:
        prefix = self.tools.tag(0).removesuffix("0")
        numbers = [tag.removeprefix(prefix) for tag in item.tags if tag.startswith(prefix)]
        return next((int(number) for number in numbers if _NUMBER.fullmatch(number)), None)


def _elsewhere(row: Download, client: str) -> bool:
    """Whether a client other than this one surely has the download."""
    return row.download_client_id is not None and row.download_client not in (None, client)


def _doubled(client: str, item: ClientItem, row: Download) -> Finding:
    """Its answer was lost, and another client stood in. Not removed by itself: two entries may be one server."""
    return Finding(
        ok=False,
        subject=client,
        message=f'"{item.name}" is here, too, but download {row.id} is followed in {row.download_client}.',
        remedy="Remove it here by hand, unless both are the same server: then delete one of the two in the settings.",
    )


def _orphan(client: str, item: ClientItem) -> Finding:
    return Finding(
        ok=False,
        subject=client,
        message=f'"{item.name}" carries our tag, but no download knows it.',
        remedy="Remove it there by hand if you do not want it; it is never removed by itself.",
    )
