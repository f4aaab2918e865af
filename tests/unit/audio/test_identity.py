"""What books are called, in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.identity import Facts, albums, call, displayed, key
from auralarchive.audio.numbering import Label
from tests.support.probes import made


@pytest.mark.parametrize(
    "names",
    [
        ["Dune", "DUNE", "Dune (Unabridged)", "Dune (Disc 1) [64k]", "Dune, Part 2", "Dune - CD 3", "Dune [M4B]"],
        ["Émile", "Emile", "émile (1990)"],
        ["Title 2", "Title 02", "Title 2 [MP3 64 kbps]"],
    ],
)
def test_one_title_has_one_key(names: list[str]) -> None:
    assert len({key(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Dune", "Dune Messiah"), ("Title 1", "Title 2"), ("Title (Book 1)", "Title (Book 2)")]
)
def test_two_titles_have_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_what_is_only_a_part_or_a_format_is_called_nothing() -> None:
    assert [key(name) for name in ("CD1", "Disc 2", "M4B", "64 kbps", "")] == [""] * 5


@pytest.mark.parametrize(
    ("name", "label", "number", "before", "words"),
    [
        ("CD1", Label.DISC, 1, "", ""),
        ("Dune CD 2", Label.DISC, 2, "dune", "dune"),
        ("01 - CD2", Label.DISC, 2, "", ""),
        ("03 - Dune - CD2", Label.DISC, 2, "dune", "dune"),
        ("Part 2 - Rain", Label.PART, 2, "", "rain"),
        ("Book 1 - Dust", Label.VOLUME, 1, "", "dust"),
        ("Sand 01 - Dust", Label.BARE, 1, "sand", "sand dust"),
        ("01 - Dune", Label.BARE, 1, "", "dune"),
        ("Dune - 01", Label.BARE, 1, "dune", "dune"),
        ("Dune (2) [M4B 64k]", Label.BARE, 2, "dune", "dune"),
        ("20000 Leagues", None, None, "20000 leagues", "20000 leagues"),
        ("1984", None, None, "1984", "1984"),
        ("Dune copy", None, None, "dune", "dune"),
        ("MIX", None, None, "mix", "mix"),
    ],
)
def test_a_name_is_its_number_and_the_words_around(
    name: str, label: Label | None, number: int | None, before: str, words: str
) -> None:
    found = call(name)
    assert (found.label, found.number and found.number[0], found.before, found.words) == (label, number, before, words)


def test_most_files_say_what_the_album_is_and_equals_say_nothing() -> None:
    assert Facts(tuple(made(f"{n}.mp3", album="Dune" if n else "Emma") for n in range(4))).album == "dune"
    assert Facts((made("1.mp3", album="Dune"), made("2.mp3", album="Emma"))).album == ""
    assert albums([made("1.mp3", album="Unknown Album"), made("2.mp3")]) == ["", ""]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["Dune (Disc 1)", "Dune (Disc 1)", "DUNE"], "Dune"),
        (["Dune - Part 2 [64k]"], "Dune"),
        (["Sand (Book 2)"], "Sand (Book 2)"),
        (["CD1"], "CD1"),
        (["", ""], ""),
    ],
)
def test_titles_are_shown_without_their_part(texts: list[str], shown: str) -> None:
    assert displayed(texts) == shown


@given(st.text(max_size=300))
def test_any_text_is_a_name(name: str) -> None:
    call(name), key(name), displayed([name])
