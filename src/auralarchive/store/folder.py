"""The data folder: one instance at a time, on a file system whose locks hold.

SQLite in WAL mode needs shared memory and working locks. Network file systems have neither, and
databases on them have been lost; so they are refused.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import IO

from auralarchive.store.errors import DatabaseBusy, NetworkFileSystem

LOCK_NAME = "auralarchive.lock"

_REMOTE = frozenset(
    {
        *("9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "pvfs2", "smb3", "smbfs", "vboxsf"),
    }
)
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs"})  # rootless containers; its files lie on a local disk
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


class InstanceLock:
    """The exclusive lock of a data folder. The system drops it with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        """Raises DatabaseBusy where another instance holds it."""
        self._file: IO[str] = (folder / LOCK_NAME).open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _pid_in(self._file)
            self._file.close()
            raise DatabaseBusy(
                f"Another instance{owner} is already using the data folder {folder}.",
                "Stop it first, or give this one a folder of its own with --data-dir.",
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let the next instance in. The file stays: removing it would race with whoever opens it."""
        self._file.close()


def _pid_in(file: IO[str]) -> str:
    file.seek(0)
    pid = file.read(20).strip()
    return f" (process {pid})" if pid.isdecimal() else ""


def refuse_network(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Raise NetworkFileSystem where `folder` is on one. Where the system does not tell, let it pass."""
    kind = file_system(folder, mounts.read_text("utf-8", "replace")) if mounts.exists() else None
    if kind is not None and is_remote(kind):
        raise NetworkFileSystem(
            f"The data folder {folder} is on a network file system ({kind}), where SQLite loses data.",
            "Choose a folder on a local disk with --data-dir, or use PostgreSQL.",
        )


def is_remote(kind: str) -> bool:
    """Whether a file system of this type reaches other machines, or another program, for its files."""
    return kind in _REMOTE or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def file_system(path: Path, mountinfo: str) -> str | None:
    """The type of the file system that holds `path`, by the kernel's table of mounts.

    A later mount on the same place hides the earlier one.
    """
    place, kind = Path(os.path.realpath(path)), None
    longest = -1
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        mounted = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if place.is_relative_to(mounted) and len(mounted.parts) >= longest:
            longest, kind = len(mounted.parts), after.split()[0]
    return kind
