"""Release titles in the habits of those who write them."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.titles import MAX_LENGTH, looks_like_name, parse_title

A, T = "Mira Okonjo", "The Salt Harbour"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{T} by {A}, Tom Hale [ENG / M4B]", {"author": f"{A}, Tom Hale", "language": "en", "file_format": "m4b"}),
        (f"{T} by {A} [GER / MP3] [VIP]", {"author": A, "language": "de", "file_format": "mp3"}),
        (f"{T} by {A} and Tom Hale", {"author": f"{A}, Tom Hale"}),
        (f"{T} by Homer [ENG / M4B]", {"author": "Homer", "language": "en", "file_format": "m4b"}),
        (
            f"{A} - Tidewalkers 03 - {T} (2011) [MP3 64kbps]",
            {
                "author": A,
                "series": "Tidewalkers",
                "series_part": "3",
                "year": 2011,
                "file_format": "mp3",
                "bitrate_kbps": 64,
            },
        ),
        (f"{A} - Tidewalkers - 01 - {T}", {"author": A, "series": "Tidewalkers", "series_part": "1"}),
        (f"{A} - Tidewalkers Book 2.5 - {T}", {"author": A, "series": "Tidewalkers", "series_part": "2.5"}),
        (
            f"{A} - [Tidewalkers 02] - {T} (read by Jonah Pell)",
            {"author": A, "series": "Tidewalkers", "series_part": "2", "narrator": "Jonah Pell"},
        ),
        (f"{T}: Tidewalkers, Book 2 by {A}", {"author": A, "series": "Tidewalkers", "series_part": "2"}),
        (
            f"{T} (Tidewalkers, #1) - {A} - 2014 - Audiobook",
            {"author": A, "series": "Tidewalkers", "series_part": "1", "year": 2014},
        ),
        (f"{T} (Tidewalkers, #7; Far Coasts, #2)", {"series": "Tidewalkers", "series_part": "7"}),
        (f"{T} (Book 3 of Tidewalkers)", {"series": "Tidewalkers", "series_part": "3"}),
        (f"Tidewalkers 05 - {T} - {A}", {"author": A, "series": "Tidewalkers", "series_part": "5"}),
        (f"{A} ({2011}) {T} [MP3]", {"author": A, "year": 2011, "file_format": "mp3"}),
        (
            f"{A} - {T} [Jonah Pell, 2019, 96 kbps, MP3]",
            {"author": A, "narrator": "Jonah Pell", "year": 2019, "bitrate_kbps": 96, "file_format": "mp3"},
        ),
        (f"Okonjo, Mira - {T} (Unabridged)", {"author": A, "abridged": False}),
        (f"{A} - {T} (Abridged) 128 kbps", {"author": A, "abridged": True, "bitrate_kbps": 128}),
        (
            f"{A} – {T} – gekürzte Lesung – gelesen von Karl Brandt",
            {"author": A, "abridged": True, "narrator": "Karl Brandt"},
        ),
        ("Mira_Okonjo-The_Salt_Harbour-AUDIOBOOK-WEB-2019-ABGRP", {"author": A, "year": 2019}),
        (
            "Mira.Okonjo-The.Salt.Harbour.Unabridged.2019.MP3",
            {"author": A, "year": 2019, "file_format": "mp3", "abridged": False},
        ),
        (f"{A}-2007-{T}-GRP", {"author": A, "year": 2007}),
        (f"[0815][site] {A} - {T} [FLAC]-GRP", {"author": A, "file_format": "flac"}),
        (f"{A} - {T} - 06 of 13.mp3", {"author": A, "file_format": "mp3"}),
        (f"{A} - {T} 2016 mp3 64 Kbps", {"author": A, "year": 2016, "file_format": "mp3", "bitrate_kbps": 64}),
        (f"{A} - {T} - NL", {"author": A, "language": "nl"}),
        (f"{A} -\u200b {T} [EN]", {"author": A, "language": "en"}),
        (f"{T} [Audiobook]", {}),
        (T, {}),
    ],
)
def test_habits(text: str, told: dict[str, Any]) -> None:
    """Each habit tells the title and what else it knows, and nothing that it does not."""
    found = {name: value for name, value in asdict(parse_title(text)).items() if value is not None}
    assert found == {"title": T, **told}


@pytest.mark.parametrize(
    ("text", "author", "title"),
    [
        ("Stephen King - IT", "Stephen King", "IT"),
        ("George Orwell - 1984 [M4B]", "George Orwell", "1984"),
        ("Mira Okonjo - 2312 (2012)", "Mira Okonjo", "2312"),
        ("1984", None, "1984"),
        ("Stand by Me", None, "Stand by Me"),
        ("Death by Water by Mira Okonjo", "Mira Okonjo", "Death by Water"),
        ("Human Tides by Ludwig von Marsh", "Ludwig von Marsh", "Human Tides"),
        ("Catch-22 by Joseph Heller [ENG / M4B]", "Joseph Heller", "Catch-22"),
        ("J. K. Marsh - The Iron Owl", "J. K. Marsh", "The Iron Owl"),
        ("The Fifth Tide by N. K. Marsh", "N. K. Marsh", "The Fifth Tide"),
        ("Окоджо Мира - Солёная гавань", "Окоджо Мира", "Солёная гавань"),
        ("Blade Runner 2049", None, "Blade Runner 2049"),
        ("Mr. Holland's Opus", None, "Mr. Holland's Opus"),
        ("[MP3]", None, "MP3"),
        ("Now What?!", None, "Now What?!"),
        ("", None, ""),
        ("()", None, "()"),
        ("(unclosed", None, "unclosed"),
    ],
)
def test_titles_that_look_like_tags(text: str, author: str | None, title: str) -> None:
    """Numbers, languages and formats are words of titles, too: a title is never emptied."""
    parsed = parse_title(text)
    assert (parsed.author, parsed.title) == (author, title)
    assert parsed.file_format in (None, "m4b", "mp3")


@pytest.mark.parametrize(
    "text", ["Failure (volume 3)", "Failure (phrase 3)", "Failure (from 3)", "Failure (chapters 3-7)", "Failure (CD 2)"]
)
def test_not_every_number_counts_a_series(text: str) -> None:
    """A series has a name that begins like one."""
    assert parse_title(text).series is None


@pytest.mark.parametrize(
    "text",
    [
        "(" * 30_000,
        "a" * 50_000 + "!",
        "x" * 1_000_000,
        "- " * 20_000,
        "by " * 20_000,
        " (" * 500 + ") " * 500,
        "A, Book " * 200,
        ("A" * 99 + " ") * 12,
        "read by " * 130,
        "9" * 5_000,
        "a:" * 500,
        "A b, " * 300 + "#",
    ],
)
def test_no_title_takes_long(text: str) -> None:
    """Work is bounded whatever the title: no pile of signs makes a search hang."""
    parse_title("warm up")
    begun = time.process_time()
    parsed = parse_title(text)
    assert time.process_time() - begun < 0.05
    assert len(parsed.title) <= MAX_LENGTH


@given(st.text(max_size=300))
def test_any_text_has_a_title(text: str) -> None:
    """Nothing makes the reader fall over, and what has visible words has a title."""
    parsed = parse_title(text)
    if any(character.isalnum() for character in text):
        assert parsed.title


def test_names() -> None:
    """What could be a person: two to five words that begin like names."""
    assert all(
        looks_like_name(name) for name in ("Mira Okonjo", "H. G. Wells", "Ludwig van Beethoven", "Le Guin, Ursula")
    )
    assert not any(
        looks_like_name(name) for name in ("Homer", "The Ferry", "Agent 47", "salt harbour", "Dune: Part Two")
    )
