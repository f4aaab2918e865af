"""Gives the packets of a track the times that they really have.

Files that other tools have put together keep each part's cut last packet: one that is said to last a single
tick, though a decoder makes a whole frame of it. By such a table the chapters and every seek are a little
early, more with each part. The packets themselves are right: every one is a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auralarchive.audio.mp4.track import AudioTrack, Edit, Numbers

#: So much of the packets, and of the whole length, must be as it should: else it is another kind of track.
_MOST, _NEAR = 0.9, 0.02


@dataclass(frozen=True, slots=True)
class Straight:
    """The track with an even time table; `before` and `frame` tell where each packet began by the old one."""

    track: AudioTrack
    before: Numbers
    frame: int

    def moved(self, second: float) -> float:
        """The place that the old table had at `second`."""
        scale = self.track.timescale
        tick = second * scale + self.track.playing[0]
        packet = max(0, int(np.searchsorted(self.before, tick, side="right")) - 1)
        inside = min(self.frame, tick - int(self.before[packet]))
        return max(0.0, packet * self.frame + inside - self.track.playing[0]) / scale


def straighten(track: AudioTrack, frame: int) -> Straight | None:
    """The track with `frame` ticks a packet; None where most packets are said to be something else."""
    count = len(track.packets)
    even = sum(number for number, ticks in track.deltas if ticks == frame)
    if even < _MOST * count or abs(track.media_duration - count * frame) > _NEAR * count * frame:
        return None
    before = _starts(track.deltas)[:count]
    last = min(frame, track.deltas[-1][1]) or frame
    deltas = ((count - 1, frame), (1, last)) if count > 1 else ((1, last),)
    skip = track.playing[0]
    # The old table's length is as wrong as the table: all that the packets hold is played.
    return Straight(replace(track, deltas=deltas, edits=_whole(track, skip)), before, frame)


def _starts(deltas: Sequence[tuple[int, int]]) -> Numbers:
    ticks = np.repeat(np.asarray([ticks for _, ticks in deltas], np.int64), [number for number, _ in deltas])
    starts = np.cumsum(ticks)
    starts -= ticks
    return starts


def _whole(track: AudioTrack, skip: int) -> tuple[Edit, ...]:
    """An edit that skips the encoder's delay and says nothing of the length."""
    return (Edit(0, skip),) if skip else ()
