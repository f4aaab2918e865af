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

from auralarchive.audio.mp4.copying import OnBytes, copy
from auralarchive.audio.mp4.track import Numbers, Packets
from auralarchive.audio.unitencoder import Made

#: How far (in packets) a joint may move to find a place where both units agree.
_SEARCH = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)
_SCE, _CPE = 0, 1


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


def window_of(packet: bytes) -> tuple[int, ...] | None:
    """Element, window sequence and window shape of a packet; None where its beginning is of another kind."""
    bits = int.from_bytes(packet[:8].ljust(8, b"\0"), "big")

    def field_at(offset: int, count: int) -> int:
        return bits >> (64 - offset - count) & (1 << count) - 1

    element = field_at(0, 3)
    if element == _SCE:  # id 3, instance 4, global gain 8, reserved 1, then sequence 2 and shape 1
        return _SCE, field_at(16, 3)
    if element == _CPE and field_at(7, 1):  # common window: reserved 1 comes first
        return _CPE, 1, field_at(9, 3)
    if element == _CPE:
        return _CPE, 0, field_at(8 + 8 + 1, 3)
    return None


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
            windows = [(_window(before, one, place), _window(after, other, place)) for place in (number - 1, number)]
            if number > last and all(mine is not None and mine == theirs for mine, theirs in windows):
                return number
    return None


def _window(made: Made, fd: int, number: int) -> tuple[int, ...] | None:
    place = number - made.unit.first
    if not 0 <= place < len(made.packets):
        return None
    return window_of(os.pread(fd, 8, int(made.packets.offsets[place])))
