"""Where chapters come from, and that they are always inside and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.chapters import Part, choose, file_titles, parse_cue, parse_list
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import Mark
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags

CUE = """FILE "book.mp3" MP3
TRACK 01 AUDIO
  TITLE "One"
  INDEX 01 00:00:00
TRACK 02 AUDIO
  TITLE "Two \\"quoted\\""
  INDEX 00 00:59:00
  INDEX 01 01:00:37
"""


def _part(name: str, start: int, length: int, title: str = "", marks: tuple[Mark, ...] = ()) -> Part:
    source = Source(Path("/x") / name, Path(name), Kind.MP3, 1, (0, 0, 0))
    return Part(Probe(source, "mp3", 1000, 1, 64, 1.0, tags=SourceTags(title=title), chapters=marks), start, length)


def test_one_file_one_chapter_with_a_clean_title() -> None:
    parts = [_part("01 - The_Start.mp3", 0, 1000), _part("02. The End.mp3", 1000, 500)]
    assert choose(parts, 1000) == ((0, "The Start"), (1000, "The End"))


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (["01.mp3", "02.mp3"], ["Chapter 1", "Chapter 2"]),
        (["1984.mp3", "1985.mp3"], ["Chapter 1984", "Chapter 1985"]),
        (["03 - 1 - Home.mp3", "CD1 02 Away.mp3"], ["Home", "Away"]),
        (["a/Same.mp3", "b/Same.mp3"], ["Chapter 1", "Chapter 2"]),
    ],
)
def test_names_become_titles(names: list[str], titles: list[str]) -> None:
    assert file_titles([_part(name, 0, 1).probe for name in names]) == titles


def test_tags_are_titles_only_where_they_tell_files_apart() -> None:
    same = [_part(f"0{number} X{number}.mp3", 0, 1, "The Book").probe for number in (1, 2)]
    assert file_titles(same) == ["X1", "X2"]


def test_embedded_chapters_move_with_their_file() -> None:
    marks = (Mark(0.0, "A"), Mark(0.5, "B"), Mark(99.0, "beyond"))
    parts = [_part("1.mp3", 0, 1000, "One"), _part("2.mp3", 1000, 1000, "Two", marks)]
    assert choose(parts, 1000) == ((0, "One"), (1000, "A"), (1500, "B"))


def test_a_person_s_own_come_first_then_embedded_then_the_cue() -> None:
    part = _part("1.mp3", 0, 10_000, marks=(Mark(0, "E1"), Mark(1, "E2")))
    chosen, cue = (Mark(0, "P"),), (Mark(0, "C1"), Mark(2, "C2"))
    assert choose([part], 1000, chosen=chosen, cue=cue) == ((0, "P"),)
    assert choose([part], 1000, cue=cue) == ((0, "E1"), (1000, "E2"))
    assert choose([_part("1.mp3", 0, 10_000)], 1000, cue=cue) == ((0, "C1"), (2000, "C2"))


def test_marks_are_put_in_order_inside_and_apart() -> None:
    marks = (Mark(5, "five"), Mark(0.3, "early"), Mark(5, "again"), Mark(20, "late"), Mark(7, "\n\x00"))
    assert choose([_part("1.mp3", 0, 10_000, marks=marks)], 1000) == ((0, "early"), (5000, "five"), (7000, "Chapter 3"))


def test_cue_sheets() -> None:
    assert [(mark.start, mark.title) for mark in parse_cue(CUE)] == [
        (0.0, "One"),
        (60 + 37 / 75, 'Two \\"quoted\\"'),
    ]
    assert parse_cue(CUE + 'FILE "two.mp3" MP3\n') == ()


@pytest.mark.parametrize(
    "text",
    [
        "0:00 Start\n00:01:02.5 Next one\n",
        "CHAPTER01=00:00:00.000\nCHAPTER01NAME=Start\nCHAPTER02=00:01:02.5\nCHAPTER02NAME=Next one\n",
    ],
)
def test_lists_of_a_person(text: str) -> None:
    assert parse_list(text) == (Mark(0.0, "Start"), Mark(62.5, "Next one"))
    assert parse_list("nothing") == ()
