"""Which numbers of many names count the parts of the book."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.reading import Reading, gaps, read


def _plain(reading: Reading) -> list[tuple[int, ...] | None]:
    return [None if key is None else tuple(value for value, _ in key) for key in reading.keys]


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["1984 - 01", "1984 - 02"], [(1,), (2,)]),
        (["Catch-22 03", "Catch-22 01"], [(3,), (1,)]),
        (["64k Title 1", "64k Title 2"], [(1,), (2,)]),
        (["01 Title (1999) 64k", "02 Title (1999) 64k"], [(1,), (2,)]),
        (["12 Monkeys - 1", "39 Steps - 2", "7 Dwarfs - 3"], [(1,), (2,), (3,)]),
        (["01-02", "02-01", "01-01", "02-02"], [(1, 2), (2, 1), (1, 1), (2, 2)]),
        (["CD1 03", "CD2 01", "CD1 01", "CD1 02"], [(1, 3), (2, 1), (1, 1), (1, 2)]),
        (["03 (CD 1)", "01 (CD 2)"], [(1, 3), (2, 1)]),
        (["101", "102", "201", "202"], [(1, 1), (1, 2), (2, 1), (2, 2)]),
        (["Book One - Chapter 1", "Book One - Chapter 2", "Book Two - Chapter 1"], [(1, 1), (1, 2), (2, 1)]),
        (["Chapter 3 - Part 2", "Chapter 3 - Part 1", "Chapter 2 - Part 1"], [(3, 2), (3, 1), (2, 1)]),
        (["Prologue", "Chapter One", "Chapter Two"], [None, (1,), (2,)]),
        (["The Fox", "The Crow"], [None, None]),
    ],
)
def test_the_numbers_that_count_are_found(names: list[str], keys: list[tuple[int, ...] | None]) -> None:
    assert _plain(read(names)) == keys


def test_letters_follow_their_number() -> None:
    names = ["12b", "12a", "12", "11"]
    assert [names[index] for index in _sequence(read(names))] == ["11", "12", "12a", "12b"]


def _sequence(reading: Reading) -> list[int]:
    return sorted(range(len(reading.keys)), key=lambda index: reading.keys[index] or ())


@pytest.mark.parametrize(
    ("names", "orders"),
    [
        (["01", "02", "03"], True),
        (["The Fox", "The Crow"], False),
        (["Part 1", "Part 1"], False),
        (["01", "a", "b", "c"], False),
        ([], True),
    ],
)
def test_numbers_order_where_most_have_one_and_none_repeats(names: list[str], orders: bool) -> None:
    assert read(names).orders is orders


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["01", "02", "04"], "3"),
        (["Part 02 of 4", "Part 01 of 4"], "3, 4"),
        (["02", "03", "04"], "1"),
        (["00", "01", "02"], ""),
        (["CD1-01", "CD1-02", "CD2-01", "CD2-03"], "2-2"),
        (["CD1-01", "CD1-02", "CD2-03", "CD2-04"], ""),
        (["CD1-01", "CD3-01"], "2"),
        ([f"{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 16, 17)], "9, 10, 11, 12, 13 and 2 more"),
    ],
)
def test_gaps_are_told(names: list[str], told: str) -> None:
    assert str(read(names).gaps) == told


@pytest.mark.parametrize("names", [["3", "1815", "40000000000"], ["1", "999999999999999999"]])
def test_numbers_far_apart_count_nothing_and_cost_nothing(names: list[str]) -> None:
    found = read(names).gaps
    assert found.sparse
    assert not found.numbers


def test_a_total_that_cannot_be_true_is_not_believed() -> None:
    assert not gaps([((1, ""),), ((2, ""),)], total=999_999_999).numbers


@given(st.integers(1, 60), st.booleans(), st.randoms(use_true_random=False))
def test_1_to_n_is_read_as_1_to_n(count: int, padded: bool, random: Random) -> None:
    numbers = list(range(1, count + 1))
    random.shuffle(numbers)
    names = [f"Title {number:03d}" if padded else f"Title {number}" for number in numbers]
    reading = read(names)
    if count > 1:
        assert _plain(reading) == [(number,) for number in numbers]
        assert not reading.gaps.numbers
