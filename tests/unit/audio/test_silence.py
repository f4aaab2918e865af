"""Silences are found where they are, by every FFmpeg, and chapters are proposed at the longest."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from auralarchive.audio.ffmpeg import Ffmpeg, examine, find_ffmpeg
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.process import Limits
from auralarchive.audio.silence import _MOST, _Heard, pauses, propose
from auralarchive.audio.sources import find_sources
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, voice

RATE = 44100


def _programs() -> list[Ffmpeg]:
    shipped = examine(Path(imageio_ffmpeg.get_ffmpeg_exe()), "shipped")
    assert shipped is not None
    return [find_ffmpeg(), shipped]


def _silent(path: Path, codec: str) -> Probe:
    """Speech that is silent from 3 to 5.5 s and from 9 to 12 s, and too shortly from 7 to 8 s."""
    sound = voice(1, 15.0)
    for start, end in ((3.0, 5.5), (7.0, 8.0), (9.0, 12.0)):
        sound[int(start * RATE) : int(end * RATE)] = 0
    encode(path, sound, codec)
    (source,) = find_sources((path,), max_files=1).audio
    return probe(source)


@pytest.mark.parametrize("codec", ["mp3", "m4a", "flac", "opus"])
@pytest.mark.parametrize("ffmpeg", _programs(), ids=lambda each: each.origin)
def test_silences_are_found_to_a_few_hundredths(tmp_path: Path, ffmpeg: Ffmpeg, codec: str) -> None:
    heard = pauses(_silent(tmp_path / "x", codec), 1000, ffmpeg=ffmpeg, limits=Limits(), cancel=CancelToken())
    assert np.allclose(heard, [(3000, 5500), (9000, 12_000)], atol=120)


def test_what_comes_in_pieces_is_read_whole_and_bounded() -> None:
    text = b"frame:1    pts:100000 pts_time:1\nlavfi.silence_start=0.5\nframe:2 pts:200000 pts_time:2\n"
    text += b"lavfi.silence_end=2\nlavfi.silence_duration=1.5\n"
    heard = _Heard(RATE)
    for at in range(len(text)):
        heard.take(text[at : at + 1])
    assert heard.silences == [(100_000 - 2 * RATE, 200_000)]
    heard.take(b"lavfi.silence_end=2\nframe:x pts:9\n" + b"x" * 5_000_000)
    assert len(heard._rest) <= 500
    assert len(heard.silences) == 1
    heard.take(b"\n" + text * (_MOST + 5))
    assert len(heard.silences) == _MOST


def test_the_longest_pauses_begin_chapters_far_enough_apart() -> None:
    minute = 60_000
    silences = [
        (1 * minute, 1 * minute + 9000),  # too near the beginning
        (10 * minute, 10 * minute + 3000),
        (12 * minute, 12 * minute + 4000),  # longer than its neighbour
        (30 * minute, 30 * minute + 2000),
        (58 * minute, 58 * minute + 9000),  # too near the end
    ]
    assert propose(silences, 60 * minute, 1000) == [12 * minute + 3500, 30 * minute + 1500]
    assert propose([], 60 * minute, 1000) == []


def test_proposals_keep_their_distance_whatever_is_heard() -> None:
    dice = random.Random(1)
    starts = [dice.randrange(20 * 3_600_000) for _ in range(_MOST)]
    places = propose([(start, start + dice.randint(2000, 9000)) for start in starts], 20 * 3_600_000, 1000)
    assert len(places) > 100
    assert min(after - before for before, after in pairwise(places)) >= 5 * 60_000
