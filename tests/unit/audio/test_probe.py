"""One look tells codec, rate, length and tags of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.probe import damaged, probe
from auralarchive.audio.sources import Source, find_sources
from auralarchive.ports.errors import Damaged, InvalidInput
from tests.support.audio import encode, make_book, odd_length, voice

CODECS = {
    "mp3": "mp3",
    "m4a": "aac",
    "aac": "aac",
    "alac": "alac",
    "flac": "flac",
    "ogg": "vorbis",
    "opus": "opus",
    "wma": "wma",
    "wav": "pcm",
}


def _source(path: Path) -> Source:
    return find_sources((path,), max_files=9).audio[0]


@pytest.mark.parametrize("codec", CODECS)
def test_every_kind_is_understood(tmp_path: Path, codec: str) -> None:
    rate = 48000 if codec == "opus" else 22050
    (path,) = make_book(tmp_path, chapters=1, seconds=3.0, codec=codec, rate=rate, channels=2)
    found = probe(_source(path))
    assert (found.codec, found.rate, found.channels) == (CODECS[codec], rate, 2)
    assert found.seconds == pytest.approx(odd_length(1, 3.0, rate) / rate, abs=0.2)
    assert (found.aac is not None) == (codec in ("m4a", "aac"))
    assert found.lossless == (codec in ("flac", "alac", "wav"))
    if codec in ("m4a", "flac", "alac"):
        assert found.samples == odd_length(1, 3.0, rate)
    if codec not in ("wma", "wav", "aac"):
        assert (found.tags.album, found.tags.track) == ("The Test Book", 1)


def test_a_shop_s_lock_is_refused_by_name(tmp_path: Path) -> None:
    path = encode(tmp_path / "song.m4p", voice(1, 0.5), "m4a")
    data = bytearray(path.read_bytes())
    at = data.index(b"mp4a", data.index(b"stsd"))
    data[at : at + 4] = b"drms"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="FairPlay"):
        probe(_source(path))


def test_damage_is_named_with_its_time(tmp_path: Path) -> None:
    error = damaged(_source(encode(tmp_path / "a.mp3", voice(1, 0.5), "mp3")), "it is cut", 3723.4)
    assert isinstance(error, Damaged)
    assert "a.mp3 is damaged at 1:02:03.4: it is cut." in error.reason
