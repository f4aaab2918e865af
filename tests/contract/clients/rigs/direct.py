"""The direct client: threads of this process that load from a file server, so nobody else is at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, DownloadClient
from tests.contract.clients.rig import Book, Kind, Rig, Source
from tests.contract.clients.sources import contents, next_number, tag_of, write_book
from tests.support.files import FileHost


class FileSource(Source):
    """Books that lie on a server, each with the checksums of its files."""

    def __init__(self, folder: Path, host: FileHost) -> None:
        self._folder, self._host = folder, host

    def book(self, *sizes: int, limit: int = 0) -> Book:
        number = next_number()
        held = contents(write_book(self._folder, number, *sizes))
        manifest = self._host.manifest(f"Book {number}", dict(sorted(held.items())))
        self._host.limits[f"Book-{number}"] = limit // min(2, len(sizes))  # so many files are loaded at once
        return Book(Payloads().manifest(manifest.to_bytes()), manifest.name, tag_of(number), held, release=manifest)

    def release(self, book: Book) -> None:
        self._host.limits.pop(book.name.replace(" ", "-"), None)


class DirectRig(Rig):
    def __init__(self, folder: Path) -> None:
        self._downloads = folder / "downloads"
        self._settings = {"download_folder": str(self._downloads), "loopback": True, "pause_seconds": 0}
        self._context = ClientContext(folder / "state")
        self.client = self._started()

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self._downloads,)

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return _served(folder)

    def restart(self) -> None:
        self.client.close()
        self.client = self._started()

    def close(self) -> None:
        self.client.close()

    def _started(self) -> DownloadClient:
        return DIRECT.build("direct", self._settings, self._context)


@contextmanager
def _served(folder: Path) -> Iterator[Source]:
    with FileHost() as host:
        yield FileSource(folder, host)


KINDS = (
    Kind(
        "direct",
        DirectRig,
        DownloadType.HTTP,
        frozenset({Ability.ITEM_LIMITS, Ability.GLOBAL_LIMITS, Ability.SEQUENTIAL, Ability.PRIORITY}),
        remote=False,
    ),
)
