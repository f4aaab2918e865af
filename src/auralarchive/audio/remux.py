"""Joins AAC sources without touching their packets, but for the few that are made anew around a joint.

Only the tables are new. What the first source's encoder put before its sound stays and is skipped; where one
source meets the next, `seam` says which packets of either are kept, and what comes between them. Times are
exact: a chapter begins where its source's sound does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from auralarchive.audio.chapters import Part
from auralarchive.audio.mp4.copying import OnBytes, batches, copy, read_packets, write_all
from auralarchive.audio.mp4.track import AudioTrack, Numbers, Packets
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.seam import Joint
from auralarchive.audio.sources import Source


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets that follow one another: of a source, and behind them those that were made anew."""

    source: Source
    packets: Packets
    new: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class CopyPlan:
    """Which packets of which source follow each other, and when each source begins to sound (in ticks)."""

    stretches: tuple[Stretch, ...]
    parts: tuple[Part, ...]
    joints: tuple[Joint, ...]
    timescale: int
    deltas: tuple[tuple[int, int], ...]
    skip: int
    playing: int

    @cached_property
    def sizes(self) -> Numbers:
        if len(self.stretches) == 1:
            return self.stretches[0].packets.sizes
        return np.concatenate(list(self._sizes()))

    def _sizes(self) -> Iterator[Numbers]:
        for stretch in self.stretches:
            yield stretch.packets.sizes
            yield np.asarray([len(packet) for packet in stretch.new], np.int32)

    @property
    def total_bytes(self) -> int:
        return int(self.sizes.sum())

    def copy(self, target: int, on_bytes: OnBytes) -> None:
        """Write all packets to the file open as `target`."""
        for stretch in self.stretches:
            with stretch.source.open() as fd:
                copy(fd, stretch.packets, target, on_bytes)
            write_all(target, b"".join(stretch.new))

    def same(self, made: int, track: AudioTrack, heartbeat: Callable[[], None]) -> int:
        """How many packets of `track`, in the file open as `made`, are the sources' own bytes."""
        same = done = 0
        for stretch in self.stretches:
            with stretch.source.open() as fd:
                for group in batches(stretch.packets):
                    heartbeat()
                    ours = track.packets.slice(done, done + len(group))
                    if read_packets(fd, group) == read_packets(made, ours):
                        same += len(group)
                    done += len(group)
            done += len(stretch.new)
        return same


def plan_copy(probes: Sequence[Probe], joints: Sequence[Joint]) -> CopyPlan:
    """Lay the sources' packets one after another. All must be AAC of one configuration; a joint between each two."""
    tracks = [probe.aac for probe in probes if probe.aac is not None]
    first = tracks[0]
    starts = [0, *(joint.start for joint in joints)]
    ends = [*(joint.end for joint in joints), _used(tracks[-1])]
    new = [*(joint.packets for joint in joints), ()]
    stretches = tuple(
        Stretch(probe.source, track.packets.slice(start, end), made)
        for probe, track, start, end, made in zip(probes, tracks, starts, ends, new, strict=True)
    )
    parts = _parts(probes, tracks, joints)
    count = sum(len(stretch.packets) + len(stretch.new) for stretch in stretches)
    playing = parts[-1].start + parts[-1].length
    over = count * first.frame - first.skip - playing
    deltas = [(count, first.frame)] if not over else [(count - 1, first.frame), (1, first.frame - over)]
    return CopyPlan(
        stretches=stretches,
        parts=parts,
        joints=tuple(joints),
        timescale=first.timescale,
        deltas=tuple((number, ticks) for number, ticks in deltas if number),
        skip=first.skip,
        playing=playing,
    )


def _parts(probes: Sequence[Probe], tracks: Sequence[Aac], joints: Sequence[Joint]) -> tuple[Part, ...]:
    parts = [Part(probes[0], 0, tracks[0].playing)]
    for (_, probe), track, joint in zip(pairwise(probes), tracks[1:], joints, strict=True):
        last = parts[-1]
        parts.append(Part(probe, last.start + last.length + joint.gap, track.playing))
    return tuple(parts)


def _used(track: Aac) -> int:
    """The number of packets until the sound ends."""
    return min(len(track.packets), -(-(track.skip + track.playing) // track.frame))
