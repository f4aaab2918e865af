"""What the pages may know of this machine before anything is saved: a folder, a client that runs already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from auralarchive.clients.discovery import Found
from auralarchive.clients.discovery import find_clients as clients_here
from auralarchive.library import candidate
from auralarchive.ports.library import FolderReport
from auralarchive.runtime.core import Core
from auralarchive.runtime.derived import used_folders
from auralarchive.web.services import FoundClient


class CandidateFolders:
    """`web.services.Folders`, beside the folders that the clients use now."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def as_library(self, path: Path | None) -> FolderReport:
        """How it would do as the library."""
        settings = self._core.holder.current
        path = path or settings.default_library
        folders = used_folders(settings, self._core.store.adapters.list("client"))
        return candidate.as_library(path, folders, settings.library.reserve_bytes)

    def as_folder(self, path: Path) -> FolderReport:
        """Whether it can be read."""
        return candidate.as_folder(path)


def find_clients(core: Core, look: Callable[[], tuple[Found, ...]] = clients_here) -> tuple[FoundClient, ...]:
    """Clients that answer on this machine and that we could use."""
    usable = {one.type for one in core.adapters.types("client")}
    found = (one for one in look() if one.type in usable)
    return tuple(FoundClient(one.type, one.title, _settings(one)) for one in found)


def _settings(found: Found) -> dict[str, Any]:
    place: dict[str, Any] = {"host": found.host, "port": found.port}
    return {**place, "username": found.username} if found.username else place
