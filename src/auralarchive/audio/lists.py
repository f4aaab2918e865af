"""Finds lists of chapters in files of their own: a person's, or those that came along."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auralarchive.audio.chapterfiles import Listed, parse
from auralarchive.audio.sources import LIST_SUFFIXES, open_regular, printable
from auralarchive.ports.errors import InvalidInput

_LARGEST = 1024 * 1024
_MOST = 500
#: Any text may have a time in it: a list calls itself one, or is named as the book's only file.
_CALLED = re.compile(r"chap|kapitel|cap[ií]tulo|capitol|label|ffmeta|metadata", re.IGNORECASE)


def own_list(path: Path | None) -> Listed | None:
    """The chapters in a person's own file. Raises `InvalidInput` where it holds none."""
    if path is None:
        return None
    found = parse(_read(path), printable(path.name))
    if not found:
        raise InvalidInput(
            f"{printable(path.name)} holds no chapters.",
            'Write one a line, as "0:12:34.5 Title", or give a cue sheet.',
        )
    return found


def lists_beside(files: Sequence[Path], audio: Sequence[Path]) -> tuple[Listed, ...]:
    """The lists among `files` that lie beside one of the book's files or in a folder above, cue sheets first."""
    folders = {parent for path in audio for parent in path.parents}
    stem = audio[0].stem.casefold() if len(audio) == 1 else None
    likely = [path for path in files if path.parent in folders and _likely(path, stem)][:_MOST]
    found = [replace(parse(_read(path), printable(path.name)), folder=path.parent) for path in likely]
    return tuple(sorted((each for each in found if each), key=lambda each: not each.files))


def _likely(path: Path, stem: str | None) -> bool:
    suffix = path.suffix.lower()
    named = path.stem.casefold() == stem or _CALLED.search(path.stem) is not None
    return suffix == ".cue" or (named and suffix in LIST_SUFFIXES | {".txt"})


def _read(path: Path) -> str:
    fd = open_regular(path)
    if fd is None:
        return ""
    with os.fdopen(fd, "rb") as file:
        return _decoded(file.read(_LARGEST))


def _decoded(data: bytes) -> str:
    """UTF-8, UTF-16 of either order, else what Windows wrote in the West."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:64]:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
