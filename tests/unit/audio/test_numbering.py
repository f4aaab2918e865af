"""What a single name says of its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.numbering import Label, matter, natural, scan

V, D, P, C, T, B = Label


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("Disc 2", [(D, 2)]),
        ("CD1", [(D, 1)]),
        ("cd 02 - 05", [(D, 2), (B, 5)]),
        ("CD1-Track 03", [(D, 1), (T, 3)]),
        ("Disc #2", [(D, 2)]),
        ("Track_07", [(T, 7)]),
        ("Teil 3", [(P, 3)]),
        ("Kapitel 7", [(C, 7)]),
        ("2. Teil", [(P, 2)]),
        ("2nd Disc", [(D, 2)]),
        ("01-03", [(B, 1), (B, 3)]),
        ("1x03", [(B, 1), (B, 3)]),
        ("S01E03", [(B, 1), (B, 3)]),
        ("1984 - 01", [(B, 1984), (B, 1)]),
        ("01. Chapter One - The 39 Steps", [(B, 1), (C, 1), (B, 39)]),
        ("01. Part of the Plan", [(B, 1)]),
        ("１２", [(B, 12)]),
        ("٣", [(B, 3)]),
        ("Chapter", []),
        ("", []),
    ],
)
def test_digits_with_and_without_a_label(name: str, numbers: list[tuple[Label, int]]) -> None:
    assert [(found.label, found.value) for found in scan(name)] == numbers


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("Chapter IV", [(C, 4)]),
        ("chapter iv", [(C, 4)]),
        ("Book II", [(V, 2)]),
        ("III - The End", [(B, 3)]),
        ("I Robot", []),
        ("MIX", []),
        ("DIM", []),
        ("CD", []),
        ("Disc MIX", []),
        ("CIVIL War", []),
        ("DC", []),
        ("C. S. Lewis - 05", [(B, 5)]),
        ("i - x", []),
        ("Chapter Twenty-One - Home", [(C, 21)]),
        ("Part Two", [(P, 2)]),
        ("Second Part", [(P, 2)]),
        ("Kapitel Einundzwanzig", [(C, 21)]),
        ("Kapitel Fünf", [(C, 5)]),
        ("Erster Teil", [(P, 1)]),
        ("Chapitre vingt et un", [(C, 21)]),
        ("Deuxième partie", [(P, 2)]),
        ("Capítulo Tercero", [(C, 3)]),
        ("Capitulo treinta y uno", [(C, 31)]),
        ("One", [(B, 1)]),
        ("One Flew Over", []),
    ],
)
def test_roman_and_written_numbers_where_a_number_is_expected(name: str, numbers: list[tuple[Label, int]]) -> None:
    assert [(found.label, found.value) for found in scan(name)] == numbers


def test_totals_and_letters_belong_to_their_number() -> None:
    assert [(found.value, found.total) for found in scan("Part 03 of 12")] == [(3, 12)]
    assert [(found.value, found.total) for found in scan("Teil 3 von 4")] == [(3, 4)]
    assert [(found.value, found.total) for found in scan("3/12")] == [(3, 12)]
    assert [(found.value, found.suffix) for found in scan("12b - Home")] == [(12, "b")]


def test_the_span_covers_label_number_and_total() -> None:
    (found,) = scan("The Book, Part 3 of 4 (live)")
    assert "The Book, Part 3 of 4 (live)"[found.start : found.end] == "Part 3 of 4"


@pytest.mark.parametrize(
    "names",
    [
        ["Opening Credits", "Dedication", "Vorwort", "Intro", "My Title - Prologue", "Chapter"],
        ["Chapter", "Epilogue (live)", "Afterword", "Acknowledgements", "Bonus Interview", "End Credits", "Trailer"],
    ],
)
def test_what_stands_before_and_behind_a_book_has_its_own_order(names: list[str]) -> None:
    places = [matter(name) for name in names]
    assert places == sorted(set(places))
    assert matter("Chapter") == 0


@pytest.mark.parametrize("title", ["Introduction to Physics", "Prologue to War", "The Epilogue Killer"])
def test_titles_that_only_begin_so_are_parts_like_others(title: str) -> None:
    assert matter(title) == 0


@given(st.text(max_size=300))
def test_any_text_is_a_name(name: str) -> None:
    scan(name), natural(name), matter(name)


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=20))
def test_naturally_numbers_count(numbers: list[int]) -> None:
    assert sorted((f"Part {number} x" for number in numbers), key=natural) == [
        f"Part {number} x" for number in sorted(numbers)
    ]
