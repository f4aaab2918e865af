"""Where chapters come from, and that they are always inside and in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.audio.chapterfiles import Listed
from auralarchive.audio.chapters import Part, choose
from auralarchive.audio.cue import CueFile
from auralarchive.audio.filetitles import chapter_title
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.probe import Probe
from auralarchive.audio.silence import Pause
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags
from auralarchive.domain.chapters import CatalogueChapters, ChapterSource
from auralarchive.ports.audio import Section

RATE = 1000
HOUR = 3600 * RATE


def _part(
    name: str,
    start: int,
    length: int,
    title: str = "",
    marks: tuple[Mark, ...] = (),
    *,
    markers: tuple[Mark, ...] = (),
    source: ChapterSource = ChapterSource.ID3,
    kind: Kind = Kind.MP3,
) -> Part:
    file = Source(Path("/x") / name, Path(name), kind, 1, (0, 0, 0))
    tags = SourceTags(title=title, chapter_source=source if marks else ChapterSource.NONE, markers=markers)
    return Part(Probe(file, "mp3", RATE, 1, 64, 1.0, tags=tags, chapters=marks), start, length)


def _parts(count: int, length: int = 10_000, title: str = "") -> list[Part]:
    return [_part(f"{n + 1:02d}.mp3", n * length, length, title and f"{title} {n + 1}") for n in range(count)]


def _marks(*rows: tuple[float, str]) -> tuple[Mark, ...]:
    return tuple(Mark(start, title) for start, title in rows)


def _cue(name: str, *rows: tuple[float, str]) -> CueFile:
    return CueFile(name, list(_marks(*rows)))


def test_one_file_one_chapter() -> None:
    parts = [_part("01 - The_Start.mp3", 0, 1000), _part("02. The End.mp3", 1000, 500)]
    chosen = choose(parts, RATE)
    assert (chosen.marks, chosen.source) == (((0, "The Start"), (1000, "The End")), ChapterSource.FILES)


def test_embedded_chapters_move_with_their_file() -> None:
    """To the sample; a file without any is one chapter; what lies behind a file's end is left out and told."""
    inner = _marks((0.0, "A"), (0.5, "B"), (99.0, "beyond"), (1.0, "at the end"))
    parts = [_part("1.mp3", 0, 1001, "One"), _part("2.mp3", 1001, 1000, "Two", inner)]
    chosen = choose(parts, RATE)
    assert chosen.marks == ((0, "One"), (1001, "A"), (1501, "B"))
    assert chosen.source is ChapterSource.ID3
    assert chosen.notes == ("2.mp3: 2 of its 4 chapters lie behind its end and were left out.",)


def test_the_name_of_the_place_inside_the_sources() -> None:
    for kind, source, told in (
        (Kind.MP4, ChapterSource.NONE, ChapterSource.MP4),
        (Kind.FLAC, ChapterSource.FLAC_CUE, ChapterSource.FLAC_CUE),
        (Kind.OGG, ChapterSource.VORBIS, ChapterSource.VORBIS),
    ):
        for marks in (_marks((0, "A"), (5, "B")), _marks((0, "A"))):
            assert choose([_part("1", 0, 10_000, "T", marks, source=source, kind=kind)], RATE).source is told


def test_the_order_of_the_sources() -> None:
    """Each in turn is taken away, and the next one counts."""
    inner, markers = _marks((0, "E"), (1, "E2")), _marks((0, "O"), (2, "O2"))
    part = _part("1.mp3", 0, 10_000, "T", inner, markers=markers)
    without = _part("1.mp3", 0, 10_000, "T", markers=markers)
    bare = _part("1.mp3", 0, 10_000, "T")
    own = Listed("own", marks=_marks((0, "P")))
    cue = Listed("c.cue", files=(_cue("1.wav", (0, "C"), (3, "C2")),))
    listed = Listed("c.txt", marks=_marks((0, "L"), (4, "L2")))
    catalogue = CatalogueChapters(((0, "K"), (5000, "K2")), 10_000)
    everything = (cue, listed)
    first = [
        choose([part], RATE, own=own, beside=everything, catalogue=catalogue),
        choose([part], RATE, beside=everything, catalogue=catalogue),
        choose([without], RATE, beside=everything, catalogue=catalogue),
        choose([without], RATE, beside=(listed,), catalogue=catalogue),
        choose([bare], RATE, beside=(listed,), catalogue=catalogue),
        choose([bare], RATE, catalogue=catalogue),
        choose([bare], RATE),
    ]
    assert [(chosen.marks[0][1], chosen.source.value) for chosen in first] == [
        ("P", "own-list"),
        ("E", "id3-chap"),
        ("C", "cue"),
        ("O", "overdrive"),
        ("L", "file"),
        ("K", "catalogue"),
        ("T", "files"),
    ]


def test_the_release_names_the_chapters_of_its_files() -> None:
    """A site's titles are better than what is in the files, which begin exactly where the chapters do."""
    parts = _parts(2, title="LibriVox")
    sections = [Section("02.mp3", "The End", 10.0), Section("01.mp3", "  The\nStart "), Section("other.txt", "Notes")]
    chosen = choose(parts, RATE, sections=sections, catalogue=CatalogueChapters(((0, "A"), (5, "B")), 20_000))
    assert (chosen.marks, chosen.source) == (((0, "The Start"), (10_000, "The End")), ChapterSource.RELEASE)
    assert chosen.notes == ()


@pytest.mark.parametrize(
    "sections",
    [
        (),
        (Section("01.mp3", "The Start"),),
        (Section("01.mp3", "The Start"), Section("02.mp3")),
        (Section("01.mp3", "Part 1"), Section("02.mp3", "Part 2")),
        (Section("a/01.mp3", "The Start"), Section("a/02.mp3", "The End")),
    ],
)
def test_a_release_that_says_nothing_of_some_file_names_none(sections: tuple[Section, ...]) -> None:
    assert choose(_parts(2), RATE, sections=sections).source is ChapterSource.FILES


def test_chapters_inside_the_files_tell_more_than_the_release() -> None:
    parts = [_part("1.mp3", 0, 10_000, "One", _marks((0, "A"), (5, "B"))), _part("2.mp3", 10_000, 10_000, "Two")]
    sections = (Section("1.mp3", "First half"), Section("2.mp3", "Second half"))
    assert choose(parts, RATE, sections=sections).source is ChapterSource.ID3


def test_a_file_much_shorter_than_its_release_says_is_told() -> None:
    """It may have been cut where nobody knows its size."""
    sections = (Section("01.mp3", "The Start", 12.0), Section("02.mp3", "The End", 70.0))
    chosen = choose(_parts(2), RATE, sections=sections)
    assert chosen.notes == ("02.mp3 is 60 s shorter than its release says.",)


def test_marks_are_put_in_order_inside_and_apart() -> None:
    marks = _marks(
        (5, "five"), (0.3, "early"), (5, "again"), (20, "late"), (7, "\n\x00"), (float("nan"), "n"), (-1, "-")
    )
    assert choose([_part("1.mp3", 0, 10_000, marks=marks)], RATE).marks == (
        (0, "early"),
        (5000, "five"),
        (7000, "Chapter 3"),
    )


def test_players_need_a_chapter_at_the_beginning() -> None:
    part = _part("1.mp3", 0, 10_000, marks=_marks((3, "One"), (5, "Two")))
    assert choose([part], RATE).marks == ((0, "Opening"), (3000, "One"), (5000, "Two"))


def test_more_chapters_than_any_book_has_are_cut_and_told() -> None:
    marks = tuple(Mark(number, f"C{number}") for number in range(MAX_CHAPTERS))
    parts = [_part("1.mp3", 0, 20_000 * RATE, marks=marks), _part("2.mp3", 20_000 * RATE, 20_000 * RATE, marks=marks)]
    chosen = choose(parts, RATE)
    assert len(chosen.marks) == MAX_CHAPTERS
    assert "were taken" in chosen.notes[-1]
    late = tuple(Mark(number + 5, "") for number in range(MAX_CHAPTERS))
    assert len(choose([_part("1.mp3", 0, 20_000 * RATE, marks=late)], RATE).marks) == MAX_CHAPTERS


# A person's own list


def test_a_person_s_own_list_may_be_of_any_kind() -> None:
    parts = _parts(2)
    times = Listed("x", marks=_marks((0, "A"), (12, "B")))
    sheet = Listed("x", files=(_cue("01.wav", (0, "A")), _cue("02.wav", (2, "B"))))
    whole = Listed("x", files=(_cue("image.wav", (0, "A"), (12, "B")),))
    misfit = Listed("x", catalogue=CatalogueChapters(((0, "A"), (12_000, "B"), (30_000, "beyond")), 99_000))
    for own in (times, sheet, whole, misfit):
        chosen = choose(parts, RATE, own=own)
        assert (chosen.marks, chosen.source) == (((0, "A"), (12_000, "B")), ChapterSource.OWN_LIST)


def test_a_person_s_list_of_nothing_inside_is_told_and_passed_over() -> None:
    chosen = choose(_parts(2), RATE, own=Listed("x.txt", marks=_marks((99, "A"))))
    assert chosen.source is ChapterSource.FILES
    assert "x.txt" in chosen.notes[0]


# Cue sheets


def test_one_sheet_for_each_disc() -> None:
    parts = [
        _part("CD1.flac", 0, 10_000),
        _part("CD2.flac", 10_000, 10_000),
        _part("CD3.flac", 20_000, 10_000, "Bonus"),
    ]
    sheets = [
        Listed("2.cue", files=(_cue("X:\\rip\\cd2.wav", (0, "C"), (4, "D")),)),
        Listed("1.cue", files=(_cue("CD1.wav", (0, "A"), (5, "B")),)),
    ]
    chosen = choose(parts, RATE, beside=sheets)
    assert chosen.marks == ((0, "A"), (5000, "B"), (10_000, "C"), (14_000, "D"), (20_000, "CD3"))


def test_a_sheet_of_several_files_by_name_or_by_order() -> None:
    for names in (("02.wav", "01.wav"), ("b.wav", "a.wav")):
        sheet = Listed("x.cue", files=(_cue(names[0], (0, "B")), _cue(names[1], (0, "A"))))
        first, second = choose(_parts(2), RATE, beside=[sheet]).marks
        assert {first, second} == ({(0, "A"), (10_000, "B")} if names[0] == "02.wav" else {(0, "B"), (10_000, "A")})


def test_a_sheet_means_the_file_in_its_own_folder() -> None:
    parts = [_part("cd1/01.mp3", 0, 10_000), _part("cd2/01.mp3", 10_000, 10_000)]
    sheet = Listed("x.cue", Path("/x/cd2"), files=(_cue("01.wav", (0, "A"), (5, "B")),))
    assert choose(parts, RATE, beside=[sheet]).marks == ((0, "Chapter 1"), (10_000, "A"), (15_000, "B"))


def test_two_sheets_of_one_file() -> None:
    sheets = [Listed(f"{n}.cue", files=(_cue("01.wav", (0, f"A{n}"), (5, "B")),)) for n in (1, 2)]
    chosen = choose(_parts(1), RATE, beside=sheets)
    assert chosen.marks[0] == (0, "A1")
    assert chosen.notes == ("2.cue tells of a file that another cue sheet has told of; it was left out.",)


def test_a_sheet_of_another_recording_is_refused() -> None:
    sheet = Listed("x.cue", files=(_cue("image.wav", (0, "A"), (900, "B")),))
    chosen = choose(_parts(2), RATE, beside=[sheet])
    assert chosen.source is ChapterSource.FILES
    assert chosen.notes == ("x.cue was not used: 1 of its chapters lie behind the end.",)


# OverDrive


def test_a_chapter_that_runs_on_over_parts_is_one() -> None:
    parts = [
        _part("Part01.mp3", 0, 10_000, markers=_marks((0, "Chapter 1"), (6, "Chapter 2"))),
        _part("Part02.mp3", 10_000, 10_000, markers=_marks((0, "Chapter 2 (00:04)"), (3, "Chapter 3"))),
    ]
    chosen = choose(parts, RATE)
    assert chosen.marks == ((0, "Chapter 1"), (6000, "Chapter 2"), (13_000, "Chapter 3"))
    assert chosen.source is ChapterSource.OVERDRIVE


# The catalogue and the files


@pytest.mark.parametrize(
    ("title", "count", "source"),
    [
        ("", 3, ChapterSource.CATALOGUE),  # files that only count
        ("", 2, ChapterSource.CATALOGUE),
        ("Home", 3, ChapterSource.FILES),  # as many, and they have titles
        ("Home", 4, ChapterSource.CATALOGUE),  # more than the files
    ],
)
def test_the_catalogue_counts_where_it_tells_more_than_the_files(title: str, count: int, source: ChapterSource) -> None:
    rows = tuple((number * 7000, f"K{number}") for number in range(count))
    chosen = choose(_parts(3, title=title), RATE, catalogue=CatalogueChapters(rows, 30_000))
    assert chosen.source is source


def test_a_catalogue_that_does_not_fit_is_refused_with_the_reason() -> None:
    chosen = choose(_parts(3), RATE, catalogue=CatalogueChapters(((0, "A"), (5000, "B")), 300_000))
    assert chosen.source is ChapterSource.FILES
    assert chosen.notes == ("The catalogue's list was not used: its recording is 270.0 s longer than this one.",)


def test_the_brand_s_intro_moves_the_marks_and_files_attract_them() -> None:
    """A catalogue's time near a file's beginning is that beginning, to the sample."""
    rows = ((0, "A"), (14_900, "B"), (22_500, "C"))
    chosen = choose(_parts(3), RATE, catalogue=CatalogueChapters(rows, 35_000, intro=5000, outro=9000))
    assert chosen.marks == ((0, "A"), (10_000, "B"), (17_500, "C"))


# Pauses


def test_pauses_are_the_last_resort_of_one_long_file() -> None:
    asked: list[int] = []

    def listen() -> Sequence[Pause]:
        asked.append(1)
        return [(HOUR // 2, HOUR // 2 + 4000)]

    chosen = choose([_part("book.mp3", 0, HOUR, "The Book")], RATE, listen=listen)
    assert chosen.source is ChapterSource.SILENCE
    assert chosen.marks == ((0, "Chapter 1"), (HOUR // 2 + 3500, "Chapter 2"))
    assert asked == [1]
    marks = _marks((0, "A"), (5, "B"))
    for parts in ([_part("1.mp3", 0, HOUR, marks=marks)], [_part("1.mp3", 0, HOUR - 1)], _parts(2, HOUR)):
        assert choose(parts, RATE, listen=listen).source is not ChapterSource.SILENCE
    assert asked == [1]


def test_a_file_without_pauses_is_one_chapter() -> None:
    chosen = choose([_part("book.mp3", 0, HOUR, "The Book")], RATE, listen=list)
    assert (chosen.marks, chosen.source) == (((0, "The Book"),), ChapterSource.FILES)


_ANY = st.lists(
    st.builds(Mark, st.floats() | st.floats(0, 40), st.text(max_size=5) | st.sampled_from(["Part 1", "A (0:10)"])),
    max_size=12,
).map(tuple)


@given(inner=st.lists(_ANY, min_size=1, max_size=4), markers=_ANY, sheet=_ANY, listed=_ANY, own=st.none() | _ANY)
def test_whatever_is_found_the_book_s_chapters_are_in_order_and_inside(
    inner: list[tuple[Mark, ...]],
    markers: tuple[Mark, ...],
    sheet: tuple[Mark, ...],
    listed: tuple[Mark, ...],
    own: tuple[Mark, ...] | None,
) -> None:
    parts = [_part(f"{n}.mp3", 10_000 * n, 10_000, marks=marks, markers=markers) for n, marks in enumerate(inner)]
    beside = (Listed("c", files=(CueFile("0.wav", list(sheet)),)), Listed("l", marks=listed))
    marks = choose(parts, RATE, own=Listed("o", marks=own) if own else None, beside=beside).marks
    starts = [start for start, _ in marks]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < 10_000 * len(parts)
    assert all(title and title == chapter_title(title) for _, title in marks)
