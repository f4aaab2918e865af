"""The import gate: when a client says "done", look for ourselves before we believe it.

The item counts as complete when its state says so, its files have exactly the sizes that the client
names, the folder is visible from here through the path mappings, and two looks in a row agree.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.download import Download
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import DownloadClient
from auralarchive.ports.errors import Misconfigured

#: What one look saw: the folder, and every file with its size.
_Look = tuple[str, tuple[tuple[str, int], ...]]


class Completion:
    """Judges finished items. Keeps the last look of each download in memory."""

    def __init__(self, forbidden: Callable[[], tuple[Path, ...]] = tuple) -> None:
        """`forbidden` tells the roots that can never be a download's own content: the library above all."""
        self._forbidden = forbidden
        self._looks: dict[int, _Look] = {}

    def judge(self, download: Download, client: DownloadClient, item: ClientItem) -> e.Event | None:
        """`DownloadCompleted` once two looks agree, `Waiting` with what is in the way, None: look again soon."""
        try:
            content = Path(client.local_path(item))
        except Misconfigured as error:
            return e.Waiting(str(error))
        refusal = self._refusal(content)
        if refusal is not None:
            return e.StageFailed(refusal)
        wanted = [file for file in client.files(item.id) if file.wanted]
        look, obstacle = _look(content, wanted)
        before = self._looks.get(download.id)
        self._looks[download.id] = look
        if obstacle is not None:
            return e.Waiting(obstacle)
        if look != before:
            return None
        del self._looks[download.id]
        seeds = client.seeds and download.download_type is DownloadType.TORRENT
        return e.DownloadCompleted(str(content), sum(file.size for file in wanted), seeds)

    def forget(self, download_id: int) -> None:
        """Its item is no longer followed: a later look begins anew."""
        self._looks.pop(download_id, None)

    def _refusal(self, content: Path) -> Failure | None:
        real = content.resolve()
        for root in (forbidden.resolve() for forbidden in self._forbidden()):
            if real == root or root.is_relative_to(real):
                return Failure(
                    FailureKind.UNSAFE_PATH,
                    f"The client names {content} as the download's content, which holds the library itself.",
                    "Give the client a download folder of its own, outside the library.",
                    Disposition.NEEDS_PERSON,
                )
        return None


def _look(content: Path, files: list[ClientFile]) -> tuple[_Look, str | None]:
    seen = tuple((file.path, _size(content, file)) for file in files)
    look = (str(content), seen)
    if not files:
        return look, "The client says that it is done, but names no files yet."
    for (path, size), file in zip(seen, files, strict=True):
        if size != file.size:
            # Without the bytes that are there: a file that still arrives would fill the log at every poll.
            state = "is not there" if size < 0 else f"does not have its {file.size} bytes yet"
            return look, f'The client says that it is done, but "{path}" {state}. Waiting for it.'
    return look, None


def _size(content: Path, file: ClientFile) -> int:
    """The size on disk of one file of the item, -1 where there is no regular file."""
    candidates = (content.parent / file.path, content / file.path, content)
    for candidate in candidates:
        try:
            found = candidate.lstat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode):
            return found.st_size
    return -1
