"""Which way a book goes, and into what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.plan import Wishes, choose_format, decide, matching_format, most_kbps
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


@pytest.mark.parametrize(
    ("probe", "wanted", "ceiling", "most"),
    [
        (_probe(kbps=64), None, 128, 70),
        (_probe(kbps=64), 64, 128, 64),
        (_probe(kbps=64), None, 66, 66),
        (_probe(kbps=320, channels=2), None, 128, 256),
        (_probe(kbps=64, rate=11025), None, 128, 66),
    ],
)
def test_bits_are_raised_by_a_tenth_at_most(probe: Probe, wanted: int | None, ceiling: int, most: int) -> None:
    """Not over the ceiling, not over what AAC can hold, and not at all where a person has named them."""
    settings = AudioSettings(ceiling_kbps=ceiling)
    assert most_kbps(choose_format([probe], settings, wanted), settings, wanted) == most


_AAC, _MP3 = _probe("aac", name="1.m4a"), _probe("mp3", name="2.mp3")
_STEREO, _SLOW = _probe("aac", channels=2, name="3.m4a"), _probe("aac", rate=22050, name="4.m4a")


@pytest.mark.parametrize(
    ("sources", "wishes", "mode"),
    [
        ([_probe("aac")], Wishes(), "keep"),
        ([replace(_AAC, brand=b"M4B ")], Wishes(), "keep"),
        ([_probe("aac")], Wishes(rewritten=True), "remux"),
        ([_probe("aac")], Wishes(bitrate_kbps=48), "encode"),
        ([_probe("aac")], Wishes(bitrate_kbps=64), "keep"),
        ([replace(_probe("aac"), encrypted="aaxc")], Wishes(), "remux"),
        ([_AAC], Wishes(), "remux"),
        ([_AAC, _AAC], Wishes(), "remux"),
        ([_MP3], Wishes(), "encode"),
        ([_MP3, _AAC, _AAC], Wishes(), "mixed"),
        ([_AAC, _STEREO, _AAC], Wishes(), "encode"),
        ([_AAC, _STEREO, *[_AAC] * 4], Wishes(), "mixed"),
        ([_AAC, _SLOW, _AAC], Wishes(), "mixed"),
        ([_AAC, _SLOW], Wishes(), "encode"),
        ([_MP3, _MP3, _AAC], Wishes(), "encode"),
    ],
)
def test_what_touches_the_sound_least_is_done(sources: list[Probe], wishes: Wishes, mode: str) -> None:
    found = decide(sources, wishes)
    assert found.mode == mode
    assert found.reason


def test_the_odd_ones_are_encoded_to_stand_beside_the_others() -> None:
    found = decide([_MP3, _AAC, _SLOW, _AAC, _AAC], Wishes())
    assert found.copied == (False, True, False, True, True)
    assert "2 of 5" in found.reason
    target = matching_format([_MP3, _STEREO], [_AAC, _AAC], AudioSettings())
    assert (target.rate, target.channels) == (44100, 1)


def test_packets_that_no_encode_of_ours_can_match_are_not_mixed() -> None:
    assert _AAC.aac is not None
    efficient = replace(_AAC, aac=replace(_AAC.aac, config=AacConfig(2, 22050, 1, sbr=True)))
    assert decide([efficient, efficient], Wishes()).mode == "remux"
    assert decide([efficient, efficient, _MP3], Wishes()).mode == "encode"
