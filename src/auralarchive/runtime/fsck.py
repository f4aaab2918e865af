"""The invariants of an instance at rest, checked against database, disk and clients.

Nothing is changed. A violation is a sentence; none of them can arise without a bug, or without
somebody's hand in our folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from auralarchive.domain.client_item import ClientItem
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import ACQUISITION, acquisition_of, steps
from auralarchive.domain.status import DownloadStatus, Removal, SeedingStatus
from auralarchive.pipeline.work import NEED_UNITS, NEED_WORK_FOLDER
from auralarchive.ports.clients import DownloadClient
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import LoggedEvent
from auralarchive.runtime.core import Core

S = DownloadStatus

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)  # what the database can hold
_EVENTS = {kind.__name__: kind for kind in ACQUISITION}
#: A row in one of these has a client item, unless the item was removed by somebody else's hand.
_WITH_ITEM = (S.DOWNLOADING, S.SEEDING)


def fsck(core: Core, progress: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """Every violation found, in words; empty when all is well."""
    checks: dict[str, Callable[[Core], Iterator[str]]] = {
        "database": _database,
        "event log": _log,
        "library": _library,
        "work folders": _work_folders,
        "claims": _claims,
        "clients": _clients,
    }
    violations: list[str] = []
    for name, check in checks.items():
        progress(name)
        violations += [f"{name}: {violation}" for violation in check(core)]
    return tuple(violations)


def check_running(core: Core) -> tuple[str, ...]:
    """Those of the checks that hold while work goes on: the database and the log of what happened."""
    return (*_database(core), *_log(core))


def _database(core: Core) -> Iterator[str]:
    yield from core.store.integrity()


def _log(core: Core) -> Iterator[str]:
    """Only legal steps, each beginning where the last one ended, versions without gaps."""
    for download in _all(core):
        last: LoggedEvent | None = None
        for event in core.store.downloads.events(download.id):
            yield from _judge(event, last)
            last = event


def _judge(event: LoggedEvent, last: LoggedEvent | None) -> Iterator[str]:
    name = f"download {event.download_id}, event {event.seq} ({event.event})"
    if last is None:
        if event.event != "Enqueued":
            yield f"{name}: the log does not begin with Enqueued"
        return
    if event.version != last.version + 1:
        yield f"{name}: version {event.version} follows {last.version}"
    if event.old_status is not last.new_status:
        yield f"{name}: begins at {event.old_status}, but the last one ended at {last.new_status}"
    kind = _EVENTS.get(event.event)
    if kind is None or event.old_status is None:
        yield f"{name}: there is no such event"
    elif (acquisition_of(event.old_status), acquisition_of(event.new_status)) not in steps(kind):
        yield f"{name}: {event.old_status} -> {event.new_status} is not a legal step"


def _library(core: Core) -> Iterator[str]:
    """What is imported is there, byte for byte; nothing half-made lies about.

    A book whose change was interrupted is finished at the next start: until then either file may be there.
    """
    unfinished = {book_id for book_id, _ in core.editor.drafts.waiting()}
    for download in _all(core, S.IMPORTED, S.SEEDING, S.SEEDING_COMPLETE):
        book = core.store.books.of_download(download.id)
        if book is None or not book.files:
            yield f"download {download.id} is imported, but has no manifest"
            continue
        if book.id in unfinished:
            continue
        for finding in core.tools.library.verify(book.files):
            yield f"download {download.id}: {finding.subject}: {finding.message}"
    if not core.store.downloads.in_status([S.CONVERTED, S.IMPORTING, S.IMPORT_FAILED]):
        for token in core.tools.library.staging():
            yield f"staging folder {token} belongs to no import"


def _work_folders(core: Core) -> Iterator[str]:
    root = core.tools.settings.work_root
    for folder in root.iterdir() if root.is_dir() else ():
        owner, _, rest = folder.name.replace(".", "-").partition("-")
        download = core.store.downloads.get(int(owner)) if _NUMBER.fullmatch(owner) else None
        needed = NEED_UNITS if rest == "units" else NEED_WORK_FOLDER
        if download is None or download.acquisition not in needed:
            yield f"work folder {folder.name} is needed by no download"


def _claims(core: Core) -> Iterator[str]:
    for download in core.store.downloads.claimed():
        yield f"download {download.id} is claimed by {download.claim_token}, but nobody is at work"


def _clients(core: Core) -> Iterator[str]:
    for client in core.adapters.clients.all():
        try:
            items = client.poll()
            yield from _client(core, client, items)
        except AuralError:
            continue  # a client that does not answer proves nothing


def _client(core: Core, client: DownloadClient, items: tuple[ClientItem, ...]) -> Iterator[str]:
    known = {key for item in items for key in (item.id, *item.hashes)}
    for download in _all(core, *_WITH_ITEM):
        if download.download_client == client.name and not known & {download.download_client_id, *download.hashes}:
            yield f"download {download.id} is {download.acquisition}, but {client.name} does not have it"
    prefix = core.tools.tag(0).removesuffix("0")
    for item in items:
        for tag in item.tags:
            number = tag.removeprefix(prefix)
            if tag.startswith(prefix) and _NUMBER.fullmatch(number):
                yield from _tagged(core, client, item, int(number))


def _tagged(core: Core, client: DownloadClient, item: ClientItem, download_id: int) -> Iterator[str]:
    download = core.store.downloads.get(download_id)
    if download is None:
        yield f'"{item.name}" in {client.name} carries our tag, but no download knows it'
    elif download.removal is Removal.DONE or download.seeding is SeedingStatus.REMOVED:
        yield f'"{item.name}" is still in {client.name}, but download {download_id} had it removed'


def _all(core: Core, *statuses: DownloadStatus) -> Iterator[Download]:
    cursor: str | None = None
    while True:
        page = core.store.downloads.page(statuses=statuses, sort="id", limit=500, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
