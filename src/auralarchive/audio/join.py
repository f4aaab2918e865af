"""Joins encoded segments packet by packet."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from auralarchive.audio.mp4.track import Numbers

#: How far (in packets) a joint may move to find a place where both segments agree.
_SEARCH = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)
_SCE, _CPE = 0, 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Packets of one segment; the first belongs to the grid's frame `first`, its own part begins at `start`."""

    first: int
    start: int
    packets: list[bytes]

    def packet(self, number: int) -> bytes:
        """The packet with this number in the whole book."""
        return self.packets[number - self.first]


def from_adts(data: bytes) -> list[bytes]:
    """The packets of a raw AAC stream, without their headers. Raises ValueError where it is no such stream."""
    packets = []
    at = 0
    while at + 7 <= len(data):
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        header = 7 if data[at + 1] & 1 else 9
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or length <= header or at + length > len(data):
            raise ValueError("the encoder's output is no AAC")
        packets.append(data[at + header : at + length])
        at += length
    return packets


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


@dataclass(slots=True)
class Joiner:
    """Appends each packet of the book exactly once to the file open as `fd`."""

    fd: int
    joints: list[int] = field(default_factory=list)
    disagreeing: int = 0
    _sizes: list[int] = field(default_factory=list)
    _last: Segment | None = None
    _next: int = 0

    def add(self, segment: Segment) -> None:
        """The next segment: what comes before it is settled now."""
        if self._last is not None:
            joint = self._agreement(self._last, segment)
            self._write(self._last, joint)
            self.joints.append(joint)
        self._last = segment

    def finish(self) -> Numbers:
        """Write the last segment's packets; returns the sizes of all, in bytes."""
        assert self._last is not None
        self._write(self._last, self._last.first + len(self._last.packets))
        return np.asarray(self._sizes, np.int64)

    def _write(self, segment: Segment, end: int) -> None:
        packets = segment.packets[self._next - segment.first : end - segment.first]
        rest = memoryview(b"".join(packets))
        while rest:
            rest = rest[os.write(self.fd, rest) :]
        self._sizes += [len(packet) for packet in packets]
        self._next = end

    def _agreement(self, before: Segment, after: Segment) -> int:
        """The packet from which on `after` speaks: both must have the same windows there and one earlier."""
        for shift in _SEARCH:
            number = after.start + shift
            if number > self._next and all(_same_window(before, after, place) for place in (number - 1, number)):
                return number
        self.disagreeing += 1
        return after.start


def _same_window(one: Segment, other: Segment, number: int) -> bool:
    window = window_of(one.packet(number))
    return window is not None and window == window_of(other.packet(number))
