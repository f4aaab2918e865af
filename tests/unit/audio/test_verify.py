"""The single checks of a finished file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.process import Limits
from auralarchive.audio.verify import Decoded, check_structure, decode_all, plays, right_length, strange_packets
from auralarchive.ports.errors import PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, make_m4b, odd_length, voice


def test_tables_other_than_planned_are_noticed(tmp_path: Path) -> None:
    fd = os.open(make_m4b(tmp_path / "x.m4b", 2), os.O_RDONLY)
    track = read(fd).audio[0]
    starts = ((0, "Chapter 1"), (round(4.003 * 44100), "Chapter 2"))
    right = Movie(b"", 44100, track.packets.sizes, track.deltas, *track.playing, starts)
    check_structure(fd, right)
    wrong = (
        replace(right, playing=right.playing + 1),
        replace(right, chapters=starts[:1]),
        replace(right, chapters=((0, "Other"), starts[1])),
        replace(right, sizes=right.sizes + 1),
    )
    for movie in wrong:
        with pytest.raises(PermanentError, match="failed its check"):
            check_structure(fd, movie)
    os.close(fd)


def test_noise_among_packets_is_found(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.m4a", voice(1, 3.0), "m4a")
    fd = os.open(path, os.O_RDWR)
    packets = read(fd).audio[0].packets
    assert [len(found) for found in strange_packets(fd, packets, 1)] == [0, 0]
    assert len(strange_packets(fd, packets, 2)[0]) > 0.8 * len(packets)
    os.pwrite(fd, bytes(2000), int(packets.offsets[60]))
    begins, ends = strange_packets(fd, packets, 1)
    os.close(fd)
    assert len(begins) == 0
    assert list(ends[:3]) == [60, 61, 62]


def test_a_complete_decode_counts_and_complains(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = encode(tmp_path / "x.m4a", voice(1, 3.0), "m4a")
    fd = os.open(path, os.O_RDWR)
    track = read(fd).audio[0]
    good = decode_all(ffmpeg, Limits(), CancelToken(), fd, track, lambda count: None)
    assert odd_length(1, 3.0, 44100) - 45 <= good.samples < odd_length(1, 3.0, 44100) + 1024
    assert good.complaint == ""
    assert good.peak == pytest.approx(0.5, abs=0.1)
    os.pwrite(fd, b"\x55" * 2000, int(track.packets.offsets[60]))
    bad = decode_all(ffmpeg, Limits(), CancelToken(), fd, track, lambda count: None)
    os.close(fd)
    assert bad.complaint
    assert bad.second is not None


@pytest.mark.parametrize(("samples", "right"), [(10_000, True), (10_990, True), (9_998, False), (11_100, False)])
def test_the_last_frame_may_be_played_to_its_end(samples: int, right: bool) -> None:
    """FFmpeg before 6 does; anything shorter or longer is wrong."""
    decoded = Decoded(samples, 44100, 0.5, "", None)
    assert right_length(decoded, AacConfig(2, 44100, 1), 10_000, 44100, 44100) is right


@pytest.mark.parametrize("seconds", [0.05, 0.5, 3.0])
def test_a_player_opens_what_is_right_and_complains_of_what_is_not(
    tmp_path: Path, ffmpeg: Ffmpeg, seconds: float
) -> None:
    fd = os.open(encode(tmp_path / "x.m4a", voice(1, seconds), "m4a"), os.O_RDWR)
    assert plays(ffmpeg, Limits(), CancelToken(), fd) == ""
    packets = read(fd).audio[0].packets
    os.pwrite(fd, b"\x5a" * 300, int(packets.offsets[max(1, len(packets) - 10)]))
    assert plays(ffmpeg, Limits(), CancelToken(), fd)
    os.close(fd)
