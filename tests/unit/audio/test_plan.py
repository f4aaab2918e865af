"""Which way a book goes, and into what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.plan import choose_format, may_copy, may_keep
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.sources import Source

_PACKETS = Packets(np.zeros(1, np.int64), np.ones(1, np.int64))


def _probe(codec: str = "mp3", kbps: float = 64, rate: int = 44100, channels: int = 1, name: str = "a.m4b") -> Probe:
    source = Source(Path("/x") / name, Path(name), Kind.MP4, 1, (0, 0, 0))
    aac = Aac(AacConfig(2, rate, channels), _PACKETS, rate, 1024, ((1, 1024),), 0, 1024, b"stsd", b"\x12\x08")
    return Probe(source, codec, rate, channels, kbps, 1.0, aac=aac if codec == "aac" else None)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([_probe(kbps=64)], (44100, 1, 64, "twoloop")),
        ([_probe(kbps=32, rate=22050)], (22050, 1, 32, "twoloop")),
        ([_probe(kbps=320, channels=2)], (44100, 2, 256, "fast")),
        ([_probe(kbps=128, channels=2)], (44100, 2, 128, "twoloop")),
        ([_probe("flac", 700)], (44100, 1, 96, "fast")),
        ([_probe("flac", 2000, 96000, 6)], (48000, 2, 192, "fast")),
        ([_probe("opus", 24, 48000)], (48000, 1, 48, "twoloop")),
        ([_probe(kbps=64, rate=22050), _probe(kbps=48, rate=44100)], (44100, 1, 64, "twoloop")),
        ([_probe(kbps=64), _probe(kbps=96, channels=2)], (44100, 2, 128, "twoloop")),
        ([_probe(kbps=64, rate=8000)], (8000, 1, 48, "twoloop")),
    ],
)
def test_an_encode_follows_its_sources(sources: list[Probe], expected: tuple[int, int, int, str]) -> None:
    """Highest rate, most channels (two at most), bits never above what is there; the fast coder from 72k a channel."""
    found = choose_format(sources, AudioSettings(), None)
    assert (found.rate, found.channels, found.bitrate_kbps, found.coder) == expected


def test_a_person_s_bit_rate_wins() -> None:
    assert choose_format([_probe(kbps=64)], AudioSettings(), 80).bitrate_kbps == 80


def test_one_unlocked_aac_book_is_kept() -> None:
    good = _probe("aac")
    assert may_keep([good])
    assert not may_keep([good, good])
    assert not may_keep([_probe("alac")])
    assert not may_keep([replace(good, encrypted="aaxc")])
    assert not may_keep([_probe("aac", name="a.m4a")])
    assert may_keep([replace(_probe("aac", name="a.m4a"), brand=b"M4B ")])


def test_only_equal_aac_is_copied() -> None:
    assert may_copy([_probe("aac"), _probe("aac", kbps=32)])
    assert not may_copy([_probe("aac"), _probe("aac", rate=22050)])
    assert not may_copy([_probe("aac"), _probe("aac", channels=2)])
    assert not may_copy([_probe("aac"), _probe("mp3")])
