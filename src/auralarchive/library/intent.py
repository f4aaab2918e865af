"""The note that lies beside a staged book: whose it is and where it goes.

It is on the disk before the book is moved into the library and gone before `publish` returns. Where
one is found, its book was therefore never reported as imported, and may be taken back.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from auralarchive.library import tree

NAME = "intent.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Intent:
    """`folders` is the book's folder below the root; `files` are names within it with their SHA-256."""

    download_id: int
    folders: tuple[str, ...]
    files: dict[str, str]


def save(folder: int, intent: Intent) -> None:
    """Write it into the staging folder and sync it. Raises `OSError`."""
    content = {
        "version": _VERSION,
        "download_id": intent.download_id,
        "folders": list(intent.folders),
        "files": intent.files,
    }
    descriptor = os.open(NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.fsync(folder)


def remove(folder: int) -> None:
    """Take it away, for good: what was published is there to stay. Raises `OSError`."""
    os.unlink(NAME, dir_fd=folder)
    os.fsync(folder)


def load(folder: int) -> Intent | None:
    """The note in the staging folder; None where there is none or its writing was cut short."""
    try:
        with tree.file_below(folder, [NAME]) as descriptor:
            content = json.loads(os.read(descriptor, 1 << 20))
        return Intent(int(content["download_id"]), tuple(content["folders"]), dict(content["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
