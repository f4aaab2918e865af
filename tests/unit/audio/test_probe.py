"""One look tells codec, rate, length and tags of every kind."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from auralarchive.audio.probe import damaged, probe
from auralarchive.audio.sources import Source, find_sources
from auralarchive.ports.errors import Damaged, InvalidInput
from tests.support.audio import encode, make_book, odd_length, voice, write_wav

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


@pytest.mark.parametrize("codec", ["opus", "ogg"])
@pytest.mark.parametrize("less", [1, 200, 4000])
def test_a_cut_ogg_is_noticed(tmp_path: Path, codec: str, less: int) -> None:
    """Decoders leave its last page out without a word: seconds of sound."""
    path = encode(tmp_path / f"a.{codec}", voice(1, 3.0), codec)
    probe(_source(path))
    os.truncate(path, path.stat().st_size - less)
    with pytest.raises(Damaged, match=rf"a\.{codec} is damaged: it ends inside a page"):
        probe(_source(path))
    assert "ends inside a page" in probe(_source(path), tolerant=True).warnings[0]


def _with_edit(path: Path, media_time: int) -> Path:
    """The same file, its only edit beginning elsewhere."""
    data = bytearray(encode(path, voice(1, 2.0), "m4a").read_bytes())
    struct.pack_into(">i", data, data.index(b"elst") + 16, media_time)
    path.write_bytes(data)
    return path


def test_an_edit_list_that_leaves_nothing_is_damage(tmp_path: Path) -> None:
    """The part would be missing in a book that looks whole."""
    with pytest.raises(Damaged, match=r"a\.m4a is damaged: its edit list leaves none"):
        probe(_source(_with_edit(tmp_path / "a.m4a", 100_000_000)))


def test_several_edits_lose_no_sound(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", voice(1, 2.0), "m4a")
    data = path.read_bytes()
    at = data.index(b"edts") - 4
    edits = struct.pack(">IIIihhIihh", 0, 2, 900, 40_000, 1, 0, 900, 1024, 1, 0)
    new = b"edts" + struct.pack(">I", 8 + len(edits)) + b"elst" + edits
    more = 4 + len(new) - int.from_bytes(data[at : at + 4], "big")
    changed = bytearray(data[:at] + struct.pack(">I", 4 + len(new)) + new + data[at + 4 + len(new) - more :])
    for name in (b"moov", b"trak"):
        box = changed.index(name) - 4
        struct.pack_into(">I", changed, box, int.from_bytes(changed[box : box + 4], "big") + more)
    path.write_bytes(changed)
    found = probe(_source(path))
    assert found.samples == odd_length(1, 2.0, 44100)
    assert any("a.m4a has several entries" in text for text in found.warnings)


def test_a_wav_from_a_pipe_is_not_cut(tmp_path: Path) -> None:
    """Its writer could not go back to tell the length: it says the largest that can be."""
    path = write_wav(tmp_path / "a.wav", voice(1, 2.0))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFFFFFF)
    path.write_bytes(data)
    found = probe(_source(path))
    assert found.samples is None
    assert found.seconds == pytest.approx(odd_length(1, 2.0, 44100) / 44100, abs=0.1)
