"""Chapter files are read bounded, in the encodings that occur, and only where they belong to the book."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.lists import lists_beside, own_list
from auralarchive.ports.errors import InvalidInput

CUE = 'FILE "a.mp3" MP3\nTRACK 01 AUDIO\nTITLE "Grüße – “so”"\nINDEX 01 00:00:00\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_lists_of_every_encoding(tmp_path: Path, encoding: str) -> None:
    sheet = tmp_path / "a.cue"
    sheet.write_text(CUE, encoding=encoding)
    (found,) = lists_beside([sheet], [tmp_path / "a.mp3"])
    assert found.files[0].marks[0].title == "Grüße – “so”"


def test_only_what_calls_itself_a_list_and_lies_with_the_book(tmp_path: Path) -> None:
    """A readme may have times in it; a list in a sister folder is another book's."""
    names = ["Readme.txt", "book.txt", "x.chapters.txt", "cd1/a.cue", "cd3/b.cue", "metadata.json", "other.json"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(CUE if path.suffix == ".cue" else '{"chapters": [{"start": 0}]}', encoding="utf-8")
    audio = [tmp_path / "cd1" / "1.mp3", tmp_path / "cd2" / "2.mp3"]
    assert [each.name for each in lists_beside(paths, audio)] == ["a.cue", "x.chapters.txt", "metadata.json"]
    alone = [each.name for each in lists_beside(paths, [tmp_path / "Book.mp3"])]
    assert alone == ["book.txt", "x.chapters.txt", "metadata.json"]


def test_links_and_pipes_are_no_lists(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text(CUE, encoding="utf-8")
    (tmp_path / "a.cue").symlink_to(tmp_path / "real.txt")
    os.mkfifo(tmp_path / "b.cue")
    assert lists_beside([tmp_path / "a.cue", tmp_path / "b.cue"], [tmp_path / "a.mp3"]) == ()


def test_a_person_s_list_must_hold_something(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("0:00 One\n", encoding="utf-8")
    found = own_list(path)
    assert found is not None
    assert found.marks[0].title == "One"
    assert own_list(None) is None
    path.write_text("", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        own_list(path)
    assert refused.value.remedy
