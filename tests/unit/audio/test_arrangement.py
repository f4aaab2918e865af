"""Which files are one book, which are several, and what is left out."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.arrangement import Arrangement, Group, arrange, listed, only, select, several_books
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.sources import find_sources
from auralarchive.domain.failures import Disposition, FailureKind
from auralarchive.ports.audio import Section
from tests.support.audio import Tags, make_book, tag
from tests.support.probes import made, names

_HOUR = 3600.0


def _m4b(name: str, hours: float = 8.0, chapters: int = 20, **more: object) -> Probe:
    return made(name, seconds=hours * _HOUR, chapters=chapters, **more)  # type: ignore[arg-type]  # fields of tags


def _numbered(form: str, count: int = 3, **more: object) -> list[Probe]:
    """Files 1 to `count`, with their track numbers where `more` names an album."""
    return [
        made(form.format(number), **({"track": number, **more} if "album" in more else more))  # type: ignore[arg-type]
        for number in range(1, count + 1)
    ]


def _books(found: Arrangement) -> list[list[str]]:
    return [names(group.probes) for group in found.groups]


ONE = {
    "a folder": _numbered("{:02d}.mp3"),
    "CD folders": [*_numbered("CD1/{}.mp3"), *_numbered("CD2/{}.mp3")],
    "CD folders, tagged": [*_numbered("CD1/{}.mp3", album="Dune"), *_numbered("CD2/{}.mp3", album="Dune")],
    "CD folders, albums told apart": [
        *_numbered("CD1/{}.mp3", album="Dune (Disc 1)"),
        *_numbered("CD2/{}.mp3", album="Dune (Disc 2)"),
    ],
    "disc folders with the title": [*_numbered("Dune - Disc 1/{}.mp3"), *_numbered("Dune - Disc 2/{}.mp3")],
    "part folders": [*_numbered("Part 1 - Dust/{}.mp3"), *_numbered("Part 2 - Rain/{}.mp3")],
    "part folders in words": [*_numbered("Part One/{}.mp3"), *_numbered("Part Two/{}.mp3")],
    "bare folders": [*_numbered("1/{}.mp3"), *_numbered("2/{}.mp3")],
    "discs in parts": [made(f"Part {part}/CD{disc}/{n}.mp3") for part in (1, 2) for disc in (1, 2) for n in (1, 2)],
    "discs tagged alike": [*_numbered("CD1/{}.mp3", album="D", disc=1), *_numbered("CD2/{}.mp3", album="D", disc=1)],
    "one disc without tags": [*_numbered("CD1/{}.mp3", album="Dune"), *_numbered("CD2/{}.mp3")],
    "albums (Part 1), (Part 2)": [
        *(made(f"{n}.mp3", album="Dune (Part 1)", track=n) for n in (1, 2)),
        *(made(f"{n}.mp3", album="Dune (Part 2)", track=n) for n in (3, 4)),
    ],
    "albums - Disc 2": [
        *(made(f"1-{n}.mp3", album="Dune - Disc 1", track=n, disc=1) for n in (1, 2)),
        *(made(f"2-{n}.mp3", album="Dune - Disc 2", track=n, disc=2) for n in (1, 2)),
    ],
    "(Unabridged) on some": [
        *(made(f"{n}.mp3", album="Dune (Unabridged)", track=n) for n in (1, 2)),
        *(made(f"{n}.mp3", album="Dune", track=n) for n in (3, 4)),
    ],
    "differing case": [
        *(made(f"{n}.mp3", album="DUNE", track=n) for n in (1, 2)),
        *(made(f"{n}.mp3", album="Dune", track=n) for n in (3, 4)),
    ],
    "a subtitle on some, counted through": [
        *(made(f"{n}.mp3", album="Dune", track=n) for n in (1, 2)),
        *(made(f"{n}.mp3", album="Dune: A Novel", track=n) for n in (3, 4)),
    ],
    "one file without tags": [*_numbered("{}.mp3", album="Dune"), made("4.mp3")],
    "a foreword by another": [
        made("00 Foreword.mp3", album="Forewords", author="Brian", track=1),
        *(made(f"{n:02d}.mp3", album="Dune", author="Frank", track=n) for n in (1, 2, 3)),
    ],
    "an artist for each chapter": [made(f"{n}.mp3", album="Tales", author=f"Poet {n}", track=n) for n in range(1, 6)],
    "an album for each chapter": [made(f"{n}.mp3", album=f"The {n}th Night", track=n) for n in range(1, 6)],
    "M4B parts behind the title": _numbered("Title - {:02d}.m4b", 12),
    "M4B parts of 3": _numbered("Part {} of 3.m4b"),
    "M4B chapters": [made(f"{n:02d} - {night}.m4b") for n, night in ((1, "The Fire"), (2, "The Ice"))],
    "M4B parts with chapters inside": [_m4b(f"Title - {n}.m4b", hours=4, album="Title", track=n) for n in (1, 2, 3)],
    "M4B discs": [_m4b(f"Dune CD{n}.m4b") for n in (1, 2)],
    "long MP3 parts": [made(f"Dune Part {n}.mp3", seconds=4 * _HOUR) for n in (1, 2)],
    "parts with markers": [made(f"Dune-Part0{n}.mp3", chapters=6, album="Dune", track=n) for n in (1, 2, 3)],
    "mixed formats": [made("01.m4b"), made("02.mp3"), made("03.m4a")],
    "two formats in turn": [made("01.mp3"), made("02.m4a")],
    "a prologue beside the M4B": [made("Prologue.mp3", seconds=90), _m4b("Dune.m4b")],
    "a prologue beside the discs": [made("Intro.mp3"), *_numbered("CD1/{}.mp3"), *_numbered("CD2/{}.mp3")],
    "bonus": [*_numbered("Dune/{}.mp3"), made("Dune/Bonus/Interview.mp3")],
    "words only": [made(f"{name}.mp3") for name in ("Ash", "Birch", "Cedar")],
    "sections": [*_numbered("Prologue {}.mp3"), *_numbered("Chapter {}.mp3")],
    "CD in the name": [*_numbered("CD1-{:02d}.mp3"), *_numbered("CD2-{:02d}.mp3")],
    "books of a novel, counted through": [
        made(f"{3 * book + n:02d} - Book {book} - Chapter {n}.mp3") for book in (0, 1, 2) for n in (1, 2, 3)
    ],
    "volumes of one album": [
        made(f"Volume {v}/{n}.mp3", album="Sand", track=n, disc=v) for v in (1, 2) for n in (1, 2)
    ],
    "tapes with sides": [made(f"Tape {t} Side {s}/{n}.mp3") for t in (1, 2) for s in "AB" for n in (1, 2)],
    "long parts without tags": [made(f"Dune {n}.mp3", seconds=4 * _HOUR) for n in (1, 2)],
    "one file of one name in each numbered folder": [made(f"{disc}/Dune.mp3") for disc in (1, 2, 3)],
    "deep": _numbered("Author/Series/Dune/MP3/{}.mp3"),
}


@pytest.mark.parametrize("probes", ONE.values(), ids=ONE.keys())
def test_one_book(probes: list[Probe]) -> None:
    found = arrange(probes)
    assert len(found.groups) == 1, [(group.title, names(group.probes)) for group in found.groups]
    assert len(found.groups[0].probes) == len(probes)
    assert found.left_out == ()


SEVERAL: dict[str, tuple[list[Probe], list[int]]] = {
    "albums in one folder": (
        [*_numbered("a{}.mp3", album="Dune"), *_numbered("b{}.mp3", 2, album="Emma")],
        [3, 2],
    ),
    "folders": ([*_numbered("Dune/{}.mp3"), *_numbered("Emma/{}.mp3")], [3, 3]),
    "folders with CDs": (
        [*_numbered("Dune/CD1/{}.mp3"), *_numbered("Dune/CD2/{}.mp3"), *_numbered("Emma/CD1/{}.mp3")],
        [6, 3],
    ),
    "folders of a series": ([*_numbered("Book 1 - Dust/{}.mp3"), *_numbered("Book 2 - Rain/{}.mp3")], [3, 3]),
    "numbered folders": ([*_numbered("01 - Dust/{}.mp3"), *_numbered("02 - Rain/{}.mp3")], [3, 3]),
    "one M4B in each numbered folder": ([made("01/Dune.m4b"), made("02/Emma.m4b")], [1, 1]),
    "one MP3 a folder": ([made("01 - Dust/a.mp3", seconds=7000), made("02 - Rain/a.mp3", seconds=6000)], [1, 1]),
    "folders of a series, one album": (
        [*_numbered("Book 1 - Dust/{}.mp3", album="Sand"), *_numbered("Book 2 - Rain/{}.mp3", album="Sand")],
        [3, 3],
    ),
    "M4Bs of a series": ([made(f"Sand 0{n} - {name}.m4b") for n, name in ((1, "Dust"), (2, "Rain"))], [1, 1]),
    "M4Bs of a series, with chapters": ([_m4b("Sand 01 - Dust.m4b"), _m4b("Sand 02 - Rain.m4b")], [1, 1]),
    "M4Bs of a series, one album": (
        [_m4b(f"Sand 0{n} - {name}.m4b", album="Sand", track=n) for n, name in ((1, "Dust"), (2, "Rain"))],
        [1, 1],
    ),
    "M4Bs": ([made("Dune.m4b"), made("Emma.m4b")], [1, 1]),
    "M4Bs by years": ([made("1984.m4b"), made("2001.m4b")], [1, 1]),
    "M4Bs by albums": ([made("1.m4b", album="Dune"), made("2.m4b", album="Emma")], [1, 1]),
    "MP3s called as their albums": ([made("Dune.mp3", album="Dune"), made("Emma.mp3", album="Emma")], [1, 1]),
    "long MP3s": ([made("Dune.mp3", seconds=9 * _HOUR), made("Emma.mp3", seconds=9 * _HOUR)], [1, 1]),
    "names that count anew": ([*_numbered("Dune {}.mp3"), *_numbered("Emma {}.mp3")], [3, 3]),
    "Dune and Dune Messiah": (
        [*_numbered("a{}.mp3", album="Dune"), *_numbered("b{}.mp3", album="Dune Messiah")],
        [3, 3],
    ),
    "series parts in tags": ([_m4b(f"{n}.m4b", album="Sand", series_part=str(n)) for n in (1, 2)], [1, 1]),
    "volumes": ([made(f"Sand/Volume {volume}/{n}.mp3") for volume in (1, 2, 3) for n in (1, 2)], [2, 2, 2]),
    "abridged and not": ([_m4b("Dune (Abridged).m4b", 5.0), _m4b("Dune (Unabridged).m4b", 20.0)], [1, 1]),
    "books that count chapters": ([made(f"Book {b} - Chapter {n}.mp3") for b in (1, 2) for n in (1, 2, 3)], [3, 3]),
    "a book and another one's file": ([*_numbered("Dune/{}.mp3", album="Dune"), _m4b("Emma.m4b")], [3, 1]),
    "another reading of the same": (
        [*_numbered("Dune - A/{}.mp3", album="Dune"), *_numbered("Dune - B/{}.mp3", 4, album="Dune")],
        [3, 4],
    ),
    "a shorter edition as M4B": ([*_numbered("MP3/{}.mp3", 9, album="Dune"), _m4b("M4B/Dune.m4b", 1.0)], [1, 9]),
}


@pytest.mark.parametrize(("probes", "counts"), SEVERAL.values(), ids=SEVERAL.keys())
def test_several_books(probes: list[Probe], counts: list[int]) -> None:
    found = arrange(probes)
    assert [len(group.probes) for group in found.groups] == counts
    assert found.left_out == ()
    assert len({group.title for group in found.groups}) == len(counts)


def test_titles_authors_and_reasons_are_told() -> None:
    dune = [made(f"{n}.mp3", album="Dune (Disc 1) [64k]", author="Frank Herbert", track=n) for n in (1, 2)]
    (group,) = arrange(dune).groups
    assert (group.title, group.author) == ("Dune", "Frank Herbert")
    assert group.reason == "all 2 files name the album Dune"
    assert group.ordering == "by the numbers in tags and names, which agree"
    (group,) = arrange(_numbered("{}.mp3", root="/x/Jane Austen - Emma (2009) [MP3]")).groups
    assert (group.title, group.author) == ("Emma", "Jane Austen")
    assert group.reason == "3 files of one folder"
    (group,) = arrange([made(f"Der Herr - Teil {part}/{n}.mp3") for part in (1, 2) for n in (1, 2)]).groups
    assert group.title == "Der Herr"
    assert arrange([made(f"Dune {n}.mp3", seconds=4 * _HOUR) for n in (1, 2)]).groups[0].title == "Dune"


def test_a_volume_is_called_with_its_folder_and_names_as_they_are_written() -> None:
    volumes = [made(f"Sand/Volume {volume}/{n}.mp3") for volume in (1, 2) for n in (1, 2)]
    assert [group.title for group in arrange(volumes).groups] == ["Sand, Volume 1", "Sand, Volume 2"]
    counted = [*_numbered("Dune - {}.mp3"), *_numbered("Emma - {}.mp3")]
    assert [group.title for group in arrange(counted).groups] == ["Dune", "Emma"]


def test_books_of_one_album_are_called_by_their_own_titles() -> None:
    sand = [_m4b(f"Sand 0{n} - {name}.m4b", album="Sand", title=name) for n, name in ((1, "Dust"), (2, "Rain"))]
    assert [group.title for group in arrange(sand).groups] == ["Dust", "Rain"]


def test_what_the_order_found_is_told_with_the_book() -> None:
    found = arrange(
        [made(f"{book}/{n}.mp3") for book in ("Dune", "Emma") for n in (1, 2, 3, 5) if book == "Dune" or n < 4]
    )
    assert found.warnings == ("Dune: By the names, number 4 is missing in Dune: there may be a part missing.",)


# --- left out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "gone", "why"),
    [
        (["Dune.m4b"], ["01.mp3", "02.mp3", "03.mp3"], "complete M4B with chapters"),
        (["M4B/Dune.m4b"], ["MP3/01.mp3", "MP3/02.mp3", "MP3/03.mp3"], "complete M4B with chapters"),
        (["01.flac", "02.flac", "03.flac"], ["01.mp3", "02.mp3", "03.mp3"], "it is lossless"),
        (["FLAC/1.flac", "FLAC/2.flac", "FLAC/3.flac"], ["MP3/1.mp3", "MP3/2.mp3", "MP3/3.mp3"], "it is lossless"),
        (["01.m4a", "02.m4a", "03.m4a"], ["01.mp3", "02.mp3", "03.mp3"], "it sounds better"),
    ],
)
def test_the_better_of_two_formats_is_kept(kept: list[str], gone: list[str], why: str) -> None:
    probes = [_as_long_as_three(name, alone=len(kept) == 1) for name in kept] + [made(name) for name in gone]
    found = arrange(probes)
    assert _books(found) == [kept]
    assert [path.name for path, _ in found.left_out] == [Path(name).name for name in gone]
    assert all(why in reason for _, reason in found.left_out), found.left_out
    assert any(why in warning for warning in found.warnings)


def _as_long_as_three(name: str, *, alone: bool) -> Probe:
    return _m4b(name, hours=0.5) if alone else made(name)


def test_a_second_download_of_the_same_file_is_left_out() -> None:
    found = arrange([_m4b("Dune.m4b", album="Dune"), _m4b("Dune (1).m4b", album="Dune")])
    assert _books(found) == [["Dune.m4b"]]
    assert "Dune (1).m4b" in found.left_out[0][1]


@pytest.mark.parametrize(
    "probes",
    [
        [*_numbered("CD1/{}.mp3", album="D"), *_numbered("CD2/{}.mp3", album="D")],
        [_m4b("Dune Part 1.m4b", album="Dune"), _m4b("Dune Part 2.m4b", album="Dune")],
        [_m4b("Sand 01 - Dust.m4b", album="Sand"), _m4b("Sand 02 - Rain.m4b", album="Sand")],
        [_m4b("Dust.m4b", album="Sand", title="Dust"), _m4b("Rain.m4b", album="Sand", title="Rain")],
        [_m4b("Dune.m4b", 10.0), *(made(f"{n}.mp3", seconds=1.8 * _HOUR) for n in range(1, 6))],
        [made("Chapter (1).mp3"), made("Chapter (2).mp3"), made("Chapter.mp3")],
        [made("01.mp3"), made("01.flac", seconds=300), made("02.mp3"), made("02.flac", seconds=300)],
        [made("a.m4b"), made("b.mp3")],
        [made(f"{folder}/a.mp3") for folder in ("Alpha", "Beta", "1984", "2001", "7", "d5", "d6", "1000")],
        [made(f"{folder}/a.m4b") for folder in range(1, 9)],
    ],
    ids=["discs", "parts", "volumes", "titles", "an hour less", "(1)", "half as long", "one of each", "a", "a.m4b"],
)
def test_what_only_resembles_is_never_left_out(probes: list[Probe]) -> None:
    found = arrange(probes)
    assert found.left_out == ()
    assert sum(len(group.probes) for group in found.groups) == len(probes)


def test_a_sample_is_left_out_and_told() -> None:
    found = arrange([*_numbered("{}.mp3"), made("Dune sample.mp3", seconds=120)])
    assert _books(found) == [["1.mp3", "2.mp3", "3.mp3"]]
    assert found.left_out == ((Path("/downloads/job/Dune sample.mp3"), "Dune sample.mp3 is a sample of 2 min."),)
    assert arrange([*_numbered("{}.mp3"), made("Sample/x.mp3", seconds=60)]).left_out


@pytest.mark.parametrize(
    "probe",
    [
        made("sample.mp3", seconds=700),
        made("4 - The Sample.mp3", seconds=60),
        made("The Sample.mp3", seconds=60, track=4),
        made("Intro.mp3", seconds=5),
    ],
    ids=["long", "numbered", "a track", "a jingle, perhaps"],
)
def test_what_may_be_a_part_is_no_sample(probe: Probe) -> None:
    found = arrange([*_numbered("{}.mp3"), probe])
    assert (len(found.groups), found.left_out) == (1, ())


def test_a_sample_alone_is_what_there_is() -> None:
    assert _books(arrange([made("sample.mp3", seconds=60)])) == [["sample.mp3"]]


# --- which one -----------------------------------------------------------------------------------


def _group(title: str, author: str = "", count: int = 1, seconds: float = 3600.0) -> Group:
    return Group(title, author, tuple(made(f"{n}.mp3", seconds=seconds) for n in range(count)), "", "")


@pytest.mark.parametrize(
    ("titles", "wanted", "found"),
    [
        (["Dune", "Dune Messiah", "Children of Dune"], "Dune Messiah", "Dune Messiah"),
        (["Dune", "Dune Messiah", "Children of Dune"], "Dune", "Dune"),
        (["Dune: A Novel", "Emma"], "dune", "Dune: A Novel"),
        (["Dune", "Emma"], "Persuasion", None),
        (["Dune", "Dune"], "Dune", None),
        ([], "Dune", None),
    ],
)
def test_the_wanted_book_is_taken_only_where_it_is_clear(titles: list[str], wanted: str, found: str | None) -> None:
    groups = [_group(title, "Frank Herbert") for title in titles]
    chosen = select(groups, wanted, "Frank Herbert")
    assert (chosen.title if chosen else None) == found


def test_another_author_is_another_book() -> None:
    groups = [_group("The Gift", "Hafiz"), _group("The Gift", "Vladimir Nabokov")]
    chosen = select(groups, "The Gift", "Vladimir Nabokov")
    assert chosen is groups[1]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("emma", "Emma"),
        ("Dune (Abridged)", "Dune (Abridged)"),
        ("Dune (Unabridged).m4b", "Dune (Unabridged)"),
        ("Dune", None),
        ("x", None),
    ],
)
def test_a_person_names_a_book_by_title_file_or_folder(name: str, title: str | None) -> None:
    files = [*_numbered("Carmilla/{}.mp3"), *_numbered("Emma/{}.mp3")]
    files += [_m4b("Dune (Abridged).m4b", 5.0), _m4b("Dune (Unabridged).m4b", 20.0)]
    found = only(arrange(files).groups, name)
    assert (found.title if found else None) == title


def test_a_release_knows_its_files_and_their_order() -> None:
    """Whatever tags and names count, and though some would be taken for a sample or for another book."""
    probes = [
        made("1.mp3", album="Emma", track=2), made("2.mp3", album="Emma", track=1), made("sample.mp3", seconds=9)
    ]  # fmt: skip
    found = listed(probes, [Section("2.mp3"), Section("notes.pdf"), Section("sample.mp3"), Section("1.mp3")])
    assert found is not None
    assert _books(found) == [["2.mp3", "sample.mp3", "1.mp3"]]
    assert found.groups[0].ordering == "by the release's own list"


def test_a_release_that_does_not_name_every_file_decides_nothing() -> None:
    probes = [made("1.mp3"), made("2.mp3")]
    assert listed(probes, [Section("1.mp3")]) is None
    assert listed(probes, []) is None
    assert listed([], [Section("1.mp3")]) is None


def test_the_refusal_lists_the_books_and_both_remedies() -> None:
    error = several_books([_group("Dune", count=12), _group("Emma", seconds=65 * 60)])
    assert error.reason == "There are 2 books in it: Dune (12 files, 12 h 00 min); Emma (1 file, 1 h 05 min)."
    assert "auralarchive convert --split" in error.remedy
    assert "--only NAME" in error.remedy
    assert (error.kind, error.disposition) == (FailureKind.SEVERAL_BOOKS, Disposition.PERMANENT)
    assert "and 30 more" in several_books([_group(str(n)) for n in range(50)]).reason


# --- all of it -----------------------------------------------------------------------------------


def test_nothing_arrives_nothing_comes_out() -> None:
    assert arrange([]) == Arrangement(())


_PARTS = ("CD1", "CD2", "Part 1", "Part 2 of 3", "01", "02", "Book 1 - X", "Prologue", "Bonus", "MP3", "sample")
_PIECES = st.sampled_from(("Dune", "Emma", "1984", "Dune (1)", *_PARTS))
_FILES = st.builds(
    lambda folders, name, suffix, album, track, seconds: made(
        "/".join([*folders, name]) + suffix, seconds=seconds, album=album, track=track
    ),
    st.lists(_PIECES, max_size=3),
    _PIECES,
    st.sampled_from([".mp3", ".m4b", ".flac"]),
    st.sampled_from(["", "Dune", "Emma", "Dune (Disc 1)"]),
    st.none() | st.integers(1, 3),
    st.sampled_from([60.0, 600.0, 20_000.0]),
)


@given(st.lists(_FILES, max_size=12, unique_by=lambda probe: probe.source.path), st.randoms())
def test_no_file_is_lost_and_the_sequence_changes_nothing(files: list[Probe], chance: random.Random) -> None:
    found = arrange(files)
    paths = [probe.source.path for group in found.groups for probe in group.probes]
    paths += [path for path, _ in found.left_out]
    assert sorted(paths) == sorted(probe.source.path for probe in files)
    assert all(reason for _, reason in found.left_out)
    shuffled = files.copy()
    chance.shuffle(shuffled)
    assert arrange(shuffled) == found


_TEXTS = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), max_size=40)


@given(st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS, st.sampled_from([".mp3", ".m4b"])), max_size=6))
def test_any_text_is_a_name(texts: list[tuple[str, str, str, str]]) -> None:
    files = [
        made(f"{at}{name}{suffix}", album=album, title=title) for at, (name, album, title, suffix) in enumerate(texts)
    ]
    found = arrange(files)
    assert sum(len(group.probes) for group in found.groups) + len(found.left_out) == len(files)
    assert all(group.title and group.title.isprintable() for group in found.groups)
    several_books(found.groups), select(found.groups, "Dune")


@pytest.mark.parametrize(
    "probes",
    [
        [made(f"Herbert - Dune - {n:03d} - Chapter {n}.mp3", album="Dune", track=n) for n in range(1, 401)],
        [made(f"Herbert - Dune - {n:03d} - Chapter {n}.mp3") for n in range(1, 401)],
        [made(f"CD{n // 20 + 1}/{n % 20 + 1:02d} Dune.mp3") for n in range(400)],
        [made(f"Dune - {n:03d}.m4b") for n in range(1, 401)],
        [made(f"Series {n:03d} - Book of {n * 7919}.m4b") for n in range(1, 401)],
    ],
    ids=["tagged", "untagged", "discs", "M4B parts", "400 books"],
)
def test_400_files_take_a_moment(probes: list[Probe]) -> None:
    """50 ms on a quiet machine; the bound here is for a busy one."""
    started = time.process_time()
    arrange(probes)
    assert time.process_time() - started < 0.5


# --- real files ----------------------------------------------------------------------------------


def _probed(folder: Path) -> list[Probe]:
    return [probe(source) for source in find_sources((folder,), max_files=50).audio]


def test_two_real_books_in_one_folder(tmp_path: Path) -> None:
    for album in ("Dune", "Emma"):
        for number, path in enumerate(make_book(tmp_path, 3, 0.3, name=album[0] + "{number}"), 1):
            tag(path, Tags(album, f"Author of {album}", f"Chapter {number}", number, 3))
    found = arrange(_probed(tmp_path))
    assert [(group.title, group.author, len(group.probes)) for group in found.groups] == [
        ("Dune", "Author of Dune", 3),
        ("Emma", "Author of Emma", 3),
    ]
    assert select(found.groups, "Emma", "Author of Emma") is found.groups[1]


def test_a_real_book_on_two_discs(tmp_path: Path) -> None:
    for disc in (1, 2):
        make_book(tmp_path / f"CD{disc}", 2, 0.3, name="{number}")
    found = arrange(_probed(tmp_path))
    assert _books(found) == [["CD1/1.mp3", "CD1/2.mp3", "CD2/1.mp3", "CD2/2.mp3"]]


def test_a_real_m4b_beside_its_mp3s(tmp_path: Path) -> None:
    make_book(tmp_path, 3, 1.0, "m4b")
    make_book(tmp_path, 3, 1.0, "mp3")
    found = arrange(_probed(tmp_path))
    assert [path.suffix for path, _ in found.left_out] == [".mp3"] * 3
    assert [group.probes[0].source.path.suffix for group in found.groups] == [".m4b"]


def test_real_m4a_parts_are_one_book(tmp_path: Path) -> None:
    make_book(tmp_path, 3, 0.3, "m4a", name="Part {number} of 3")
    assert len(arrange(_probed(tmp_path)).groups) == 1
