"""What a track of packets is, wherever its bytes lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Sizes of packets are kept as 32 bits: a book has millions. Sums of them are made of 64.
Numbers = npt.NDArray[np.signedinteger[Any]]


#: Packets that are worked on at a time: a book has millions, and arrays of all of them add up.
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Packets:
    """Where the packets of one track lie in their file: offsets and sizes in bytes, in playing order."""

    offsets: Numbers
    sizes: Numbers

    def __len__(self) -> int:
        return len(self.sizes)

    def slice(self, start: int, end: int) -> Packets:
        return Packets(self.offsets[start:end], self.sizes[start:end])

    def runs(self) -> list[tuple[int, int]]:
        """Neighbouring packets as byte ranges (offset, length): copying needs no loop over packets."""
        bounds = self.leaps(0)
        if len(bounds) < 2:
            return []
        starts, ends = np.asarray(bounds[:-1]), np.asarray(bounds[1:])
        first = self.offsets[starts]
        length = self.offsets[ends - 1] + self.sizes[ends - 1] - first
        return list(zip(first.tolist(), length.tolist(), strict=True))

    def leaps(self, near: int) -> list[int]:
        """The packets that do not follow the one before them, at most `near` bytes apart; the first, and the end."""
        if not len(self.sizes):
            return []
        found = [0]
        for start in range(0, len(self.sizes) - 1, BLOCK):
            block = self.slice(start, start + BLOCK + 1)
            gap = block.offsets[1:] - block.offsets[:-1] - block.sizes[:-1]
            found += (np.flatnonzero((gap < 0) | (gap > near)) + start + 1).tolist()
        return [*found, len(self.sizes)]


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of the edit list; `media_time` of -1 is silence. `duration` is in movie time."""

    duration: int
    media_time: int


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The sound of one MP4 file.

    `timescale` is ticks per second, as a rule the sample rate; `deltas` are (count, ticks) runs.
    `entry` is the sample entry's name (`mp4a`, `aavd`, `drms`, `alac` …), `description` the whole `stsd`
    box, `config` the AudioSpecificConfig of AAC, empty for other codecs.
    """

    packets: Packets
    timescale: int
    movie_timescale: int
    deltas: tuple[tuple[int, int], ...]
    edits: tuple[Edit, ...]
    entry: bytes
    description: bytes
    config: bytes
    channels: int
    rate: int

    @property
    def media_duration(self) -> int:
        """Ticks of all packets together: exact, unlike the edit list of many writers."""
        return sum(count * ticks for count, ticks in self.deltas)

    @property
    def frame(self) -> int | None:
        """Ticks a packet, where every packet but the last has the same; else None."""
        if not self.deltas:
            return None
        first = self.deltas[0][1]
        regular = all(ticks == first for _, ticks in self.deltas[:-1])
        count, last = self.deltas[-1]
        return first if regular and (last == first or (count == 1 and last < first)) else None

    @property
    def playing(self) -> tuple[int, int]:
        """What players play: (first tick, number of ticks)."""
        total = self.media_duration
        sounding = [edit for edit in self.edits if edit.media_time >= 0]
        if not sounding:
            return 0, total
        # Several entries play from several places: from the first of those on, nothing is lost.
        skip = min(total, *(edit.media_time for edit in sounding))
        if len(sounding) > 1 or self.movie_timescale < self.timescale:
            # An edit in milliseconds cuts up to 44 samples off the end: the tables know better.
            return skip, total - skip
        return skip, min(total - skip, sounding[0].duration * self.timescale // self.movie_timescale or total - skip)

    @property
    def seconds(self) -> float:
        return self.playing[1] / self.timescale
