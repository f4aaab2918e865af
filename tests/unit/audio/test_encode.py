"""Segments are cut on one grid, and each is encoded to exactly its packets."""

from __future__ import annotations

import numpy as np
import pytest

from auralarchive.audio.encode import FRAME, RUN_IN, Encoder, SegmentedEncoder, fed_bytes, segment_frames
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.join import Segment
from auralarchive.audio.plan import Format
from auralarchive.audio.process import Limits
from auralarchive.ports.work import CancelToken
from tests.support.audio import voice

TARGET = Format(22050, 1, 32, "fast")


def _encoder(ffmpeg: Ffmpeg) -> Encoder:
    return Encoder(ffmpeg, Limits(), TARGET, CancelToken(), lambda count: None)


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 10 * 1024])
def test_each_begun_frame_is_one_packet_and_one_more(ffmpeg: Ffmpeg, count: int) -> None:
    """The encoder's delay is one frame: the joiner relies on it."""
    samples = voice(1, 1.0, 22050)[:count].tobytes()
    assert len(_encoder(ffmpeg).encode(samples)) == -(-count // FRAME) + 1


def test_segments_overlap_by_their_run_in(ffmpeg: Ffmpeg) -> None:
    segments: list[Segment] = []
    sound = voice(1, 60.0, 22050)
    encoder = SegmentedEncoder(_encoder(ffmpeg), 600, 2, segments.append)
    for start in range(0, len(sound), 10_007):
        encoder.take(sound[start : start + 10_007].tobytes())
    encoder.finish()
    encoder.close()
    assert encoder.samples == len(sound)
    assert [(segment.first, segment.start) for segment in segments] == [
        (0, 0),
        (600 - RUN_IN, 600),
        (1200 - RUN_IN, 1200),
    ]
    assert segments[-1].first + len(segments[-1].packets) == -(-len(sound) // FRAME) + 1


def test_segments_are_bounded_in_time_and_memory() -> None:
    frames = segment_frames(Format(48000, 2, 128, "fast"), 100_000.0, 16)
    assert frames * FRAME * 8 <= 2**30 / 18
    assert segment_frames(TARGET, 1.0, 2) >= 2 * RUN_IN
    assert fed_bytes(TARGET, 10.0, 10_000) == pytest.approx(10 * 22050 * 4, rel=0.001)
    assert np.isclose(fed_bytes(TARGET, 1000.0, 1000) / (1000 * 22050 * 4), 1.26, atol=0.02)
