"""A stream of samples becomes the same units as sources that FFmpeg cuts itself."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.grid import FRAME, pieces, units
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.plan import Format
from auralarchive.audio.process import Limits
from auralarchive.audio.results import Results
from auralarchive.audio.sources import find_sources
from auralarchive.audio.spool import Spooler
from auralarchive.audio.unitencoder import Files, Made, UnitEncoder
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, voice

TARGET = Format(22050, 1, 32, "fast")
OWN = 600


def _encoder(ffmpeg: Ffmpeg, folder: Path) -> UnitEncoder:
    return UnitEncoder(ffmpeg, Limits(), TARGET, 2, Results(folder), CancelToken(), lambda samples: None)


def _bytes(made: Made) -> bytes:
    fd = os.open(made.path, os.O_RDONLY)
    try:
        return read_packets(fd, made.packets)
    finally:
        os.close(fd)


@pytest.mark.parametrize("samples", [1000, OWN * FRAME, OWN * FRAME + 1, 3 * OWN * FRAME + 5 * FRAME, 1_300_000])
def test_the_units_are_those_of_a_known_length(tmp_path: Path, ffmpeg: Ffmpeg, samples: int) -> None:
    sound = voice(1, 60.0, 22050)[:samples]
    (tmp_path / "work").mkdir()
    spooler = Spooler(_encoder(ffmpeg, tmp_path / "r"), tmp_path / "work", OWN, 2)
    for start in range(0, len(sound), 10_007):
        spooler.take(sound[start : start + 10_007].tobytes())
    made = spooler.finish()
    spooler.close()
    assert spooler.samples == len(sound)
    assert made[0].unit.start == 0
    assert made[-1].unit.end == -(-len(sound) // FRAME)
    assert made[-1].unit.stop == len(sound)
    assert all(before.unit.end == after.unit.start for before, after in pairwise(made))
    assert list((tmp_path / "work").iterdir()) == []


def test_the_packets_are_the_same_as_straight_from_a_file(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = encode(tmp_path / "x.flac", voice(1, 80.0, 22050), "flac", rate=22050)
    sound = decode(path)
    (source,) = find_sources((path,), max_files=1).audio
    cut = units(len(sound), OWN)
    direct = _encoder(ffmpeg, tmp_path / "direct")
    feeds = [Files([source], ["a"], pieces(unit, [len(sound)])) for unit in cut]
    wanted = [direct.encode(unit, feed) for unit, feed in zip(cut, feeds, strict=True)]
    spooler = Spooler(_encoder(ffmpeg, tmp_path / "r"), tmp_path, OWN, 2)
    spooler.take(sound.tobytes())
    made = spooler.finish()
    spooler.close()
    assert [one.unit for one in made][:-1] == [one.unit for one in wanted][: len(made) - 1]
    assert [_bytes(one) for one in made][:2] == [_bytes(one) for one in wanted][:2]
