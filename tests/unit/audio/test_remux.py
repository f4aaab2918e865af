"""Joining copied packets: what is dropped, and where each part begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.remux import plan_copy
from auralarchive.audio.sources import Source


def _probe(count: int, skip: int, playing: int) -> Probe:
    source = Source(Path("/x/a.m4a"), Path("a.m4a"), Kind.MP4, 1, (0, 0, 0))
    packets = Packets(np.arange(count, dtype=np.int64) * 10, np.full(count, 10, np.int64))
    aac = Aac(AacConfig(2, 44100, 1), packets, 44100, 1024, ((count, 1024),), skip, playing, b"", b"")
    return Probe(source, "aac", 44100, 1, 64, 1.0, aac=aac)


def test_the_first_delay_is_skipped_and_the_last_padding_cut() -> None:
    plan = plan_copy([_probe(10, 1024, 8000)])
    assert (plan.skip, plan.playing) == (1024, 8000)
    assert sum(count * ticks for count, ticks in plan.deltas) == 1024 + 8000
    assert sum(map(len, plan.packets)) == 9  # the tenth would be padding alone


def test_later_parts_keep_one_packet_of_run_in() -> None:
    """Apple's encoders begin with 2112 samples of delay: two of those packets are of no use in the middle."""
    plan = plan_copy([_probe(10, 1024, 9 * 1024), _probe(12, 2112, 9000)])
    second = plan.packets[1]
    assert second.offsets[0] == 10
    assert plan.parts[1].start == 10 * 1024 + (2112 - 1024) - 1024
    assert plan.playing == plan.parts[1].start + 9000


def test_a_whole_number_of_packets_needs_no_cut() -> None:
    plan = plan_copy([_probe(10, 1024, 9 * 1024)])
    assert plan.deltas == ((10, 1024),)
    assert plan.total_bytes == 100
