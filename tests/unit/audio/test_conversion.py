"""The steps of one conversion and their wishes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.domain.book import Book
from auralarchive.domain.chapters import CatalogueChapters, ChapterSource
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, InvalidInput
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
    assert len(convert(tmp_path / "books", together=True).chapters) == 4
    wanted = Book("B000000000", "Persuasion", "Jane Austen")
    for wishes in ({"only": "persuasion"}, {"book": wanted}):
        result = convert(tmp_path / "books", **wishes)
        assert [entry["name"] for entry in result.recipe["inputs"]] == ["Persuasion/1.mp3", "Persuasion/2.mp3"]


def test_a_list_beside_the_files_and_its_misfits_are_told(tmp_path: Path, convert: Convert) -> None:
    book = tmp_path / "book"
    make_book(book, chapters=2, seconds=3.0)
    (book / "metadata.json").write_text('{"chapters": [{"start": 0, "title": "A"}, {"start": 1.5, "title": "B"}]}')
    result = convert(book)
    assert result.chapters_from is ChapterSource.FILE
    assert [(chapter.title, chapter.start) for chapter in result.chapters] == [("A", 0.0), ("B", 1.5)]
    (book / "chapters.txt").write_text("0:00 A\n9:59:00 B\n")
    assert any("chapters.txt was not used" in text for text in convert(book).warnings)


def test_a_good_book_without_chapters_gets_those_beside_it(tmp_path: Path, convert: Convert) -> None:
    """Its packets are copied for that; without any it is kept as it is."""
    book = tmp_path / "book"
    book.mkdir()
    encode(book / "x.m4b", voice(1, 3.0), "m4b")
    assert convert(book).mode == "keep"
    tracks = "".join(f"TRACK 0{n} AUDIO\nTITLE {n}\nINDEX 01 00:0{n - 1}:37\n" for n in (1, 2))
    (book / "x.cue").write_text(f'FILE "x.wav" WAVE\n{tracks}')
    result = convert(book)
    assert (result.mode, result.chapters_from) == ("remux", ChapterSource.CUE)
    assert result.chapters[1].start == pytest.approx(1 + 37 / 75, abs=1e-4)


def test_a_catalogue_s_list_comes_with_the_request(tmp_path: Path, convert: Convert) -> None:
    """One that fits counts; one that does not is told."""
    make_book(tmp_path / "book", chapters=1, seconds=8.0)
    listed = CatalogueChapters(((0, "A"), (4000, "B")), 8000)
    result = convert(tmp_path / "book", catalogue=listed)
    assert result.chapters_from is ChapterSource.CATALOGUE
    assert [(chapter.title, chapter.start) for chapter in result.chapters] == [("A", 0.0), ("B", 4.0)]
    refused = convert(tmp_path / "book", catalogue=replace(listed, runtime=99_000))
    assert refused.chapters_from is ChapterSource.FILES
    assert any("91.0 s longer" in text for text in refused.warnings)


def test_a_long_file_without_chapters_gets_them_where_it_pauses(tmp_path: Path, convert: Convert) -> None:
    """Five parts of 16 minutes, each with three seconds of silence at its end. Frames of ADTS can be put in a row."""
    spoken = encode(tmp_path / "spoken", voice(1, 16.0, rate=8000), "aac", rate=8000, bitrate=16).read_bytes()
    silence = encode(tmp_path / "silence", np.zeros((24_000, 1), np.float32), "aac", rate=8000, bitrate=16).read_bytes()
    book = tmp_path / "book.aac"
    book.write_bytes((spoken * 60 + silence) * 5)
    result = convert(book)
    assert result.chapters_from is ChapterSource.SILENCE
    ends = np.arange(1, 5) * result.duration_seconds / 5
    assert np.allclose([chapter.start for chapter in result.chapters], [0, *(ends - 0.5)], atol=0.3)


@pytest.mark.parametrize("codec", ["mp3", "flac", "m4a"])
def test_a_damaged_source_is_refused_unless_a_person_takes_it(tmp_path: Path, convert: Convert, codec: str) -> None:
    """Then what can be heard of it is in the book, the rest of the book where it was, and the damage told."""
    paths = make_book(tmp_path / "book", chapters=3, seconds=5.0, codec=codec)
    with paths[1].open("r+b") as file:
        file.seek(paths[1].stat().st_size // 2)
        file.write(b"\x5a" * 3000)
    with pytest.raises(Damaged, match=rf"02 - Chapter 2\.{codec} is damaged at 0:00:0[1-3]"):
        convert(tmp_path / "book")
    result = convert(tmp_path / "book", accept_damage=True)
    assert any("02 - Chapter 2" in warning for warning in result.warnings)
    assert 13 < result.duration_seconds < 15.1
    last = result.chapters[-1]
    assert last.end - last.start == pytest.approx(5.0, abs=0.1)


def test_a_cut_mp3_is_taken_as_far_as_it_goes(tmp_path: Path, convert: Convert) -> None:
    (path,) = make_book(tmp_path / "book", chapters=1, seconds=10.0)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 6 // 10)
    with pytest.raises(Damaged, match="too early"):
        convert(tmp_path / "book")
    assert convert(tmp_path / "book", accept_damage=True).duration_seconds == pytest.approx(6.0, abs=0.3)


def test_mp3_files_put_one_behind_the_other_are_whole(tmp_path: Path, convert: Convert) -> None:
    """Their tags lie in the middle of the sound: FFmpeg complains of these, but no frame is missing."""
    paths = make_book(tmp_path / "parts", chapters=2, seconds=4.0)
    book = tmp_path / "book.mp3"
    book.write_bytes(b"".join(path.read_bytes() for path in paths))
    result = convert(book)
    assert result.warnings == ()
    assert result.duration_seconds == pytest.approx(8.0, abs=0.2)
