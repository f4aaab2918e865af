"""The order of the files, and the evidence for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.ordering import Evidence, order, places
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.sources import find_sources
from tests.support.audio import Tags, make_book, tag
from tests.support.probes import made, names

_BOOK = [f"{number:02d}.mp3" for number in range(1, 4)]


def _sorted_by_name(*wanted: str) -> None:
    assert names(order([made(name) for name in reversed(wanted)]).probes) == list(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        ["2.mp3", "9 a.mp3", "10 b.mp3", "CD 2/1.mp3", "CD 10/1.mp3"],
        ["Disc 1/1.mp3", "Disc 1/2.mp3", "Disc 2/1.mp3", "Disc 10/1.mp3"],
        ["Part 9 of 10.mp3", "Part 10 of 10.mp3"],
        ["Zoo 1-2.mp3", "Ark 1-10.mp3", "Mole 2-1.mp3"],
        ["Z 1x03.mp3", "Y 1x10.mp3", "X 2x01.mp3"],
        ["Chapter IV.mp3", "Chapter V.mp3", "Chapter IX.mp3"],
        ["Chapter Eight.mp3", "Chapter Nine.mp3", "Chapter Twenty-One.mp3"],
        ["Kapitel Acht.mp3", "Kapitel Neun.mp3", "Kapitel Zehn.mp3"],
        ["Opening Credits.mp3", "Prologue.mp3", "Chapter 1.mp3", "Epilogue.mp3", "End Credits.mp3"],
        ["Prologue.mp3", "A.mp3", "B.mp3", "Epilogue.mp3"],
        ["12.mp3", "12a.mp3", "12b.mp3", "13.mp3"],
        ["The Zoo 1.mp3", "The Ark 2.mp3", "A Mole 3.mp3"],
        ["１.mp3", "２.mp3", "１０.mp3"],
        ["01.mp3", "02.mp3", "Bonus Interview.mp3"],
        ["CD1/Intro.mp3", "CD1/01.mp3", "CD2/02.mp3", "Bonus/Interview.mp3"],
        ["a.mp3", "b.mp3", "c 1.mp3"],
    ],
)
def test_names_tell_the_order(wanted: list[str]) -> None:
    _sorted_by_name(*wanted)


@pytest.mark.parametrize(
    ("parts", "wanted", "by"),
    [
        ([("a", 2, None), ("b", 1, None)], "ba", Evidence.TAGS),
        ([("a", 1, 2), ("b", 2, 1)], "ba", Evidence.TAGS),
        ([("a", 1, 2), ("b", 1, 1), ("c", 2, 1)], "bca", Evidence.TAGS),
        ([("a", 3, 2), ("b", 1, 1), ("c", 2, 1)], "bca", Evidence.TAGS),
        ([("b", 2, None), ("a", None, None), ("c", 1, None)], "abc", Evidence.ALPHABET),
        ([("b", 1, None), ("a", 1, None), ("c", 1, None)], "abc", Evidence.ALPHABET),
    ],
    ids=["track", "disc first", "restarting", "counted through", "one lacks it", "all the same"],
)
def test_tags_order_where_every_file_has_its_own_number(
    parts: list[tuple[str, int | None, int | None]], wanted: str, by: Evidence
) -> None:
    found = order([made(f"{name}.mp3", track=track, disc=disc) for name, track, disc in parts])
    assert names(found.probes) == [f"{name}.mp3" for name in wanted]
    assert found.by is by


def test_a_folder_can_tell_the_disc() -> None:
    """Tracks that begin anew on each disc are no contradiction then, nor are they gaps."""
    parts = [made(f"CD{disc}/x{9 - track}.mp3", track=track) for disc in (2, 1) for track in (2, 1)]
    found = order(parts)
    assert [(each.source.relative.parent.name, each.tags.track) for each in found.probes] == [
        ("CD1", 1),
        ("CD1", 2),
        ("CD2", 1),
        ("CD2", 2),
    ]


def test_agreement_is_told_and_needs_no_warning() -> None:
    found = order([made(name, track=number) for number, name in enumerate(_BOOK, 1)])
    assert (found.by, found.warnings) == (Evidence.BOTH, ())


def test_of_two_equally_good_orders_the_tags_are_followed_and_the_difference_is_told() -> None:
    found = order([made(name, track=track) for name, track in zip(_BOOK, (2, 1, 3), strict=True)])
    assert names(found.probes) == ["02.mp3", "01.mp3", "03.mp3"]
    assert found.by is Evidence.TAGS
    assert len(found.warnings) == 1
    assert "by its tags 02.mp3 is number 1, by its name 01.mp3" in found.warnings[0]


def test_titles_decide_between_them() -> None:
    titles = [f"Chapter {number}" for number in (1, 2, 3)]
    parts = zip(_BOOK, (2, 1, 3), titles, strict=True)
    found = order([made(name, track=track, title=title) for name, track, title in parts])
    assert (names(found.probes), found.by) == (_BOOK, Evidence.NAMES)
    assert "the titles agree" in found.warnings[0]


def test_the_order_without_gaps_wins() -> None:
    found = order([made(name, track=track) for name, track in zip(_BOOK, (7, 3, 1), strict=True)])
    assert (names(found.probes), found.by) == (_BOOK, Evidence.NAMES)
    found = order([made(f"{name}.mp3", track=track) for name, track in (("9", 1), ("5", 2), ("1", 3))])
    assert (names(found.probes), found.by) == (["9.mp3", "5.mp3", "1.mp3"], Evidence.TAGS)


def test_titles_order_what_nothing_else_does() -> None:
    found = order([made("x.mp3", title="Chapter II"), made("y.mp3", title="Chapter I")])
    assert (names(found.probes), found.by) == (["y.mp3", "x.mp3"], Evidence.TITLES)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([made(f"Part {number:02d} of 12.mp3") for number in range(1, 12)], "number 12 is missing"),
        ([made(f"{number:02d}.mp3", track=number, track_total=12) for number in range(1, 12)], "number 12 is missing"),
        ([made(f"{number:02d}.mp3") for number in (1, 2, 3, 5, 7)], "numbers 4, 6 are missing"),
        (
            [made(f"CD{disc}/{number}.mp3") for disc in (1, 2) for number in (1, 2, 2 + disc)],
            "number 3 is missing in CD2",
        ),
        ([made(f"CD{disc}/1.mp3") for disc in (1, 3)], "number 2 is missing"),
    ],
    ids=["of 12", "total in tags", "holes", "in a folder", "a disc"],
)
def test_missing_parts_are_told(parts: list[Probe], told: str) -> None:
    assert any(told in warning for warning in order(parts).warnings)


@pytest.mark.parametrize(
    "parts",
    [
        [made(f"CD{disc}/{3 * disc - 3 + number}.mp3") for disc in (1, 2) for number in (1, 2, 3)],
        [made("Prologue.mp3"), made("Chapter 2.mp3"), made("Chapter 3.mp3")],
        [made(f"{number}.mp3", track=number, track_total=2) for number in (1, 2, 3)],
        [made(f"{disc}-{number}.mp3", track=number, disc=disc, track_total=4) for disc in (1, 2) for number in (1, 2)],
        [made("1815.mp3"), made("3.mp3"), made("40000.mp3")],
    ],
    ids=["through over discs", "prologue is 1", "total too small", "total of all discs", "no count"],
)
def test_what_is_no_gap_is_not_told(parts: list[Probe]) -> None:
    assert order(parts).warnings == ()


def test_folders_that_were_given_one_by_one_stay_apart() -> None:
    parts = [made("01.mp3", root=f"/x/CD{disc}") for disc in (2, 1)] + [made("02.mp3", root="/x/CD1")]
    assert places(parts) == [("CD2", "01.mp3"), ("CD1", "01.mp3"), ("CD1", "02.mp3")]
    assert [str(each.source.path) for each in order(parts).probes] == [
        "/x/CD1/01.mp3",
        "/x/CD1/02.mp3",
        "/x/CD2/01.mp3",
    ]


def test_ten_thousand_files_take_well_under_a_second() -> None:
    parts = [made(f"Author - Long Title {n:05d} - Chapter {n}.mp3", track=n) for n in range(10_000, 0, -1)]
    assert [each.tags.track for each in order(parts).probes] == list(range(1, 10_001))


_NAMES = st.one_of(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=12),
    st.builds("{} {}".format, st.sampled_from(["CD", "Part", "Chapter", "x", "Prologue"]), st.integers(0, 30)),
)


@given(
    st.lists(
        st.tuples(_NAMES, _NAMES, st.none() | st.integers(1, 9), st.none() | st.integers(1, 3)),
        max_size=12,
        unique_by=lambda part: part[:2],
    ),
    st.data(),
)
def test_the_sequence_of_arrival_changes_nothing(
    parts: list[tuple[str, str, int | None, int | None]], data: st.DataObject
) -> None:
    files = [
        made(f"{folder.strip('.') or 'x'}/{name}.mp3", track=track, disc=disc) for folder, name, track, disc in parts
    ]
    found = order(files)
    assert sorted(map(id, found.probes)) == sorted(map(id, files))
    assert order(data.draw(st.permutations(files))) == found


@given(st.integers(2, 30), st.booleans(), st.sampled_from(["{}", "Chapter {}", "Title - {} - End", "x{}"]), st.data())
def test_1_to_n_comes_out_as_1_to_n(count: int, padded: bool, form: str, data: st.DataObject) -> None:
    wanted = [form.format(f"{number:03d}" if padded else number) + ".mp3" for number in range(1, count + 1)]
    files = [made(name) for name in data.draw(st.permutations(wanted))]
    assert names(order(files).probes) == wanted


def test_real_files_are_ordered_by_their_tags(tmp_path: Path) -> None:
    paths = make_book(tmp_path, chapters=3, seconds=0.3, name="{number}")
    for path, track in zip(paths, (1, 3, 2), strict=True):
        tag(path, Tags("The Test Book", "Ann Author", f"Chapter {track}", track, 4))
    found = order([probe(source) for source in find_sources((tmp_path,), max_files=10).audio])
    assert (names(found.probes), found.by) == (["1.mp3", "3.mp3", "2.mp3"], Evidence.TAGS)
    assert any("number 4 is missing" in warning for warning in found.warnings)
