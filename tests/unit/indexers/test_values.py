"""Sizes, dates, hashes and titles are read in the spellings that exist."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.indexers.values import (
    clean_title,
    leechers_in_text,
    magnet_hash,
    parse_count,
    parse_date,
    parse_factor,
    parse_hash,
    parse_size,
    seeders_in_text,
    size_in_text,
)

HEX = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1234567", 1_234_567),
        ("7,162.1MB", round(7162.1 * 2**20)),
        ("1.023,4 MB", round(1023.4 * 2**20)),
        ("1,234 KB", 1234 * 1024),
        ("1.5 GiB", round(1.5 * 2**30)),
        ("Size: 0.99 GB", round(0.99 * 2**30)),
        ("185918870 bytes (177.31 MiB)", 185_918_870),
        ("12,345,678 B", 12_345_678),
        ("386 Mo", 386 * 2**20),
        ("0", None),
        ("-5", None),
        ("unknown", None),
        ("9" * 30, None),
        ("99999999 TB", None),
        ("128kbps", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    """Points and commas part thousands or fractions; units count in 1024s; nonsense is unknown."""
    assert parse_size(text) == size


def test_descriptions_tell_what_attributes_do_not() -> None:
    """Some feeds write everything into one line for people."""
    text = "Uploader: x / Seeders: 6 / Leechers: 2 / Size: 486.5 MB / Bitrate: 64 kbps<br />12 chapters"
    assert size_in_text(text) == round(486.5 * 2**20)
    assert (seeders_in_text(text), leechers_in_text(text)) == (6, 2)
    assert (seeders_in_text("2 seeders and 0 leechers"), leechers_in_text("2 seeders and 0 leechers")) == (2, 0)
    assert size_in_text("<strong>Total Size</strong>: 301.8&nbsp;MB") == round(301.8 * 2**20)
    assert size_in_text("nothing here") is None


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 02 Nov 2026 12:30:00 +0000",
        "2 Nov 2026 13:30:00 +0100",
        "Mon, 02 Nov 2026 05:30:00 MST",
        "2026-11-02 12:30:00",
        "2026-11-02T12:30:00Z",
    ],
)
def test_dates(text: str) -> None:
    """With named zones, without a weekday, or in ISO's way: the same moment."""
    assert parse_date(text) == datetime(2026, 11, 2, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 99 Foo 2026", "0001-01-01", "9999-12-31T23:59:59-23:00"])
def test_no_dates(text: str) -> None:
    """What is no date is unknown."""
    assert parse_date(text) is None


def test_hashes() -> None:
    """Hex in any case, base32, v2; everything else is no hash."""
    assert parse_hash(HEX.upper()) == HEX
    assert parse_hash("AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH") == HEX
    assert parse_hash("ab" * 32) == "ab" * 32
    assert [parse_hash(text) for text in ("", "(removed)", "0" * 39, "0" * 41)] == [None] * 4
    assert magnet_hash(f"magnet:?dn=x&xt=urn:btih:{HEX}&tr=http%3A%2F%2Ft") == HEX
    assert magnet_hash("magnet:?xt=urn:btmh:1220" + "ab" * 32) == "ab" * 32
    assert magnet_hash("magnet:?dn=x") is None


def test_titles_are_one_visible_line() -> None:
    """Encoded twice, with invisible signs, over several lines: the words remain."""
    assert clean_title("Tom &amp;amp; Jerry") == "Tom &amp; Jerry"
    assert clean_title("Salt&#39;s\u200b\u202e End\n (2011) ") == "Salt's End (2011)"
    assert clean_title("<script>alert(1)</script>") == "<script>alert(1)</script>"
    assert len(clean_title("x" * 2_000_000)) == 1_000


def test_numbers_have_bounds() -> None:
    """Negative, endless and absurd numbers are unknown."""
    assert [parse_count(text) for text in ("5", " 7 ", "-1", "1e9", "", "٣", "9" * 12)] == [
        5,
        7,
        None,
        None,
        None,
        None,
        None,
    ]
    assert [parse_factor(text) for text in ("0", ".25", "nan", "inf", "-1", "")] == [0, 0.25, None, None, None, None]


@given(st.text(max_size=100))
def test_any_text_is_a_value_or_none(text: str) -> None:
    """No text makes a reader fall over."""
    for read in (parse_size, parse_date, parse_hash, parse_count, parse_factor, clean_title, magnet_hash, size_in_text):
        read(text)
