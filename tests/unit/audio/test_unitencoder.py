"""One unit: the right sound goes in, the right packets come out, and a wrong promise is noticed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.ffmpeg import Ffmpeg, examine
from auralarchive.audio.fingerprint import KEPT, WINDOW
from auralarchive.audio.grid import FRAME, Piece, Unit
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.plan import Format
from auralarchive.audio.process import Limits
from auralarchive.audio.results import Results
from auralarchive.audio.sources import Source, find_sources
from auralarchive.audio.unitencoder import Complained, Files, Inexact, Made, UnitEncoder
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, ffmpeg_programs, odd_length, voice

TARGET = Format(44100, 1, 64, "fast")


def _source(path: Path) -> Source:
    return find_sources((path,), max_files=1).audio[0]


def _encoder(ffmpeg: Ffmpeg, folder: Path, heard: list[float] | None = None, target: Format = TARGET) -> UnitEncoder:
    on_samples = (heard if heard is not None else []).append
    return UnitEncoder(ffmpeg, Limits(), target, 1, Results(folder), CancelToken(), on_samples)


def _bytes(made: Made) -> bytes:
    fd = os.open(made.path, os.O_RDONLY)
    try:
        return read_packets(fd, made.packets)
    finally:
        os.close(fd)


@pytest.mark.parametrize("program", ffmpeg_programs())
@pytest.mark.parametrize("samples", [1, 1023, 1024, 1025, 8192, 40_000])
def test_each_begun_frame_is_one_packet_and_one_more(tmp_path: Path, program: Path, samples: int) -> None:
    """The encoder's delay is one frame: joints and edit list rely on it, with every FFmpeg."""
    found = examine(program, "test")
    assert found is not None
    source = _source(encode(tmp_path / "x.flac", voice(1, 1.0)[:samples], "flac"))
    unit = Unit(0, 0, -(-samples // FRAME), samples)
    made = _encoder(found, tmp_path / "r").encode(unit, Files([source], ["a"], [Piece(0, 0, None)]))
    assert len(made.packets) == unit.packets


@pytest.mark.parametrize("program", ffmpeg_programs())
@pytest.mark.parametrize(("codec", "rate"), [("mp3", 44100), ("mp3", 22050), ("flac", 48000), ("wav", 44100)])
def test_the_sound_is_that_of_the_sources_end_to_end(tmp_path: Path, program: Path, codec: str, rate: int) -> None:
    """From the middle of one source over a whole short one into a third: every window is what a plain decode gives."""
    found = examine(program, "test")
    assert found is not None
    lengths = (9.0, 1.0, 9.0)
    paths = [encode(tmp_path / f"{n}.{codec}", voice(n, s, rate), codec, rate=rate) for n, s in enumerate(lengths, 1)]
    sounds = [decode(path)[:, 0] for path in paths]
    begin, stop = 40 * 4096, sum(map(len, sounds)) - 50_000
    unit = Unit(begin // FRAME, begin // FRAME, stop // FRAME, stop)
    wanted = [Piece(0, begin, None), Piece(1, 0, None), Piece(2, 0, len(sounds[2]) - 50_000)]
    encoder = _encoder(found, tmp_path / "r", target=replace(TARGET, rate=rate))
    made = encoder.encode(unit, Files([_source(path) for path in paths], ["a", "b", "c"], wanted))
    prints = encoder.prints(made)
    book = np.concatenate(sounds)[: stop // WINDOW * WINDOW].reshape(-1, WINDOW)[begin // WINDOW :, :KEPT]
    assert list(prints.numbers) == list(range(begin // WINDOW, stop // WINDOW))
    assert np.abs(prints.windows - 32768 * book).max() <= 1


def test_stereo_stays_stereo(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    source = _source(encode(tmp_path / "x.mp3", voice(1, 2.0, channels=2), "mp3"))
    samples = odd_length(1, 2.0, 44100)
    encoder = _encoder(ffmpeg, tmp_path / "r", target=replace(TARGET, channels=2))
    made = encoder.encode(Unit(0, 0, -(-samples // FRAME), samples), Files([source], ["a"], [Piece(0, 0, None)]))
    assert decode(made.path).shape[1] == 2
    assert len(encoder.prints(made).windows) == samples // WINDOW


@pytest.mark.parametrize("off", [-700, -1, 1, 700])
def test_a_source_of_another_length_is_noticed(tmp_path: Path, ffmpeg: Ffmpeg, off: int) -> None:
    source = _source(encode(tmp_path / "x.flac", voice(1, 2.0), "flac"))
    unit = Unit(0, 0, 100, odd_length(1, 2.0, 44100) + off)
    with pytest.raises(Inexact, match="instead of"):
        _encoder(ffmpeg, tmp_path / "r").encode(unit, Files([source], ["a"], [Piece(0, 0, None)]))
    assert list((tmp_path / "r").iterdir()) == []


def test_a_damaged_source_makes_it_complain(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 4.0), "mp3")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x5a" * 5000)
    samples = odd_length(1, 4.0, 44100)
    with pytest.raises(Complained):
        _encoder(ffmpeg, tmp_path / "r").encode(
            Unit(0, 0, 1, samples), Files([_source(path)], ["a"], [Piece(0, 0, None)])
        )


def test_what_is_there_is_not_encoded_again(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """The same sources and arguments find the same result; other ones do not."""
    path = encode(tmp_path / "x.flac", voice(1, 20.0), "flac")
    samples = odd_length(1, 20.0, 44100)
    unit, feed = Unit(0, 0, -(-samples // FRAME), samples), Files([_source(path)], ["a"], [Piece(0, 0, None)])
    first = _encoder(ffmpeg, tmp_path / "r").encode(unit, feed)
    heard: list[float] = []
    again = _encoder(ffmpeg, tmp_path / "r", heard).encode(unit, feed)
    assert (again.path, heard) == (first.path, [samples])
    other = _encoder(ffmpeg, tmp_path / "r").encode(unit, replace(feed, hashes=["b"]))
    assert other.path != first.path
    assert _bytes(other) == _bytes(first)


def test_progress_is_told_in_samples(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    samples = odd_length(1, 120.0, 44100)
    source = _source(encode(tmp_path / "x.flac", voice(1, 120.0), "flac"))
    heard: list[float] = []
    unit = Unit(0, 0, -(-samples // FRAME), samples)
    _encoder(ffmpeg, tmp_path / "r", heard, replace(TARGET, coder="twoloop")).encode(
        unit, Files([source], ["a"], [Piece(0, 0, None)])
    )
    assert sum(heard) == pytest.approx(samples)
    assert len(heard) > 1
    shutil.rmtree(tmp_path / "r")
