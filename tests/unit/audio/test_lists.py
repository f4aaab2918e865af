"""Chapter files are read bounded, in the encodings that occur."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.lists import book_list, cue_beside
from auralarchive.ports.errors import InvalidInput

CUE = 'FILE "a.mp3" MP3\nTRACK 01 AUDIO\nTITLE "Grüße"\nINDEX 01 00:00:00\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_cue_sheets_of_every_encoding(tmp_path: Path, encoding: str) -> None:
    sheet = tmp_path / "a.cue"
    sheet.write_text(CUE, encoding=encoding)
    (mark,) = cue_beside([sheet], tmp_path / "a.mp3")
    assert mark.title == "Grüße"


def test_two_sheets_or_one_elsewhere_are_no_help(tmp_path: Path) -> None:
    sheets = [tmp_path / "a.cue", tmp_path / "b.cue"]
    for sheet in sheets:
        sheet.write_text(CUE, encoding="utf-8")
    assert cue_beside(sheets, tmp_path / "a.mp3") == ()
    assert cue_beside(sheets[:1], tmp_path / "other" / "a.mp3") == ()


def test_a_person_s_list_must_hold_something(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("0:00 One\n", encoding="utf-8")
    assert book_list(path)[0].title == "One"
    assert book_list(None) == ()
    path.write_text("", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        book_list(path)
    assert refused.value.remedy
