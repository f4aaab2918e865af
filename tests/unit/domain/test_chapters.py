"""A catalogue's list is laid right on every copy that is the same recording, and on no other."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.chapters import TOLERANCE, CatalogueChapters, align, catalogue_chapters, fit

HOUR = 3_600_000


def _catalogue(starts: list[int], runtime: int, intro: int = 0, outro: int = 0) -> CatalogueChapters:
    return CatalogueChapters(tuple((start, f"C{start}") for start in starts), runtime, intro, outro)


def test_what_audible_sends() -> None:
    """Nested parts become one list; a part lends its title to the chapter that begins with it."""
    payload = {
        "brandIntroDurationMs": 2043,
        "brandOutroDurationMs": 5061,
        "isAccurate": True,
        "runtimeLengthMs": 1000_000,
        "chapters": [
            {"startOffsetMs": 0, "lengthMs": 10, "title": "Opening Credits"},
            {
                "startOffsetMs": 20_000,
                "title": "Part One",
                "chapters": [{"startOffsetMs": 20_000, "title": "1"}, {"startOffsetMs": 50_000, "title": "2"}],
            },
            {"startOffsetMs": 90_000, "title": "Part Two", "chapters": [{"startOffsetMs": 95_000, "title": "3"}]},
        ],
    }
    assert catalogue_chapters(payload) == CatalogueChapters(
        (
            (0, "Opening Credits"),
            (20_000, "Part One: 1"),
            (50_000, "2"),
            (90_000, "Part Two"),
            (95_000, "3"),
        ),
        1000_000,
        2043,
        5061,
    )


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"chapters": "x", "runtimeLengthMs": 5},
        {"chapters": [1, None, "x"], "runtimeLengthMs": 5},
        {"chapters": [{"startOffsetMs": 0, "title": "A"}]},
        {"chapters": [{"title": "A"}], "runtimeLengthMs": -4},
        {"chapters": [{"title": "A"}], "runtimeLengthMs": float("nan")},
    ],
)
def test_what_is_no_list_is_none(payload: dict[str, object]) -> None:
    assert catalogue_chapters(payload) is None


@given(
    starts=st.lists(st.integers(20_000, HOUR - 1), min_size=1, max_size=40, unique=True).map(sorted),
    intro=st.integers(4000, 15_000),
    outro=st.integers(4000, 15_000),
    lacks=st.sampled_from(["nothing", "intro", "outro", "both"]),
    noise=st.integers(-100, 100),
)
def test_the_brand_s_words_are_solved(starts: list[int], intro: int, outro: int, lacks: str, noise: int) -> None:
    """Whatever the copy lacks, its marks move by the intro alone; a doubt is refused, never laid in a wrong place."""
    catalogue = _catalogue([0, *starts], HOUR + 60_000, intro, outro)
    missing = {"nothing": 0, "intro": intro, "outro": outro, "both": intro + outro}[lacks]
    shift = -intro if lacks in ("intro", "both") else 0
    found = fit(catalogue, catalogue.runtime - missing + noise)
    if abs(intro - outro) > 500:
        assert found.marks
    if found.marks:
        assert [start for start, _ in found.marks[1:]] == [start + shift for start in starts]
        assert found.marks[0] == (0, "C0")


@given(st.integers(TOLERANCE + 1, HOUR), st.sampled_from([-1, 1]))
def test_another_recording_is_refused(by: int, sign: int) -> None:
    catalogue = _catalogue([0, 60_000, 120_000], 2 * HOUR)
    found = fit(catalogue, catalogue.runtime + sign * by)
    assert not found.marks
    assert "this one" in found.how


def test_the_sound_under_way_at_the_beginning_is_the_first_chapter() -> None:
    """Opening credits that end within the missing intro are gone; the next chapter begins the book."""
    found = fit(_catalogue([0, 3000, 60_000], HOUR, 5000, 9000), HOUR - 5000)
    assert found.marks == ((0, "C3000"), (55_000, "C60000"))


def test_a_list_that_calls_itself_inexact_needs_a_witness() -> None:
    starts = [0, *(number * 400_000 + number**3 * 137 for number in range(1, 9))]
    catalogue = CatalogueChapters(tuple((start, "") for start in starts), HOUR, accurate=False)
    assert not fit(catalogue, HOUR).marks
    assert fit(catalogue, HOUR, [start + 120 for start in starts]).marks[1][0] == pytest.approx(starts[1] + 120, abs=1)


def test_a_doubt_between_intro_and_outro_is_solved_by_known_places() -> None:
    starts = [0, *(number * 400_000 + number**3 * 137 for number in range(1, 9))]
    catalogue = _catalogue(starts, HOUR, 6000, 6100)
    assert "in front or those behind" in fit(catalogue, HOUR - 6050).how
    found = fit(catalogue, HOUR - 6050, [start - 6000 for start in starts[1:]])
    assert found.marks[1][0] == pytest.approx(starts[1] - 6000, abs=1)


@given(seed=st.integers(0, 2**32), offset=st.integers(-60_000, 60_000), drift=st.integers(-30, 30))
def test_offset_and_drift_are_found(seed: int, offset: int, drift: int) -> None:
    """From boundaries of which some are missing, some foreign, and all a little off."""
    dice = random.Random(seed)
    starts = sorted(dice.sample(range(120_000, 10 * HOUR), 30))
    factor = 1 + drift / 10_000
    real = [round(offset + factor * start) for start in starts]
    heard = [place + dice.randint(-80, 80) for place in real if dice.random() < 0.9]
    heard += dice.sample(range(1, 10 * HOUR), 12)
    found = align(starts, heard)
    assert found is not None
    assert found.confidence > 0.95
    assert all(abs(found.at(start) - place) < 300 for start, place in zip(starts, real, strict=True))


@given(st.integers(0, 2**32))
def test_places_of_another_recording_are_refused(seed: int) -> None:
    dice = random.Random(seed)
    starts = sorted(dice.sample(range(120_000, 10 * HOUR), 30))
    assert align(starts, dice.sample(range(1, 10 * HOUR), 30)) is None


def test_pauses_everywhere_prove_nothing() -> None:
    """Where something begins every three seconds, every list meets something."""
    assert align(list(range(60_000, HOUR, 300_000)), list(range(0, HOUR, 3000))) is None
    assert align([1, 2], [1, 2]) is None


def test_the_longest_lists_are_solved_in_time() -> None:
    """A bound on the work, not on the clock: ten thousand marks and pauses take the same steps as forty."""
    dice = random.Random(1)
    starts = sorted(dice.sample(range(1, 100 * HOUR), 10_000))
    assert align(starts, dice.sample(range(1, 100 * HOUR), 10_000)) is None
