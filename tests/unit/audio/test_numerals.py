"""Numbers in words of four languages, and Roman ones."""

from __future__ import annotations

import pytest

from auralarchive.audio.numerals import FIRST_WORDS, LONGEST_WRITTEN, WRITTEN, fold, roman


@pytest.mark.parametrize(
    ("word", "value"),
    [("I", 1), ("IV", 4), ("ix", 9), ("XIV", 14), ("XL", 40), ("XCIX", 99), ("C", 100), ("CXX", 120)],
)
def test_roman_numbers_have_one_right_form(word: str, value: int) -> None:
    assert roman(word) == value


@pytest.mark.parametrize("word", ["MIX", "CIVIL", "DC", "CD", "MM", "IIII", "VV", "IC", "Ix", "Di", ""])
def test_words_of_these_letters_are_no_numbers(word: str) -> None:
    assert roman(word) is None


def test_roman_numbers_are_all_different() -> None:
    letters = [text for text in _every_word("IVXLC", 5) if roman(text) is not None]
    values = [roman(text) for text in letters]
    assert len(set(values)) == len(values)


def _every_word(alphabet: str, longest: int) -> list[str]:
    words = [""]
    for _ in range(longest):
        words += [word + letter for word in words for letter in alphabet if len(word + letter) <= longest]
    return sorted(set(words) - {""})


@pytest.mark.parametrize(
    ("phrase", "value"),
    [
        ("seven", 7),
        ("twenty one", 21),
        ("forty second", 42),
        ("fiftieth", 50),
        ("einundzwanzig", 21),
        ("fuenf", 5),
        ("funfunddreissig", 35),
        ("zweiundzwanzigste", 22),
        ("siebter", 7),
        ("vingt et un", 21),
        ("soixante dix sept", 77),
        ("quatre vingt dix neuf", 99),
        ("deuxieme", 2),
        ("quatrieme", 4),
        ("veintidos", 22),
        ("treinta y uno", 31),
        ("tercera", 3),
    ],
)
def test_written_numbers_in_four_languages(phrase: str, value: int) -> None:
    assert WRITTEN[phrase] == value


def test_every_number_to_a_hundred_has_its_words() -> None:
    assert set(WRITTEN.values()) == set(range(101))
    assert all(phrase.split()[0] in FIRST_WORDS and phrase.count(" ") < LONGEST_WRITTEN for phrase in WRITTEN)
    assert all(phrase == fold(phrase) for phrase in WRITTEN)


def test_folding_takes_case_and_accents() -> None:
    assert fold("FÜNFTE") == "funfte"
    assert fold("dreißig") == "dreissig"
    assert fold("Première") == "premiere"
