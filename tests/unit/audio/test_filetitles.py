"""Titles show what a file is, without what all files share, and are never empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.filetitles import LONGEST, chapter_title, file_titles, says_nothing
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import Mark
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags


def _probe(name: str, title: str = "", album: str = "", marks: tuple[Mark, ...] = ()) -> Probe:
    source = Source(Path("/x") / name, Path(name), Kind.MP3, 1, (0, 0, 0))
    return Probe(source, "mp3", 1000, 1, 64, 1.0, tags=SourceTags(title=title, album=album), chapters=marks)


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (["01 - The_Start.mp3", "02. The End.mp3"], ["The Start", "The End"]),
        (["01.mp3", "02.mp3"], ["Chapter 1", "Chapter 2"]),
        (["1984.mp3", "1985.mp3"], ["Chapter 1984", "Chapter 1985"]),
        (["03 - 1 - Home.mp3", "CD1 02 Away.mp3"], ["Home", "Away"]),
        (["Track 01 - Home.mp3", "Track 02 - Away.mp3"], ["Home", "Away"]),
        (["a/Same.mp3", "b/Same.mp3"], ["Chapter 1", "Chapter 2"]),
        (["The Book - 01 - Home.mp3", "The Book - 02 - Away.mp3"], ["Home", "Away"]),
        (["The Book - 01.mp3", "The Book - 02.mp3"], ["Chapter 1", "Chapter 2"]),
        (["Chapter 1.mp3", "Chapter 2.mp3"], ["Chapter 1", "Chapter 2"]),
        (["1984 begins.mp3", "The end.mp3"], ["1984 begins", "The end"]),
        (["1984 - Orwell.mp3"], ["1984 - Orwell"]),
    ],
)
def test_names_become_titles(names: list[str], titles: list[str]) -> None:
    assert file_titles([_probe(name) for name in names]) == titles


@pytest.mark.parametrize(
    ("tags", "titles"),
    [
        (["Home", "Away"], ["Home", "Away"]),
        (["The Book: Home", "The Book: Away"], ["Home", "Away"]),
        (["THE BOOK 01", "The Book 02"], ["Chapter 1", "Chapter 2"]),
        (["01 Home", "02 Away"], ["Home", "Away"]),
        (["01 Home", "02 Home"], ["01 Home", "02 Home"]),
        (["The Book", "The Book, part two"], ["The Book", "The Book, part two"]),
        (["Same", "Same"], ["One", "Two"]),
        (["Only", ""], ["One", "Two"]),
    ],
)
def test_tags_are_titles_where_they_tell_files_apart(tags: list[str], titles: list[str]) -> None:
    files = ["01 One.mp3", "02 Two.mp3"]
    assert file_titles([_probe(name, tag, "The Book") for name, tag in zip(files, tags, strict=True)]) == titles


def test_the_only_chapter_inside_a_file_lends_it_its_title() -> None:
    probes = [_probe(f"{name}.m4a", "The Book", marks=(Mark(0.0, title),)) for name, title in (("1", "A"), ("2", "B"))]
    assert file_titles(probes) == ["A", "B"]


@pytest.mark.parametrize(
    ("title", "nothing"),
    [
        ("Part 01", True),
        ("CD 2 Track 3", True),
        ("007", True),
        ("Kapitel 3 von 12", True),
        ("", True),
        ("Part One", False),
        ("Part", False),
        ("Chapter 1: Home", False),
        ("Partisan 1", False),
        ("1" * 3000 + "x", False),
    ],
)
def test_what_only_counts_says_nothing(title: str, nothing: bool) -> None:
    assert says_nothing(title) is nothing


def test_titles_stay_whole_in_every_script_and_within_bounds() -> None:
    family, persian, combined = "👨\u200d👩\u200d👧", "می\u200cخواهم", "e\u0301" * 200
    for title in (family, persian, combined, "שלום עולם"):
        assert chapter_title(title) == title
    assert chapter_title(" a\n\x00b\u202e ") == "a b"
    assert chapter_title("\u200d") == ""
    assert chapter_title("a\ud800") == "a"
    long = chapter_title("🎧" * 5000)
    assert len(long.encode()) == LONGEST
    assert set(long) == {"🎧"}


def test_an_unlocked_file_keeps_the_name_that_it_came_with() -> None:
    """It lies under a number in our work folder."""
    source = Source(Path("/scratch/00000.m4a"), Path("The Book.aax"), Kind.MP4, 1, (0, 0, 0))
    assert file_titles([Probe(source, "aac", 1000, 1, 64, 1.0)]) == ["The Book"]
