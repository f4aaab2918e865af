"""Decoding gives just the samples that are to be heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.decode import Decoder
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import probe
from auralarchive.audio.process import Limits
from auralarchive.audio.sources import find_sources
from auralarchive.ports.errors import Damaged
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, make_m4b, odd_length, voice


def _decode(ffmpeg: Ffmpeg, path: Path, rate: int = 44100, channels: int = 1) -> tuple[int, bytes]:
    (source,) = find_sources((path,), max_files=1).audio
    data = bytearray()
    decoder = Decoder(ffmpeg, Limits(), Format(rate, channels, 64, "fast"), CancelToken())
    return decoder.decode(probe(source), data.extend), bytes(data)


@pytest.mark.parametrize("codec", ["mp3", "m4a", "flac", "wav"])
def test_the_count_is_exact(tmp_path: Path, ffmpeg: Ffmpeg, codec: str) -> None:
    """Neither an encoder's delay nor padding, nor an edit list in milliseconds, adds or takes a sample."""
    path = encode(tmp_path / "x", voice(1, 2.0), codec)
    path = path.rename(tmp_path / f"x.{codec}")
    count, data = _decode(ffmpeg, path)
    assert count == odd_length(1, 2.0, 44100)
    assert len(data) == 4 * count


def test_rate_and_channels_become_the_book_s(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = encode(tmp_path / "x.flac", voice(1, 2.0, 22050), "flac", rate=22050)
    count, data = _decode(ffmpeg, path, 44100, 2)
    assert count == pytest.approx(2 * odd_length(1, 2.0, 22050), abs=1)
    assert len(data) == 8 * count


def test_the_second_of_a_damage_is_named(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = make_m4b(tmp_path / "x.m4b", 1, seconds=6.0)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x5a" * 3000)
    with pytest.raises(Damaged, match=r"x\.m4b is damaged at 0:00:0[0-3]"):
        _decode(ffmpeg, path)
