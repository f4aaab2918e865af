"""Joins encoded units packet by packet.

Each packet of the book is taken from exactly one unit. Where one unit hands over to the next, both must
have chosen the same window for the packets on either side: then their overlapping halves cancel their
aliasing exactly as in a single encode, and nothing is heard.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from auralarchive.audio.aacbits import Windows, windows_of
from auralarchive.audio.mp4.copying import OnBytes, copy
from auralarchive.audio.mp4.track import Numbers, Packets
from auralarchive.audio.unitencoder import Made

#: How far (in packets) a joint may move to find a place where both units agree.
_SEARCH = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)
#: So much of a packet tells its windows.
_HEAD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Joined:
    """The book's packets as slices of the units' files; at the packets `joints` one hands over to the next."""

    slices: tuple[tuple[Path, Packets], ...]
    joints: tuple[int, ...]
    disagreeing: int

    @property
    def sizes(self) -> Numbers:
        return np.concatenate([packets.sizes for _, packets in self.slices])

    def copy(self, target: int, on_bytes: OnBytes) -> None:
        """Write all packets to the file open as `target`."""
        for path, packets in self.slices:
            with _open(path) as fd:
                copy(fd, packets, target, on_bytes)


@contextmanager
def _open(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def join(units: Sequence[Made]) -> Joined:
    """Take each packet of the book from one of the `units`, which are in order."""
    joints = []
    disagreeing = 0
    last = 0
    for before, after in pairwise(units):
        joint = _agreement(before, after, last)
        disagreeing += joint is None
        last = after.unit.start if joint is None else joint
        joints.append(last)
    ends = [*joints, units[-1].unit.first + len(units[-1].packets)]
    slices = []
    for made, begin, end in zip(units, [0, *joints], ends, strict=True):
        slices.append((made.path, made.packets.slice(begin - made.unit.first, end - made.unit.first)))
    return Joined(tuple(slices), tuple(joints), disagreeing)


def _agreement(before: Made, after: Made, last: int) -> int | None:
    """The packet from which on `after` speaks: both must have the same windows there and one earlier."""
    with _open(before.path) as one, _open(after.path) as other:
        for shift in _SEARCH:
            number = after.unit.start + shift
            windows = [(_windows(before, one, place), _windows(after, other, place)) for place in (number - 1, number)]
            if number > last and all(mine is not None and mine == theirs for mine, theirs in windows):
                return number
    return None


def _windows(made: Made, fd: int, number: int) -> Windows | None:
    place = number - made.unit.first
    if not 0 <= place < len(made.packets):
        return None
    return windows_of(os.pread(fd, min(_HEAD_BYTES, int(made.packets.sizes[place])), int(made.packets.offsets[place])))
