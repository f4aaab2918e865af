"""Chapter lists in files of their own: a person's, or a cue sheet that came along."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from auralarchive.audio.chapters import parse_cue, parse_list
from auralarchive.audio.mp4.reader import Mark
from auralarchive.audio.sources import open_regular, printable
from auralarchive.ports.errors import InvalidInput

_LARGEST = 1024 * 1024


def book_list(path: Path | None) -> tuple[Mark, ...]:
    """The chapters in a person's own file. Raises `InvalidInput` where it holds none."""
    if path is None:
        return ()
    marks = parse_list(_read(path))
    if not marks:
        raise InvalidInput(
            f"{printable(path.name)} holds no chapters.",
            'Write one a line, as "0:12:34.5 Title", or give a cue sheet.',
        )
    return marks


def cue_beside(companions: Sequence[Path], audio: Path) -> tuple[Mark, ...]:
    """The cue sheet in the folder of the one audio file, where there is exactly one; it may be of no use."""
    sheets = [path for path in companions if path.suffix.lower() == ".cue" and path.parent == audio.parent]
    return parse_cue(_read(sheets[0])) if len(sheets) == 1 else ()


def _read(path: Path) -> str:
    fd = open_regular(path)
    if fd is None:
        return ""
    with os.fdopen(fd, "rb") as file:
        data = file.read(_LARGEST)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
