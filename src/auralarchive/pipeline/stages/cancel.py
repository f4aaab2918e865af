"""A client's item that has to go: after a cancel, or once its seeding is over.

After a cancel in the midst of an import the book goes too: it was in the library before it was recorded.

Only an item that carries our own tag is removed. One that was in the client before us stays, with
its data: it is somebody else's.
"""

from __future__ import annotations

from auralarchive.domain import events as e
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadStatus
from auralarchive.domain.tags import names_another
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.tools import Job, Tools
from auralarchive.ports.clients import DownloadClient


def run(job: Job, tools: Tools) -> e.Event:
    """`CleanedUp`. Raises `ports.errors.AuralError`: the item is still wanted gone, and tried again."""
    download = job.download
    for client in _holders(download, tools):
        _remove(download, client, tools)
    failpoint("cancel.items_removed")
    if download.acquisition is DownloadStatus.CANCELLED and download.converted_file_path:
        _withdraw(download, tools)
    tools.live.forget(download.id)
    return e.CleanedUp()


def _withdraw(download: Download, tools: Tools) -> None:
    """Take back what an interrupted import had published already; nearly always there is nothing."""
    book = tools.store.books.of_download(download.id)
    tools.library.withdraw(download.id, book.files if book else ())
    failpoint("cancel.book_withdrawn")
    tools.store.books.remove(download.id)


def _holders(download: Download, tools: Tools) -> list[DownloadClient]:
    """The client that has the item; when it was cancelled in the midst of a grab, any that may have it."""
    if download.download_client:
        client = tools.clients.get(download.download_client)
        return [client] if client else []
    return [client for client in tools.clients.all() if download.download_type in client.protocols]


def _remove(download: Download, client: DownloadClient, tools: Tools) -> None:
    if download.adopted:
        return
    for item_id in _own_items(download, client, tools):
        failpoint("cancel.before_remove")
        client.remove(item_id, with_data=True)
        failpoint("cancel.after_remove")


def _own_items(download: Download, client: DownloadClient, tools: Tools) -> set[str]:
    """What bears this download's tag: its item, and those of releases that it has tried before."""
    tagged = {item.id for item in client.poll() if tools.tag(download.id) in item.tags}
    if download.hashes:
        found = client.find(download.hashes)  # in a poll only while it is in our category
        return tagged | ({found.id} if found and tools.tag(download.id) in found.tags else set())
    return tagged | _by_its_id(download, client, tools)


def _by_its_id(download: Download, client: DownloadClient, tools: Tools) -> set[str]:
    """The id of what has nothing but that: somebody may have taken our mark out of its name."""
    item_id = download.download_client_id
    found = client.find(frozenset({item_id})) if item_id else None
    if not item_id or (found is not None and names_another(found.tags, tools.settings.instance, download.id)):
        return set()
    return {item_id}
