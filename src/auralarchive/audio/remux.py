"""Joins AAC sources without touching a packet: only the tables are new.

Each source keeps the encoder's delay of its own at its beginning, except for packets that hold nothing
else; one of those stays, as the decoder needs a run-in. Times are exact: a chapter begins where its
source's sound does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auralarchive.audio.chapters import Part
from auralarchive.audio.mp4.copying import OnBytes, batches, copy, read_packets
from auralarchive.audio.mp4.track import AudioTrack, Numbers, Packets
from auralarchive.audio.probe import Aac, Probe


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """Which packets of which source follow each other, and when each source begins to sound (in ticks)."""

    probes: tuple[Probe, ...]
    packets: tuple[Packets, ...]
    parts: tuple[Part, ...]
    timescale: int
    deltas: tuple[tuple[int, int], ...]
    skip: int
    playing: int

    @property
    def sizes(self) -> Numbers:
        return np.concatenate([packets.sizes for packets in self.packets])

    @property
    def total_bytes(self) -> int:
        return int(self.sizes.sum())

    def copy(self, target: int, on_bytes: OnBytes) -> None:
        """Write all packets to the file open as `target`."""
        for probe, packets in zip(self.probes, self.packets, strict=True):
            with probe.source.open() as fd:
                copy(fd, packets, target, on_bytes)

    def same(self, made: int, track: AudioTrack, heartbeat: Callable[[], None]) -> int:
        """How many packets of `track`, in the file open as `made`, are the sources' own bytes."""
        same = done = 0
        for probe, packets in zip(self.probes, self.packets, strict=True):
            with probe.source.open() as fd:
                for group in batches(packets):
                    heartbeat()
                    ours = track.packets.slice(done, done + len(group))
                    if read_packets(fd, group) == read_packets(made, ours):
                        same += len(group)
                    done += len(group)
        return same


def plan_copy(probes: Sequence[Probe]) -> CopyPlan:
    """Lay the sources' packets one after another. All must be AAC of one configuration."""
    tracks = [probe.aac for probe in probes if probe.aac is not None]
    first = tracks[0]
    media = 0
    taken: list[Packets] = []
    parts: list[Part] = []
    for probe, track in zip(probes, tracks, strict=True):
        packets, skip = _used(track, keep_start=not parts)
        start = media + skip - first.skip
        taken.append(packets)
        parts.append(Part(probe, start, track.playing))
        media += len(packets) * first.frame
    playing = parts[-1].start + parts[-1].length
    over = media - first.skip - playing
    count = sum(len(packets) for packets in taken)
    deltas = [(count, first.frame)] if not over else [(count - 1, first.frame), (1, first.frame - over)]
    return CopyPlan(
        probes=tuple(probes),
        packets=tuple(taken),
        parts=tuple(parts),
        timescale=first.timescale,
        deltas=tuple((number, ticks) for number, ticks in deltas if number),
        skip=first.skip,
        playing=playing,
    )


def _used(track: Aac, *, keep_start: bool) -> tuple[Packets, int]:
    """The packets that matter and the ticks to skip in them."""
    drop = 0 if keep_start else max(0, track.skip // track.frame - 1)
    last = min(len(track.packets), -(-(track.skip + track.playing) // track.frame))
    return track.packets.slice(drop, last), track.skip - drop * track.frame
