"""What the finished book says of itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from mutagen.mp4 import MP4, AtomDataType, MP4FreeForm

from auralarchive.audio.harvest import Extra
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4 import config, writer
from auralarchive.audio.mp4.writer import Movie, aac_description
from auralarchive.audio.sourcetags import SourceTags, read_tags
from auralarchive.audio.tags import BookTags, book_tags, gapless_item, metadata
from auralarchive.domain.book import Book, pseudo_asin
from tests.support.audio import picture

SOURCES = [
    SourceTags(
        title="Chapter 1", album="Old Title", author="Somebody", narrator="Nora", asin="B000000001", year="1999"
    ),
    SourceTags(title="Chapter 2", album="Old Title", author="Somebody", genre="Fantasy"),
]


def test_without_a_book_the_sources_speak() -> None:
    tags = book_tags(None, SOURCES, "folder")
    assert (tags.title, tags.author, tags.genre, tags.year) == ("Old Title", "Somebody", "Fantasy", "1999")
    assert book_tags(None, [SourceTags(), SourceTags()], "folder").title == "folder"


def test_the_person_s_book_wins_where_it_knows() -> None:
    tags = book_tags(Book("B00TESTBK1", "New\nTitle", "Ann", year=2020), SOURCES, "folder")
    assert (tags.title, tags.author, tags.asin, tags.year) == ("New Title", "Ann", "B00TESTBK1", "2020")
    assert tags.narrator == "Nora"


def test_an_asin_of_our_own_making_is_not_written() -> None:
    tags = book_tags(Book(pseudo_asin("T", "A"), "T", "A"), [SourceTags()], "folder")
    assert tags.asin == ""


def test_a_part_of_the_old_series_does_not_slip_into_the_new() -> None:
    sources = [SourceTags(series="Old", series_part="7")]
    tags = book_tags(Book("B00TESTBK1", "T", "A", series="New"), sources, "folder")
    assert (tags.series, tags.series_part) == ("New", "")


def test_most_of_them_win() -> None:
    albums = [SourceTags(album="Book"), SourceTags(album="Other"), SourceTags(album="Book", author="Ann")]
    assert book_tags(None, albums, "folder").title == "Book"


@pytest.mark.parametrize(
    ("albums", "title"),
    [
        (("Book (Disc 1)", "Book (Disc 2)"), "Book"),
        (("Book, CD 1/3", "Book, CD 2/3"), "Book"),
        (("Book - Part I", "Book - Part II"), "Book"),
        (("Book Part 2", "Book Part 2"), "Book Part 2"),
        (("Disc 1", "Disc 2"), "Disc 1"),
    ],
)
def test_discs_of_one_book_have_one_title(albums: tuple[str, ...], title: str) -> None:
    sources = [SourceTags(album=album) for album in albums]
    assert book_tags(None, sources, "folder").title == title


def test_files_that_number_themselves_are_no_parts_of_a_series() -> None:
    numbered = [SourceTags(series="Saga", series_part=str(number)) for number in range(1, 13)]
    assert book_tags(None, numbered, "folder").series_part == ""
    assert book_tags(None, [SourceTags(series="Saga", series_part="3.5")] * 12, "folder").series_part == "3.5"


@pytest.mark.parametrize("name", ["description", "comment"])
def test_words_about_one_part_are_no_book_s(name: str) -> None:
    parts = [SourceTags(**{name: f"Part {number} of 12"}) for number in range(1, 13)]  # type: ignore[arg-type]  # texts
    assert getattr(book_tags(None, parts, "folder"), name) == ""
    first = [SourceTags(**{name: "A story."}), SourceTags(), SourceTags()]  # type: ignore[arg-type]  # texts
    assert getattr(book_tags(None, first, "folder"), name) == "A story."
    book = [*parts[:2], *[first[0]] * 3]
    assert getattr(book_tags(None, book, "folder"), name) == "A story."


def test_what_belongs_to_words_that_are_gone_goes_too() -> None:
    source = SourceTags(
        album="Old", subtitle="Of old", sort_title="Old, The", author="Ann", sort_author="Ann, A", released="1999-01-02"
    )
    tags = book_tags(Book("B00TESTBK1", "New", "Bob", year=2020), [source], "folder")
    assert (tags.subtitle, tags.sort_title, tags.sort_author, tags.released) == ("", "", "", "")
    kept = book_tags(Book("B00TESTBK1", "Old", "Ann"), [source], "folder")
    assert (kept.subtitle, kept.sort_title, kept.sort_author, kept.released) == (
        *("Of old", "Old, The", "Ann, A"),
        "1999-01-02",
    )


def test_extras_go_on_where_all_agree() -> None:
    same, first, second = Extra("Rights", b"all"), Extra("Mark", b"1"), Extra("MARK", b"2")
    pair = (Extra("Voices", b"a"), Extra("Voices", b"b"))
    sources = [SourceTags(extras=(same, first, *pair)), SourceTags(), SourceTags(extras=(*pair, second, same))]
    assert sorted(book_tags(None, sources, "folder").extras) == [same, *pair]


def test_extras_of_a_whole_book_are_bounded() -> None:
    sources = [SourceTags(extras=(Extra(f"n{number}", b"x" * 60_000),)) for number in range(100)]
    assert sum(len(extra.value) for extra in book_tags(None, sources, "folder").extras) <= 256 * 1024


FULL = BookTags(
    title="The Ünique Book",
    author="Ann Author, Bob Writer",
    narrator="Nora Narrator",
    series="Saga",
    series_part="3",
    asin="B012345678",
    publisher="Pub House",
    description="First paragraph.\n\nSecond " + "ü" * 300,
    genre="Fantasy; Speech",
    year="2019",
    language="english",
    copyright="©2019 Ann",
    subtitle="A Subtitle",
    isbn="9780000000002",
    comment="A comment",
    released="2019-05-01",
    sort_author="Author, Ann",
    advisory="1",
    extras=(
        Extra("TRANSLATOR", b"Tim"),
        Extra("Voices", b"one"),
        Extra("Voices", b"two"),
        Extra("Blob", b"\x00\xff", "org.example", 0),
        Extra("Level", b"\x07", "org.example", 21),
    ),
)


def _written(path: Path, tags: BookTags, cover: bytes | None = None, *more: bytes) -> Path:
    """A real M4B of one second of silence with these tags."""
    silence = b"\x01\x40\x20\x07\x00"  # one packet of mono AAC-LC without a sound
    count = 44
    movie = Movie(
        description=aac_description(config.build(44100, 1), 44100, 1, 64000),
        timescale=44100,
        sizes=np.full(count, len(silence), np.int64),
        deltas=((count, 1024),),
        skip=0,
        playing=count * 1024,
        metadata=metadata(tags, cover, "maker", more),
    )
    with path.open("w+b") as file:
        writer.write(file.fileno(), movie, lambda fd: _write(fd, silence * count))
    return path


def _write(fd: int, data: bytes) -> None:
    with open(fd, "wb", closefd=False) as file:
        file.write(data)


def test_mutagen_reads_every_atom(tmp_path: Path) -> None:
    tags: Any = MP4(_written(tmp_path / "a.m4b", FULL, picture(), gapless_item(1024, 460, 44_100))).tags
    texts = {
        "\xa9nam": FULL.title,
        "\xa9alb": FULL.title,
        "\xa9ART": FULL.author,
        "aART": FULL.author,
        "\xa9wrt": FULL.narrator,
        "\xa9gen": FULL.genre,
        "\xa9day": "2019",
        "\xa9cmt": "A comment",
        "ldes": FULL.description,
        "cprt": FULL.copyright,
        "\xa9grp": "Saga #3",
        "\xa9mvn": "Saga",
        "soal": "Saga 3 - The Ünique Book",
        "sonm": "Saga 3 - The Ünique Book",
        "soar": "Author, Ann",
        "soaa": "Author, Ann",
        "\xa9too": "maker",
        "\xa9mvi": 3,
        "shwm": 1,
        "stik": 2,
        "rtng": 1,
    }
    assert {name: tags[name][0] for name in texts} == texts
    assert tags["pgap"] is True
    assert bytes(tags["covr"][0]) == picture()
    short = tags["desc"][0]
    assert short.startswith("First paragraph. Second ü")
    assert len(short.encode()) <= 255
    free = {key: [bytes(value) for value in tags[key]] for key in tags if key.startswith("----")}
    apple = "----:com.apple.iTunes:"
    assert free == {
        apple + "NARRATOR": [b"Nora Narrator"],
        apple + "SUBTITLE": [b"A Subtitle"],
        apple + "SERIES": [b"Saga"],
        apple + "SERIES-PART": [b"3"],
        apple + "ASIN": [b"B012345678"],
        apple + "ISBN": [b"9780000000002"],
        apple + "PUBLISHER": [b"Pub House"],
        apple + "LANGUAGE": [b"english"],
        apple + "RELEASETIME": [b"2019-05-01"],
        apple + "TRANSLATOR": [b"Tim"],
        apple + "Voices": [b"one", b"two"],
        "----:org.example:Blob": [b"\x00\xff"],
        "----:org.example:Level": [b"\x07"],
        apple + "iTunSMPB": [
            b" 00000000 00000400 000001CC 000000000000AC44" + b" 00000000" * 8,
        ],
    }
    assert tags["----:org.example:Level"][0].dataformat == AtomDataType.INTEGER
    assert not {"trkn", "disk", "\xa9st3"} & set(tags)


def test_ffprobe_and_pyav_read_what_libraries_read_by_them(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.m4b", FULL, picture())
    expected = {
        "title": FULL.title,
        "album": FULL.title,
        "artist": FULL.author,
        "album_artist": FULL.author,
        "composer": FULL.narrator,
        "genre": FULL.genre,
        "date": "2019",
        "comment": "A comment",
        "synopsis": FULL.description,
        "copyright": FULL.copyright,
        "grouping": "Saga #3",
        "sort_album": "Saga 3 - The Ünique Book",
        "media_type": "2",
        "gapless_playback": "1",
        "NARRATOR": "Nora Narrator",
        "SUBTITLE": "A Subtitle",
        "SERIES": "Saga",
        "SERIES-PART": "3",
        "ASIN": "B012345678",
        "ISBN": "9780000000002",
        "PUBLISHER": "Pub House",
        "LANGUAGE": "english",
        "TRANSLATOR": "Tim",
    }
    with av.open(str(path)) as container:
        by_pyav = dict(container.metadata)
    assert {name: by_pyav.get(name) for name in expected} == expected
    if shutil.which("ffprobe"):
        command = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream=codec_name", "-of", "json", str(path)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        assert {name: told["format"]["tags"].get(name) for name in expected} == expected
        assert [stream["codec_name"] for stream in told["streams"]] == ["aac", "mjpeg"]


def test_what_we_write_we_read_again(tmp_path: Path) -> None:
    """A book of ours that is made anew loses nothing."""
    path = _written(tmp_path / "a.m4b", FULL, picture(), gapless_item(1024, 0, 1))
    with path.open("rb") as file:
        again = book_tags(None, [read_tags(file.fileno(), Kind.MP4)], "folder")
    assert again.extras[0] == Extra("TRANSLATOR", b"Tim")
    assert sorted(again.extras) == sorted(FULL.extras)
    for name in ("title", "author", "narrator", "series", "series_part", "asin", "description", "genre", "year"):
        assert getattr(again, name) == getattr(FULL, name)
    for name in ("subtitle", "isbn", "comment", "released", "sort_author", "advisory", "copyright", "publisher"):
        assert getattr(again, name) == getattr(FULL, name)


def test_a_part_that_is_no_number_has_no_apple_number(tmp_path: Path) -> None:
    tags: Any = MP4(_written(tmp_path / "a.m4b", BookTags("T", "A", series="S", series_part="3.5"))).tags
    assert tags["\xa9grp"] == ["S #3.5"]
    assert tags["----:com.apple.iTunes:SERIES-PART"] == [MP4FreeForm(b"3.5")]
    assert "\xa9mvi" not in tags
    assert "covr" not in tags
    assert (tags["\xa9gen"], tags["\xa9mvn"]) == (["Audiobook"], ["S"])
