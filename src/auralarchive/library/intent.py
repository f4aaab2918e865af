"""The note that lies beside a staged book: whose it is and where it goes.

It names its files from before the book is moved into the library until just before `publish` returns.
Where such a note is found, the book was therefore never reported as imported, and may be taken back.
Before and after, a note without files only says whose the staging folder is.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from auralarchive.library import tree

NAME = "intent.json"
_PART = "intent.json.part"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Intent:
    """`folders` is the book's folder below the root; `files` are names within it with their SHA-256."""

    download_id: int
    folders: tuple[str, ...]
    files: dict[str, str]


def save(folder: int, intent: Intent) -> None:
    """Write it into the staging folder, in one step, and sync it. Raises `OSError`."""
    content = {
        "version": _VERSION,
        "download_id": intent.download_id,
        "folders": list(intent.folders),
        "files": intent.files,
    }
    descriptor = os.open(
        _PART, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(_PART, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def load(folder: int) -> Intent | None:
    """The note in the staging folder; None where there is none or its writing was cut short."""
    try:
        with tree.file_below(folder, [NAME]) as descriptor:
            content = json.loads(os.read(descriptor, 1 << 20))
        return Intent(int(content["download_id"]), tuple(content["folders"]), dict(content["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
