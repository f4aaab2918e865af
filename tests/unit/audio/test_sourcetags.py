"""Tags of every format mean the same; broken ones mean nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.id3 import COMM, ID3, TALB, TCOM, TCON, TDRC, TIT1, TIT2, TIT3, TPE1, TPOS, TRCK, TXXX, ParseID3v1
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.wave import WAVE

from auralarchive.audio.kinds import Kind
from auralarchive.audio.sourcetags import SourceTags, clean, read_tags
from tests.support.audio import encode, make_book, picture, voice


def _tags(path: Path, kind: Kind) -> SourceTags:
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_tags(fd, kind)
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("codec", "kind"),
    [("mp3", Kind.MP3), ("m4a", Kind.MP4), ("flac", Kind.FLAC), ("ogg", Kind.OGG), ("opus", Kind.OGG)],
)
def test_the_same_words_from_every_format(tmp_path: Path, codec: str, kind: Kind) -> None:
    (path,) = make_book(tmp_path, chapters=1, seconds=0.5, codec=codec, cover=True)
    tags = _tags(path, kind)
    assert (tags.title, tags.album, tags.author) == ("Chapter 1", "The Test Book", "Ann Author")
    assert (tags.track, tags.year, tags.genre) == (1, "2019", "Audiobook")
    if codec in ("mp3", "m4a", "flac"):
        assert tags.picture_sizes == (len(picture()),)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP3 without any tag."""
    folder = tmp_path_factory.mktemp("bare")
    return encode(
        folder / "a.mp3", voice(1, 0.3), "mp3", extra=("-id3v2_version", "0", "-write_xing", "0")
    ).read_bytes()


def _mp3(path: Path, bare: bytes, *frames: object, version: int = 4) -> SourceTags:
    path.write_bytes(bare)
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    if version == 3:
        tags.update_to_v23()
    tags.save(path, v2_version=version, v23_sep="/")
    return _tags(path, Kind.MP3)


@pytest.mark.parametrize("version", [3, 4])
def test_both_generations_of_id3(tmp_path: Path, bare: bytes, version: int) -> None:
    """2.3 writes several persons with a slash, 2.4 with zeros."""
    tags = _mp3(
        tmp_path / "a.mp3",
        bare,
        TALB(encoding=1, text="Das Büch"),
        TPE1(encoding=1, text=["Ann Author", "Bob Writer"]),
        TCOM(encoding=1, text=["AC/DC"]),
        TIT3(encoding=1, text="A subtitle"),
        TCON(encoding=1, text=["Fantasy", "(101)"]),
        TDRC(encoding=1, text="2019-05-01"),
        TRCK(encoding=1, text="03/12"),
        TXXX(encoding=1, desc="SERIES", text="Saga"),
        TXXX(encoding=1, desc="series-part", text="Book 3.5"),
        COMM(encoding=1, lang="eng", desc="", text="<p>Long &amp; good.</p><p>Really.</p>"),
        version=version,
    )
    genres = "Fantasy; Speech" if version == 4 else "Fantasy/Speech"
    assert (tags.album, tags.author, tags.narrator) == ("Das Büch", "Ann Author, Bob Writer", "AC/DC")
    assert (tags.subtitle, tags.genre, tags.year, tags.track) == ("A subtitle", genres, "2019", 3)
    assert (tags.released, tags.series, tags.series_part) == ("2019-05-01", "Saga", "3.5")
    assert (tags.description, tags.comment) == ("Long & good.\n\nReally.", "")


def test_the_oldest_id3(tmp_path: Path, bare: bytes) -> None:
    """Version 2.2 has names of three letters."""

    def frame(name: bytes, text: str) -> bytes:
        body = b"\0" + text.encode("latin-1")
        return name + len(body).to_bytes(3, "big") + body

    frames = frame(b"TAL", "Old Book") + frame(b"TP1", "Ann") + frame(b"TCM", "Nora") + frame(b"TYE", "1999")
    head = b"ID3\x02\0\0" + bytes([0, 0, len(frames) >> 7, len(frames) & 127])
    path = tmp_path / "a.mp3"
    path.write_bytes(head + frames + bare)
    tags = _tags(path, Kind.MP3)
    assert (tags.album, tags.author, tags.narrator, tags.year) == ("Old Book", "Ann", "Nora", "1999")


def test_tags_at_the_end_alone(tmp_path: Path, bare: bytes) -> None:
    """ID3v1 in Latin-1, whatever was meant; APE wins where both are there."""
    path = tmp_path / "a.mp3"
    old = b"TAG" + b"Titel".ljust(30, b"\0") + b"Ann".ljust(30, b"\0") + "GrÃ¼n".encode("latin-1").ljust(30, b"\0")
    old += b"1999" + b"a comment".ljust(28, b"\0") + b"\0\x07" + bytes([101])
    assert ParseID3v1(old) is not None
    path.write_bytes(bare + old)
    tags = _tags(path, Kind.MP3)
    assert (tags.title, tags.author, tags.album) == ("Titel", "Ann", "GrÃ¼n")
    assert (tags.track, tags.genre, tags.description, tags.year) == (7, "Speech", "a comment", "1999")
    ape = APEv2()
    ape["Album"], ape["Artist"], ape["Year"], ape["Narrator"] = "Book", ["Ann", "Bob"], "2001", "Nora"
    ape.save(path)
    tags = _tags(path, Kind.MP3)
    assert (tags.album, tags.author, tags.narrator, tags.year) == ("Book", "Ann, Bob", "Nora", "2001")


@pytest.mark.parametrize(
    ("grouping", "series", "part"),
    [("Saga #3", "Saga", "3"), ("The Saga, #3.5", "The Saga", "3.5"), ("Favourites", "", ""), ("#3", "", "")],
)
def test_a_grouping_may_be_the_series(tmp_path: Path, bare: bytes, grouping: str, series: str, part: str) -> None:
    tags = _mp3(tmp_path / "a.mp3", bare, TIT2(encoding=3, text="T"), TIT1(encoding=3, text=grouping))
    assert (tags.series, tags.series_part, tags.grouping) == (series, part, grouping)


def test_atoms_of_other_programs(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4b", voice(1, 0.3), "m4b")
    file = MP4(path)
    file["\xa9nrt"], file["\xa9wrt"] = ["Nora"], ["A Composer"]
    file["\xa9mvn"], file["\xa9mvi"], file["ldes"], file["desc"] = ["Saga"], [3], ["The whole text"], ["The wh"]
    file["\xa9cmt"], file["soar"], file["rtng"] = ["Ripped with care"], ["Author, Ann"], [1]
    file["----:com.pilabor.tone:AUDIBLE_ASIN"] = [MP4FreeForm(b"B012345678")]
    file["----:com.pilabor.tone:TRANSLATOR"] = [MP4FreeForm(b"Tim")]
    file["----:com.apple.iTunes:SUBTITLE"] = [MP4FreeForm(b"Sub")]
    file["----:com.apple.iTunes:ISBN"] = [MP4FreeForm(b"9780000000002")]
    file.save()
    tags = _tags(path, Kind.MP4)
    assert (tags.narrator, tags.series, tags.series_part, tags.asin) == ("Nora", "Saga", "3", "B012345678")
    assert (tags.description, tags.comment, tags.subtitle) == ("The whole text", "Ripped with care", "Sub")
    assert (tags.isbn, tags.sort_author, tags.advisory) == ("9780000000002", "Author, Ann", "1")
    assert [tuple(extra) for extra in tags.extras] == [("TRANSLATOR", b"Tim", "com.pilabor.tone", 1)]


def test_windows_media_and_waves(tmp_path: Path) -> None:
    wma = encode(tmp_path / "a.wma", voice(1, 0.3), "wma")
    file = ASF(wma)
    file["Title"], file["WM/AlbumTitle"], file["Author"], file["WM/Year"] = "One", "Book", ["Ann", "Bob"], "2003"
    file["WM/TrackNumber"], file["Description"] = [4], "About it"
    file.save()
    tags = _tags(wma, Kind.ASF)
    assert (tags.title, tags.album, tags.author, tags.year) == ("One", "Book", "Ann, Bob", "2003")
    assert (tags.track, tags.description) == (4, "About it")
    wav = encode(tmp_path / "a.wav", voice(1, 0.3), "wav")
    wave = WAVE(wav)
    wave.add_tags()
    wave.tags.add(TALB(encoding=3, text="Wave Book"))
    wave.save()
    assert _tags(wav, Kind.WAV).album == "Wave Book"


def test_hostile_sizes_are_cut(tmp_path: Path, bare: bytes) -> None:
    huge = "x" * 3_000_000
    tags = _mp3(
        tmp_path / "a.mp3",
        bare,
        TALB(encoding=3, text=huge),
        TPE1(encoding=3, text=["y" * 100] * 10_000),
        COMM(encoding=3, lang="eng", desc="", text=huge),
        TXXX(encoding=3, desc="X", text=[huge]),
    )
    assert (len(tags.album), len(tags.description), tags.extras) == (4096, 65536, ())
    assert len(tags.author) <= 4096


def test_four_hundred_files_cost_little(tmp_path: Path, bare: bytes) -> None:
    """Tags are read of every file before anything else happens; generous, for slow machines."""
    frames = (TIT2, TALB, TPE1, TCOM, TCON, TDRC)
    path = tmp_path / "a.mp3"
    _mp3(path, bare, *(frame(encoding=3, text="2019") for frame in frames), TXXX(encoding=3, desc="ASIN", text="B0"))
    begin = time.process_time()
    for _ in range(400):
        _tags(path, Kind.MP3)
    assert time.process_time() - begin < 1.0


def test_chapters_in_vorbis_comments(tmp_path: Path) -> None:
    (path,) = make_book(tmp_path, chapters=1, seconds=0.5, codec="flac")
    file = mutagen.File(path)
    file["CHAPTER001"], file["CHAPTER001NAME"] = "00:00:00.000", "One"
    file["CHAPTER002"], file["CHAPTER002NAME"] = "00:00:00.250", "Two"
    file.save()
    assert [(mark.start, mark.title) for mark in _tags(path, Kind.FLAC).chapters] == [(0.0, "One"), (0.25, "Two")]


@pytest.mark.parametrize(("codec", "kind"), [("mp3", Kind.MP3), ("m4a", Kind.MP4), ("flac", Kind.FLAC)])
def test_totals_stand_behind_the_number_or_in_a_tag_of_their_own(tmp_path: Path, codec: str, kind: Kind) -> None:
    (path,) = make_book(tmp_path, chapters=1, seconds=0.5, codec=codec)
    file = mutagen.File(path)
    if codec == "flac":
        file["tracknumber"], file["tracktotal"], file["discnumber"], file["disctotal"] = "2", "12", "1", "3"
    elif codec == "m4a":
        file["trkn"], file["disk"] = [(2, 12)], [(1, 3)]
    else:
        file["TRCK"], file["TPOS"] = TRCK(encoding=3, text="2/12"), TPOS(encoding=3, text="1/3")
    file.save()
    tags = _tags(path, kind)
    assert (tags.track, tags.track_total, tags.disc, tags.disc_total) == (2, 12, 1, 3)


@pytest.mark.parametrize("kind", [Kind.MP3, Kind.MP4, Kind.FLAC, Kind.OGG, Kind.ASF, Kind.WAV])
def test_broken_tags_are_no_tags(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"ID3\x04\0\0\0\0\x02\x00" + b"TIT2\xff\xff\xff\xff" + os.urandom(500))
    assert _tags(path, kind).title == ""


def test_text_becomes_one_bounded_line() -> None:
    assert clean(" a\n\t b\x00c\u202e ") == "a b c"
    assert len(clean("x" * 100_000)) == 4096
