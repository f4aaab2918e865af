"""Packets as byte ranges, and what of a track is heard."""

from __future__ import annotations

import numpy as np

from auralarchive.audio.mp4.track import AudioTrack, Edit, Packets


def _packets(count: int) -> Packets:
    return Packets(np.arange(count, dtype=np.int64) * 10, np.full(count, 10, np.int64))


def _track(edits: tuple[Edit, ...], movie_timescale: int = 44100, tail: int = 24) -> AudioTrack:
    deltas = ((9, 1024), (1, tail))
    return AudioTrack(_packets(10), 44100, movie_timescale, deltas, edits, b"mp4a", b"", b"\x12\x08", 1, 44100)


def test_neighbours_become_one_range() -> None:
    packets = Packets(np.array([0, 10, 30, 35], np.int64), np.array([10, 5, 5, 5], np.int64))
    assert packets.runs() == [(0, 15), (30, 10)]
    assert packets.slice(0, 0).runs() == []


def test_an_exact_edit_is_believed_and_a_rounded_one_is_not() -> None:
    """An edit list in milliseconds would cut up to 44 samples off the end."""
    total = 9 * 1024 + 24
    assert _track((Edit(8000, 1024),)).playing == (1024, 8000)
    assert _track((Edit(180, 1024),), movie_timescale=1000).playing == (1024, total - 1024)
    assert _track(()).playing == (0, total)


def test_only_regular_packets_have_a_frame_length() -> None:
    assert _track(()).frame == 1024
    assert _track((), tail=2048).frame is None
