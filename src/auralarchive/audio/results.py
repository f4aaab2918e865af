"""Finished units of an encode, kept until the whole is done: what was encoded once survives a crash.

A result lies in a folder named for everything that it depends on: the sources' bytes, the arguments, the
FFmpeg. Under its name it is whole, for it gets that name only when it is finished; so a later attempt can
take it as it is, and anything that has changed meanwhile leads to another name.
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
        """The folder of a finished result."""
        found = self._folder / key
        return found if found.is_dir() else None

    @contextmanager
    def making(self, key: str) -> Iterator[Path]:
        """An empty folder to fill; with the end of the block it is the result `key`, or after an error gone."""
        # A worker that has lost its claim may still be at it: two never share a folder.
        work = self._folder / f"{_NEW}{secrets.token_hex(8)}"
        work.mkdir()
        try:
            yield work
            for path in work.iterdir():
                _to_disk(path)
            if self.find(key) is None:
                work.rename(self._folder / key)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def forget(self) -> None:
        """The whole is done, or nobody wants it any more."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
