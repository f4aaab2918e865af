"""Cue sheets of one file and of several, whatever else stands in them."""

from __future__ import annotations

import time

from auralarchive.audio.cue import looks_like_cue, parse_cue
from auralarchive.audio.mp4.reader import MAX_CHAPTERS

CUE = """REM GENRE Audiobook
TITLE "The Book"
FILE "book.mp3" MP3
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two \\"quoted\\""
    INDEX 00 00:59:00
    INDEX 01 01:00:37
  TRACK 03 AUDIO
    INDEX 01 02:00:00
"""


def test_one_file() -> None:
    (file,) = parse_cue(CUE)
    assert file.name == "book.mp3"
    assert [(mark.start, mark.title) for mark in file.marks] == [
        (0.0, "One"),
        (60 + 37 / 75, 'Two \\"quoted\\"'),
        (120.0, ""),
    ]


def test_a_track_belongs_to_the_file_of_its_index_01() -> None:
    """So do programs write that cut in the pause before a track: its title stands in the file before."""
    text = 'FILE "a.wav" WAVE\nTRACK 01 AUDIO\nTITLE A\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE B\nINDEX 00 00:58:00\n'
    text += "FILE b.wav WAVE\nINDEX 01 00:00:00\n"
    assert [(file.name, [mark.title for mark in file.marks]) for file in parse_cue(text)] == [
        ("a.wav", ["A"]),
        ("b.wav", ["B"]),
    ]


def test_sheets_are_told_from_other_lists() -> None:
    assert looks_like_cue(CUE)
    assert not looks_like_cue("0:00 INDEX 01\n")
    assert parse_cue("nothing") == ()


def test_hostile_sheets_cost_little() -> None:
    started = time.thread_time()
    marks = 'FILE "a" MP3\n' + "TRACK 01 AUDIO\nINDEX 01 99999:99:99\n" * 50_000
    assert sum(len(file.marks) for file in parse_cue(marks)) == MAX_CHAPTERS
    for text in ("FILE " + " " * 500_000 + "x y!", "\n" * 900_000, " " * 900_000 + "INDEX"):
        assert not looks_like_cue(text)
        assert parse_cue(text) == ()
    assert time.thread_time() - started < 5
