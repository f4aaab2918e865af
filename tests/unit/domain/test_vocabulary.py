"""The words that say something of a release and nothing of its book."""

from __future__ import annotations

import pytest

from auralarchive.domain.vocabulary import abridged_of, bitrate_of, ends_titles, format_of, is_tag, without_bitrates


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("Salt 64 kbps", 64),
        ("Salt MP3 64", 64),
        ("Salt [m4a-256]", 256),
        ("Sample 64kbps, whole 320kbps", 320),
        ("Salt MP3 64-128kbps", 128),
        ("Chapter 1928", None),
        ("Salt x264 1280x720", None),
        ("Salt 44.1khz", None),
        ("Salt 9999kbps", None),
    ],
)
def test_bitrates(text: str, rate: int | None) -> None:
    """With a unit, or as a usual number beside a format; of several the highest."""
    assert bitrate_of(text, ()) == rate


def test_a_bare_number_counts_in_brackets_only() -> None:
    """[64] is a bitrate, 64 in a title is not."""
    assert (bitrate_of("Salt [64]", ["64"]), bitrate_of("Salt 64", ())) == (64, None)


def test_formats() -> None:
    """Audio before ebooks, the first of several; "Opus" is a word until it is written like a codec."""
    assert format_of("Salt [EPUB] [M4B, MP3]") == "m4b"
    assert format_of("Salt (pdf)") == "pdf"
    assert format_of("Salt [WEB FLAC24bit]") == "flac"
    assert format_of("Salt's Opus") is None
    assert format_of("Salt [OPUS]") == "opus"
    assert format_of("Roberta Flack") is None


def test_abridged_is_no_part_of_unabridged() -> None:
    """The two words differ by two letters and mean the opposite."""
    assert [abridged_of(text) for text in ("Unabridged", "abridged", "ungekürzt", "gekürzt", "Salt")] == [
        False, True, False, True, None,
    ]  # fmt: skip


def test_tags() -> None:
    """Words of titles are no tags; small numbers may count a series."""
    assert all(is_tag(word) for word in ("Audiobook", "RETAIL", "mp3", "64kbps", "Unabridged,", "128", "-"))
    assert not any(is_tag(word) for word in ("Harbour", "6", "King"))
    assert ends_titles("Book")
    assert without_bitrates("Salt 64 kbps Harbour") == "Salt Harbour"
