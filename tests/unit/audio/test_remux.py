"""Joining copied packets: what is dropped, and where each part begins."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.track import AudioTrack, Numbers, Packets
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.remux import CopyPlan, plan_copy
from auralarchive.audio.seam import Joint, joints_as_they_are
from auralarchive.audio.sources import Source


def _probe(count: int, skip: int, playing: int) -> Probe:
    source = Source(Path("/x/a.m4a"), Path("a.m4a"), Kind.MP4, 1, (0, 0, 0))
    packets = Packets(np.arange(count, dtype=np.int64) * 10, np.full(count, 10, np.int64))
    aac = Aac(AacConfig(2, 44100, 1), packets, 44100, 1024, ((count, 1024),), skip, playing, b"", b"")
    return Probe(source, "aac", 44100, 1, 64, 1.0, aac=aac)


def _plan(*probes: Probe) -> CopyPlan:
    return plan_copy(probes, joints_as_they_are(probes))


def test_the_first_delay_is_skipped_and_the_last_padding_cut() -> None:
    plan = _plan(_probe(10, 1024, 8000))
    assert (plan.skip, plan.playing) == (1024, 8000)
    assert sum(count * ticks for count, ticks in plan.deltas) == 1024 + 8000
    assert len(plan.sizes) == 9  # the tenth would be padding alone


def test_later_parts_keep_one_packet_of_run_in() -> None:
    """Apple's encoders begin with 2112 samples of delay: two of those packets are of no use in the middle."""
    plan = _plan(_probe(10, 1024, 9 * 1024), _probe(12, 2112, 9000))
    second = plan.stretches[1].packets
    assert second.offsets[0] == 10
    assert plan.parts[1].start == 10 * 1024 + (2112 - 1024) - 1024
    assert plan.playing == plan.parts[1].start + 9000


def test_a_whole_number_of_packets_needs_no_cut() -> None:
    plan = _plan(_probe(10, 1024, 9 * 1024))
    assert plan.deltas == ((10, 1024),)
    assert plan.total_bytes == 100


def test_packets_made_anew_stand_between_the_copied_ones(tmp_path: Path) -> None:
    """Two of the first part's packets and one of the second's give way to three new ones."""
    paths = [tmp_path / "1", tmp_path / "2"]
    for number, path in enumerate(paths):
        path.write_bytes(b"".join(bytes([number, at]) * 5 for at in range(10)))
    sources = [_source(path) for path in paths]
    probes = [replace(_probe(10, 1024, 8 * 1024), source=source) for source in sources]
    joint = Joint("gapless", 7, 2, 0, "made", (b"new1", b"new2", b"new3"))
    plan = plan_copy(probes, [joint])
    assert plan.parts[1].start == 8 * 1024
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    plan.copy(fd, lambda count: None)
    data = paths[0].read_bytes()[:70] + b"new1new2new3" + paths[1].read_bytes()[20:90]
    assert (tmp_path / "out").read_bytes() == data
    track = _track(plan.sizes)
    assert plan.same(fd, track, lambda: None) == len(plan.sizes) - 3
    os.pwrite(fd, b"x", 5)
    assert plan.same(fd, track, lambda: None) < len(plan.sizes) - 3
    os.close(fd)


def _source(path: Path) -> Source:
    status = path.stat()
    return Source(path, Path(path.name), Kind.MP4, status.st_size, (status.st_ino, status.st_size, status.st_mtime_ns))


def _track(sizes: Numbers) -> AudioTrack:
    packets = Packets(np.cumsum(sizes) - sizes, sizes)
    return AudioTrack(packets, 44100, 44100, ((len(sizes), 1024),), (), b"mp4a", b"", b"", 1, 44100)
