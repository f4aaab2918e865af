"""A time table that other tools have bent is made even again, and chapters stay at their sound."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mp4.straighten import straighten
from auralarchive.audio.mp4.track import AudioTrack, Packets
from tests.support.audio import encode, ffmpeg, voice


def _track(*deltas: tuple[int, int]) -> AudioTrack:
    count = sum(number for number, _ in deltas)
    packets = Packets(np.arange(count), np.ones(count, np.int64))
    return AudioTrack(packets, 44100, 44100, deltas, (), b"mp4a", b"", b"", 1, 44100)


def test_every_packet_is_a_frame_again() -> None:
    straight = straighten(_track((100, 1024), (1, 1), (100, 1024), (1, 300)), 1024)
    assert straight is not None
    assert straight.track.deltas == ((201, 1024), (1, 300))
    assert straight.track.playing == (0, 201 * 1024 + 300)
    old = 100 * 1024 + 1 + 3 * 1024 + 7  # the fourth packet behind the bend
    assert straight.moved(old / 44100) == pytest.approx((104 * 1024 + 7) / 44100)
    assert straight.moved(0.01) == pytest.approx(0.01)


def test_another_kind_of_track_is_left_alone() -> None:
    assert straighten(_track((10, 1024), (10, 2048)), 1024) is None
    assert straighten(_track((20, 1024), (1, 900_000)), 1024) is None


def test_the_copies_of_another_tool_are_read_right(tmp_path: Path) -> None:
    """FFmpeg puts three files behind one another: its own table is short by most of a frame for each."""
    names = []
    for number in (1, 2, 3):
        path = encode(tmp_path / f"{number}.m4a", voice(number, 2.0), "m4a")
        names.append(f"file '{path}'\n")
    (tmp_path / "list").write_text("".join(names))
    joined = tmp_path / "joined.m4a"
    command = [ffmpeg(), "-v", "error", "-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-c", "copy"]
    subprocess.run([*command, "-f", "ipod", str(joined)], check=True)
    fd = os.open(joined, os.O_RDONLY)
    track = read(fd).audio[0]
    os.close(fd)
    assert track.frame is None
    straight = straighten(track, 1024)
    assert straight is not None
    assert straight.track.frame == 1024
    assert straight.track.media_duration > track.media_duration
