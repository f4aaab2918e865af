"""Finished units of an encode, kept until the whole is done: what was encoded once survives a crash.

A result lies in a folder named for everything that it depends on: the sources' bytes, the arguments, the
FFmpeg. Under its name it is whole, for it gets that name only when it is finished; so a later attempt can
take it as it is, and anything that has changed meanwhile leads to another name. A seal of hashes lies with it:
what a disk or a hand has changed since counts as not there, and is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKETS = "packets.mp4"
PRINTS = "prints.s16"
_SEAL = "seal.json"
_NEW = "new-"


def key_of(*parts: object) -> str:
    """The name of what is made of `parts`, which JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Results:
    """Folders of results below one folder, which may already hold some from an earlier attempt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob(f"{_NEW}*"):
            shutil.rmtree(stale, ignore_errors=True)

    def find(self, key: str) -> Path | None:
        """The folder of a finished result; one that has changed since it was finished is removed."""
        found = self._folder / key
        if not found.is_dir():
            found.unlink(missing_ok=True)
            return None
        if _is_sealed(found):
            return found
        shutil.rmtree(found, ignore_errors=True)
        return None

    @contextmanager
    def making(self, key: str) -> Iterator[Path]:
        """An empty folder to fill; with the end of the block it is the result `key`, or after an error gone."""
        # A worker that has lost its claim may still be at it: two never share a folder.
        work = self._folder / f"{_NEW}{secrets.token_hex(8)}"
        work.mkdir()
        try:
            yield work
            (work / _SEAL).write_text(json.dumps(_hashes(work)), encoding="utf-8")
            for path in work.iterdir():
                _to_disk(path)
            if self.find(key) is None:
                work.rename(self._folder / key)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def forget(self) -> None:
        """The whole is done, or nobody wants it any more."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_sealed(folder: Path) -> bool:
    """Whether all lies in it as it was when it was finished."""
    try:
        return bool(json.loads((folder / _SEAL).read_bytes()) == _hashes(folder))
    except (OSError, ValueError):
        return False


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: _hash(path) for path in folder.iterdir() if path.name != _SEAL}


def _hash(path: Path) -> str:
    # Neither wait at a pipe nor follow a link: only what was written here counts.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
