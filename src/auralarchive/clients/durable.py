"""Notes on disk that no crash tears, for clients that run inside of our own process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured, NoSpace

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that after any crash the file is the old one or the new one, whole."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Let the disk keep which names a folder holds."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Errors of the disk in the port's words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("The disk with AuralArchive's data is full.", "Make room on it.") from error
        raise Misconfigured(
            f"AuralArchive's data folder cannot be written: {error.strerror}.",
            "Check its permissions.",
            kind=FailureKind.PERMISSION,
        ) from error


def boot_id() -> str:
    """Names this start of the machine; the same text everywhere where the system does not tell."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return "unknown"


class NotesFolder:
    """The notes of one client. Not locked: the application runs once for each data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._boot = folder / "running"
        #: The machine went down under us: what was noted may be ahead of what the disk has.
        self.went_down = self._boot.is_file() and self._boot.read_text("utf-8", "replace") != boot_id()
        replace_file(self._boot, boot_id().encode())

    def close(self) -> None:
        """Note that everything was left in good order."""
        self._boot.unlink(missing_ok=True)

    def path(self, item_id: str, kind: str) -> Path:
        """The file of one item."""
        return self.folder / f"{item_id}.{kind}"
