"""The library where the settings say it is now: another folder or naming counts from the next book on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from auralarchive.library.filesystem import FilesystemLibrary, LibrarySettings
from auralarchive.ports.clients import Finding
from auralarchive.ports.library import ImportRequest, LibraryFile, Published
from auralarchive.ports.work import CancelToken, Progress


class LiveLibrary:
    """`ports.library.Library`. Each call goes to one library from its begin to its end."""

    def __init__(
        self,
        current: Callable[[], tuple[Path, LibrarySettings]],
        used_folders: Callable[[], tuple[Path, ...]],
    ) -> None:
        self._current, self._used_folders = current, used_folders
        self._lock = threading.Lock()
        self._made_for = current()
        self._library = FilesystemLibrary(*self._made_for, used_folders)

    @property
    def root(self) -> Path:
        return self._now().root

    def publish(self, request: ImportRequest, progress: Progress, cancel: CancelToken) -> Published:
        """See the port."""
        return self._now().publish(request, progress, cancel)

    def withdraw(self, download_id: int, files: tuple[LibraryFile, ...]) -> None:
        """See the port."""
        self._now().withdraw(download_id, files)

    def verify(self, files: tuple[LibraryFile, ...]) -> tuple[Finding, ...]:
        """See the port."""
        return self._now().verify(files)

    def discard(self, token: str) -> None:
        """See the port."""
        self._now().discard(token)

    def staging(self) -> tuple[str, ...]:
        """See the port."""
        return self._now().staging()

    def check(self) -> tuple[Finding, ...]:
        """See the port."""
        return self._now().check()

    def _now(self) -> FilesystemLibrary:
        wanted = self._current()
        with self._lock:
            if wanted != self._made_for:
                self._library = FilesystemLibrary(*wanted, self._used_folders)
                self._made_for = wanted
            return self._library
