"""The grid on which a whole book is encoded, and how it is cut into units for several processes.

AAC knows frames of 1024 samples. The book is one row of such frames, whatever files it comes from. Each
unit is encoded by a process of its own: with a run-in before its own frames, so that the encoder's rate
control has settled, and a little beyond their end, so that a joint can move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FRAME = 1024
#: Frames of run-in: from 6 s on, joints measure like any other place of a single encode.
RUN_IN = 256
RUN_OUT = 8
#: Units begin at multiples of so many frames: the windows of a fingerprint lie on them.
ALIGNED = 4
_UNITS = 12
_SHORTEST_SECONDS = 60
_LONGEST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Unit:
    """Frames `start` to `end` are the unit's own; it is encoded from the frame `first` on, up to the sample `stop`."""

    first: int
    start: int
    end: int
    stop: int

    @property
    def begin(self) -> int:
        """The first sample that is encoded."""
        return self.first * FRAME

    @property
    def samples(self) -> int:
        """How many samples are encoded."""
        return self.stop - self.begin

    @property
    def packets(self) -> int:
        """How many packets that gives: one more, since the encoder comes a frame late."""
        return -(-self.samples // FRAME) + 1


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source with this number: its samples from `begin` on, to `end` or (None) to its end."""

    source: int
    begin: int
    end: int | None


def own_frames(seconds: float, rate: int) -> int:
    """Frames of a unit's own: enough units to keep a machine busy to the end, few enough to cost nothing.

    It follows from the book alone: so the same book gives the same bytes on every machine.
    """
    each = min(_LONGEST_SECONDS, max(_SHORTEST_SECONDS, seconds / _UNITS))
    return math.ceil(each * rate / FRAME / ALIGNED) * ALIGNED


def units(samples: int, own: int) -> list[Unit]:
    """Cut `samples` into units of `own` frames; a short rest goes to the last one."""
    frames = -(-samples // FRAME)
    count = max(1, round(frames / own))
    return [
        unit_at(number * own, (number + 1) * own if number < count - 1 else frames, samples) for number in range(count)
    ]


def unit_at(start: int, end: int, samples: int) -> Unit:
    """The unit that owns the frames `start` to `end` of a book of so many samples."""
    return Unit(max(0, start - RUN_IN), start, end, min(samples, (end + RUN_OUT) * FRAME))


def pieces(unit: Unit, lengths: Sequence[int]) -> list[Piece]:
    """What the unit needs of sources of these lengths that follow one another.

    A source that is needed to its end is asked for all that it has: then a length that was wrong shows.
    """
    return list(_pieces(unit, lengths))


def _pieces(unit: Unit, lengths: Sequence[int]) -> Iterator[Piece]:
    offset = 0
    for number, length in enumerate(lengths):
        begin, end = max(unit.begin, offset), min(unit.stop, offset + length)
        if begin < end:
            yield Piece(number, begin - offset, None if end == offset + length else end - offset)
        offset += length
