"""Puts the files of a book in order: by disc and track where the tags tell it without contradiction, else by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from auralarchive.audio.probe import Probe

_NUMBERS = re.compile(r"(\d+)")


def natural(path: PurePath) -> tuple[tuple[tuple[int, int | str], ...], ...]:
    """A key by which "2" comes before "10", folder by folder."""
    return tuple(_words(part) for part in path.parts)


def _words(text: str) -> tuple[tuple[int, int | str], ...]:
    # Numbers before words, and never compared with each other: (0, number) or (1, word).
    pieces = _NUMBERS.split(text.casefold())
    return tuple((0, int(piece)) if piece.isdecimal() else (1, piece.strip()) for piece in pieces if piece.strip())


def in_order(probes: Sequence[Probe]) -> tuple[Probe, ...]:
    """The same probes, in the order in which they are to be heard."""
    by_name = sorted(probes, key=lambda probe: natural(probe.source.relative))
    marks = [_mark(probe) for probe in by_name]
    if None in marks or len(set(marks)) < len(marks):
        return tuple(by_name)
    return tuple(probe for _, probe in sorted(zip(marks, by_name, strict=True), key=lambda pair: pair[0] or (0, 0)))


def _mark(probe: Probe) -> tuple[int, int] | None:
    """(disc, track); the disc may also be told by the folder ("CD 2")."""
    track = probe.tags.track
    if track is None:
        return None
    return probe.tags.disc or _disc_of(probe.source.relative) or 1, track


def _disc_of(path: PurePath) -> int | None:
    match = re.search(r"(?:cd|disc|disk|part|teil)\s*_?-?(\d{1,3})\b", path.parent.name, re.IGNORECASE)
    return int(match[1]) if match else None
