"""The work folder of one conversion: room enough before, nothing left behind after a failure."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import NoSpace, TransientError

RESULT = "book.m4b"
_SCRATCH = "scratch"
_RESERVE = 64 * 1024 * 1024
#: Less than that left, and the work stops before the disk is full for everybody.
_LEAST = 16 * 1024 * 1024
_LOOK_SECONDS = 1.0
_REMEDY = "Free some space; the work goes on by itself."


class Workspace:
    """Names of our own for everything that is written; `scratch` goes away in any case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / _SCRATCH
        self.result = folder / RESULT
        self._made: list[Path] = []
        self._looked_at = time.monotonic()

    def save(self, name: str, data: bytes) -> Path:
        """A small file beside the result."""
        path = self.folder / name
        fd = self.create(path)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        return path

    def create(self, path: Path) -> int:
        """A descriptor of a new, empty file; whatever an earlier attempt left under the name goes first."""
        path.unlink(missing_ok=True)
        if path.parent == self.folder:
            self._made.append(path)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)

    def need(self, wanted: int) -> None:
        """Raises `NoSpace` where fewer than `wanted` bytes and a reserve are free."""
        free = shutil.disk_usage(self.folder).free
        if free < wanted + _RESERVE:
            raise NoSpace(
                f"The work folder has {free // 1024**2} MB free, but {(wanted + _RESERVE) // 1024**2} MB are needed.",
                _REMEDY,
            )

    def watch(self) -> None:
        """Called at every step; looks once a second. Raises `NoSpace` where others have filled the disk meanwhile."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        free = shutil.disk_usage(self.folder).free
        if free < _LEAST:
            raise NoSpace(f"The disk is nearly full: the work folder has {free // 1024**2} MB left.", _REMEDY)

    def remove_results(self) -> None:
        for path in self._made:
            path.unlink(missing_ok=True)


@contextmanager
def workspace(folder: Path) -> Iterator[Workspace]:
    """A clean workspace in `folder`. After an error nothing of ours is left. Raises `OSError` as a port's error."""
    work = Workspace(folder)
    shutil.rmtree(work.scratch, ignore_errors=True)
    work.scratch.mkdir()
    try:
        yield work
    except OSError as error:
        work.remove_results()
        if isinstance(error, PermissionError):
            raise
        raise _told(error) from error
    except BaseException:
        work.remove_results()
        raise
    finally:
        shutil.rmtree(work.scratch, ignore_errors=True)


def _told(error: OSError) -> TransientError:
    """What is wrong with the surroundings, in the port's words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("The disk is full.", _REMEDY)
    if error.errno == errno.EFBIG:
        return NoSpace("The disk, or a limit of the process, allows no file as large as is needed.", _REMEDY)
    return TransientError(
        f"A file of the conversion could not be used: {error.strerror or error}.",
        "Look whether the disk is well, and whether something else removes files from the work folder.",
        kind=FailureKind.ENCODER_FAILED,
    )
