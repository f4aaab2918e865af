"""The steps of one conversion and their wishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.book import Book
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import InvalidInput
from tests.support.audio import Tags, encode, lock_aaxc, make_book, picture, tag, voice
from tests.unit.audio.conftest import Convert


def test_a_locked_part_among_open_ones(tmp_path: Path, convert: Convert) -> None:
    """Unlocked first, then planned like any other: two equal AAC parts are copied."""
    folder = tmp_path / "book"
    folder.mkdir()
    key, iv = bytes(range(16)), bytes(range(16, 32))
    encode(folder / "1.m4a", voice(1, 1.0), "m4a")
    plain = encode(tmp_path / "2.m4a", voice(2, 1.0), "m4a")
    lock_aaxc(plain, folder / "2.aaxc", key, iv)
    result = convert(folder, AudioSettings(aaxc_keys=(AaxcKey(key, iv),)))
    assert result.mode == "remux"
    assert [entry["encrypted"] for entry in result.recipe["inputs"]] == ["", "aaxc"]


def test_several_sources_in_one_request(tmp_path: Path, convert: Convert) -> None:
    one = encode(tmp_path / "b 1.flac", voice(1, 1.0), "flac")
    two = encode(tmp_path / "a 2.flac", voice(2, 1.0), "flac")
    result = convert((two, one))
    assert [chapter.title for chapter in result.chapters] == ["b 1", "a 2"]


def test_a_cue_sheet_beside_one_file_gives_chapters(tmp_path: Path, convert: Convert) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    encode(folder / "book.mp3", voice(1, 4.0), "mp3")
    tracks = "".join(f'TRACK 0{n} AUDIO\nTITLE "T{n}"\nINDEX 01 00:0{n}:00\n' for n in (1, 2, 3))
    (folder / "book.cue").write_text('FILE "book.mp3" MP3\n' + tracks, encoding="latin-1")
    result = convert(folder)
    assert [(chapter.title, chapter.start) for chapter in result.chapters] == [("T1", 0.0), ("T2", 2.0), ("T3", 3.0)]


def test_the_person_s_cover_wins(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", chapters=1, seconds=1.0, cover=True)
    wanted = tmp_path / "mine.jpg"
    wanted.write_bytes(picture(100, colour=(1, 2, 3)))
    result = convert(tmp_path / "book", cover=wanted)
    assert result.cover is not None
    assert result.cover.read_bytes() == wanted.read_bytes()


def test_of_several_books_the_wanted_one_is_made(tmp_path: Path, convert: Convert) -> None:
    """Nobody wants two novels as one; who has said which it is gets it."""
    for title in ("Emma", "Persuasion"):
        folder = tmp_path / "books" / title
        folder.mkdir(parents=True)
        for number in (1, 2):
            path = encode(folder / f"{number}.mp3", voice(number, 1.0), "mp3")
            tag(path, Tags(title, "Jane Austen", f"Chapter {number}", number, 2))
    with pytest.raises(InvalidInput, match=r"Emma.*Persuasion.*") as refused:
        convert(tmp_path / "books")
    assert refused.value.kind is FailureKind.SEVERAL_BOOKS
    assert "--only" in refused.value.remedy
    wanted = Book("B000000000", "Persuasion", "Jane Austen")
    for wishes in ({"only": "persuasion"}, {"book": wanted}):
        result = convert(tmp_path / "books", **wishes)
        assert [entry["name"] for entry in result.recipe["inputs"]] == ["Persuasion/1.mp3", "Persuasion/2.mp3"]
