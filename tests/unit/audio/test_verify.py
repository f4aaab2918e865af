"""The single checks of a finished file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.envelope import Loudness
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.process import Limits
from auralarchive.audio.verify import (
    Decoded,
    check_structure,
    count_foreign,
    decode_all,
    file_digest,
    packets_digest,
    right_length,
    same_sound,
)
from auralarchive.ports.errors import PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, make_m4b, odd_length, voice

SILENT: Loudness = np.zeros(0, np.float32)


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


def test_noise_among_packets_is_counted(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.m4a", voice(1, 3.0), "m4a")
    fd = os.open(path, os.O_RDONLY)
    packets = read(fd).audio[0].packets
    assert count_foreign(fd, packets, 1) == 0
    assert count_foreign(fd, packets, 2) > 0.8 * len(packets)
    shifted = Packets(packets.offsets - 3, packets.sizes)
    assert count_foreign(fd, shifted, 1) > 0.3 * len(packets)
    assert packets_digest(fd, packets, lambda count: None) != packets_digest(fd, shifted, lambda count: None)
    assert len(file_digest(fd, lambda count: None)) == 64
    os.close(fd)


def test_a_complete_decode_counts_and_complains(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = encode(tmp_path / "x.m4a", voice(1, 3.0), "m4a")
    fd = os.open(path, os.O_RDWR)
    track = read(fd).audio[0]
    good = decode_all(ffmpeg, Limits(), CancelToken(), fd, track, lambda count: None)
    assert odd_length(1, 3.0, 44100) - 45 <= good.samples < odd_length(1, 3.0, 44100) + 1024
    assert (good.complaint, good.silent) == ("", False)
    os.pwrite(fd, b"\x55" * 2000, int(track.packets.offsets[60]))
    bad = decode_all(ffmpeg, Limits(), CancelToken(), fd, track, lambda count: None)
    os.close(fd)
    assert bad.complaint
    assert bad.second is not None


@pytest.mark.parametrize(("samples", "right"), [(10_000, True), (10_990, True), (9_998, False), (11_100, False)])
def test_the_last_frame_may_be_played_to_its_end(samples: int, right: bool) -> None:
    """FFmpeg before 6 does; anything shorter or longer is wrong."""
    decoded = Decoded(samples, 44100, "", None, SILENT, False)
    assert right_length(decoded, AacConfig(2, 44100, 1), 10_000, 44100, 44100) is right


def test_swapped_or_lost_parts_do_not_sound_the_same() -> None:
    random = np.random.default_rng(1)
    sound = random.uniform(0.01, 0.5, 600).astype(np.float32)
    coded = (sound * random.uniform(0.9, 1.1, 600)).astype(np.float32)
    assert same_sound(sound, coded)
    assert not same_sound(sound, np.roll(coded, 60))
    assert not same_sound(sound, coded[:500])
    assert same_sound(SILENT, SILENT)
