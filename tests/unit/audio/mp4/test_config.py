"""The AAC decoder's configuration."""

from __future__ import annotations

import pytest

from auralarchive.audio.mp4.config import AacConfig, build, parse


@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (48000, 2), (22050, 1)])
def test_what_is_built_is_read(rate: int, channels: int) -> None:
    assert parse(build(rate, channels)) == AacConfig(2, rate, channels)


def test_trailing_words_that_say_no_change_nothing() -> None:
    """FFmpeg adds five bytes that say "no SBR": parts with and without them fit together."""
    assert parse(b"\x12\x08\x56\xe5\x00") == parse(b"\x12\x08")


def test_he_aac_doubles_the_rate_both_ways_of_saying_so() -> None:
    explicit = (5 << 59 | 7 << 55 | 1 << 51 | 4 << 47 | 2 << 42).to_bytes(8, "big")
    implicit = (2 << 59 | 7 << 55 | 1 << 51 | 0x2B7 << 37 | 5 << 32 | 1 << 31).to_bytes(8, "big")
    for data in (explicit, implicit):
        config = parse(data)
        assert (config.rate, config.output_rate, config.sbr) == (22050, 44100, True)


@pytest.mark.parametrize("data", [b"", b"\x12", b"\x16\x88"])
def test_cut_or_impossible_ones_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="AAC configuration"):
        parse(data)
