"""What the Archive tells of an item, and which of its files are the book."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.domain.failures import FailureKind
from auralarchive.indexers.archive_metadata import (
    Form,
    Item,
    ItemFile,
    Prefer,
    chosen,
    natural,
    picture_of,
    read_item,
    stem_of,
)
from auralarchive.ports.errors import Gone, InvalidInput

MD5, SHA1 = "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def file(name: str, form: str = "", original: str = "", **more: Any) -> dict[str, Any]:
    row = {"name": name, "format": form, "source": "derivative" if original else "original", "size": "1000", **more}
    return {**row, "original": original} if original else row


LIBRIVOX = [
    file("emma_01_austen_128kb.mp3", "128Kbps MP3"),
    file("emma_01_austen_64kb.mp3", "64Kbps MP3", "emma_01_austen_128kb.mp3"),
    file("emma_01_austen.ogg", "Ogg Vorbis", "emma_01_austen_128kb.mp3"),
    file("emma_02_austen_128kb.mp3", "128Kbps MP3"),
    file("emma_02_austen_64kb.mp3", "64Kbps MP3", "emma_02_austen_128kb.mp3"),
    file("emma_02_austen.ogg", "Ogg Vorbis", "emma_02_austen_128kb.mp3"),
    file("emma_64kb_mp3.zip", "64Kbps MP3 ZIP"),
    file("Emma_librivox.m4b", "LibriVox Apple Audiobook"),
    file("emma_files.xml", "Metadata"),
]


def answer(*files: dict[str, Any], about: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    metadata = {"identifier": "emma", "title": "Emma", "creator": "Jane Austen", **(about or {})}
    return {"metadata": metadata, "files": list(files), **top}


def item(*files: dict[str, Any], **more: Any) -> Item:
    return read_item(answer(*files, **more), "emma", "archive.org")


def names(files: list[dict[str, Any]], prefer: Prefer) -> list[str]:
    return [one.name for one in chosen(item(*files).files, prefer)]


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("mp3", ["emma_01_austen_128kb.mp3", "emma_02_austen_128kb.mp3"]),
        ("original", ["emma_01_austen_128kb.mp3", "emma_02_austen_128kb.mp3"]),
        ("small", ["emma_01_austen_64kb.mp3", "emma_02_austen_64kb.mp3"]),
        ("m4b", ["Emma_librivox.m4b"]),
    ],
)
def test_a_book_is_one_file_of_each_track(prefer: Prefer, expected: list[str]) -> None:
    """Never two forms of the same."""
    assert names(LIBRIVOX, prefer) == expected


def test_what_is_not_there_is_not_wanted() -> None:
    """The next best form is taken: an M4B only where it is wanted, or all there is."""
    assert names(LIBRIVOX[:7], "m4b") == ["emma_01_austen_128kb.mp3", "emma_02_austen_128kb.mp3"]
    assert names(LIBRIVOX[7:], "mp3") == ["Emma_librivox.m4b"]
    assert names([LIBRIVOX[1], LIBRIVOX[4]], "mp3") == ["emma_01_austen_64kb.mp3", "emma_02_austen_64kb.mp3"]
    halves = [file("Emma_Part10.m4b"), file("Emma_Part2.m4b"), *LIBRIVOX[:2]]
    assert names(halves, "m4b") == ["Emma_Part2.m4b", "Emma_Part10.m4b"]


def test_one_form_for_all_comes_before_a_better_one_for_some() -> None:
    """Only where no form has all tracks they are mixed: a book is not cut short for a form."""
    gap = [one for one in LIBRIVOX if one["name"] != "emma_02_austen_128kb.mp3"]
    assert names(gap, "mp3") == ["emma_01_austen_64kb.mp3", "emma_02_austen_64kb.mp3"]
    mixed = [LIBRIVOX[0], LIBRIVOX[4]]
    assert names(mixed, "mp3") == ["emma_01_austen_128kb.mp3", "emma_02_austen_64kb.mp3"]


def test_other_recordings_have_other_originals() -> None:
    """What was uploaded may be lossless: taken as it is only by those who want that."""
    files = [
        file("a.flac", "Flac"),
        file("a.mp3", "VBR MP3", "a.flac"),
        file("b.flac", "Flac"),
        file("b.mp3", "VBR MP3", "b.flac"),
    ]
    assert names(files, "mp3") == names(files, "small") == ["a.mp3", "b.mp3"]
    assert names(files, "original") == ["a.flac", "b.flac"]
    assert names([file("a.m4a", "MPEG-4 Audio"), file("a.ogg", "Ogg Vorbis", "a.m4a")], "mp3") == ["a.m4a"]


def test_tracks_are_ordered_by_number_else_by_name() -> None:
    """Numbers that are missing or double say nothing; names are read as people read them."""
    numbered = [file("z.mp3", track="1/3"), file("a.mp3", track="03"), file("m.mp3", track="2")]
    assert names(numbered, "mp3") == ["z.mp3", "m.mp3", "a.mp3"]
    double = [file("part 10.mp3", track="1"), file("part 2.mp3", track="1"), file("part 1.mp3")]
    assert names(double, "mp3") == ["part 1.mp3", "part 2.mp3", "part 10.mp3"]


def test_a_file_is_read_with_its_proofs() -> None:
    """Numbers are text there; what cannot be read is not known."""
    row = file("a.mp3", "VBR MP3", md5=MD5.upper(), sha1=SHA1, length="1:02", title="01 - <b>A</b>", track="7/9")
    (one,) = item(row).files
    assert one == ItemFile(
        "a.mp3", Form.MP3, "a", True, 1_000, MD5, SHA1, title="01 - A", track=7, seconds=62.0, picture=False
    )
    (odd,) = item(file("a.mp3", size="-1", md5="short", sha1=7, length="long", title=None, track="A-side")).files
    assert odd == ItemFile("a.mp3", Form.MP3, "a", original=True)


def test_rows_that_are_none_are_passed_over() -> None:
    files: list[Any] = [None, "a.mp3", {"format": "VBR MP3"}, {"name": 7}, file("a.mp3")]
    assert [one.name for one in item(*files).files] == ["a.mp3"]
    as_object = {"metadata": {"title": "Emma"}, "files": {"0": file("a.mp3"), "7": file("b.mp3")}}
    assert len(read_item(as_object, "emma", "archive.org").files) == 2


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({}, Gone, "any more"),
        ([], Gone, "any more"),
        (None, Gone, "any more"),
        ({"is_dark": True, "metadata": {"title": "Emma"}}, Gone, "any more"),
        (answer(file("a.pdf")), InvalidInput, "no audio"),
        (answer(), InvalidInput, "no audio"),
        (answer(file("a.mp3"), about={"access-restricted-item": "true"}), InvalidInput, "only members"),
        (answer(file("a.mp3"), about={"collection": ["audio", "stream_only"]}), InvalidInput, "only members"),
        (answer(file("a.mp3", "VBR MP3", private="true")), InvalidInput, "only members"),
    ],
    ids=str,
)
def test_what_cannot_be_had_says_why(told: object, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as raised:
        read_item(told, "emma", "archive.org")
    assert raised.value.remedy  # type: ignore[attr-defined] # all of ours have one
    if words == "no audio":
        assert raised.value.kind is FailureKind.NO_AUDIO  # type: ignore[attr-defined] # all of ours have one


def test_private_files_are_left_out() -> None:
    assert [one.name for one in item(file("a.mp3"), file("b.mp3", private=True)).files] == ["a.mp3"]


def test_mirrors_are_the_archives_own() -> None:
    """Metadata lead nowhere else, whatever they say; the lasting link comes first."""
    elsewhere = [
        "evil.example",
        "archive.org.evil.example",
        "127.0.0.1",
        "ia1.us.archive.org/x",
        "ia1.us.archive.org:80:80",
        "u@archive.org",
        "",
        7,
        None,
    ]
    told = answer(
        file("Emma 01.mp3"),
        server="ia800.us.archive.org",
        d1="ia600.us.archive.org",
        d2="ia800.us.archive.org",
        dir="/12/items/emma",
        workable_servers=elsewhere,
        alternate_locations={"workable": [{"server": "ia900.us.archive.org", "dir": "/3/items/emma"}, 7]},
    )
    found = read_item(told, "emma", "www.archive.org")
    assert found.urls(found.files[0], "https://archive.org") == (
        "https://archive.org/download/emma/Emma%2001.mp3",
        "https://ia800.us.archive.org/12/items/emma/Emma%2001.mp3",
        "https://ia600.us.archive.org/12/items/emma/Emma%2001.mp3",
        "https://ia900.us.archive.org/3/items/emma/Emma%2001.mp3",
    )
    for folder in ("/../etc", "12/items", "/1/items/emma?x=1", "//evil.example/x", None, "/" + "a/" * 40):
        told = answer(file("a.mp3"), server="ia800.us.archive.org", dir=folder)
        assert read_item(told, "emma", "archive.org").mirrors == ()


def test_names_become_links_safely() -> None:
    """Whatever a file is called, its link stays within the item."""
    strange = ("../../etc/x.mp3", "/etc/x.mp3", "a/./x.mp3", "a//x.mp3", "x" * 2_000 + ".mp3", "half\ud800.mp3", "")
    found = item(file("what?x#y.mp3"), file("Kapitel 1/Grüße.mp3"), *(file(name) for name in strange))
    links = [found.urls(one, "https://archive.org")[0] for one in found.files]
    assert links == [
        "https://archive.org/download/emma/what%3Fx%23y.mp3",
        "https://archive.org/download/emma/Kapitel%201/Gr%C3%BC%C3%9Fe.mp3",
    ]


def test_the_cover_is_the_named_or_the_largest_upload() -> None:
    files = item(
        file("a.mp3"),
        file("emma_thumb.jpg", size="900000"),
        file("emma_1002.jpg", size="50000"),
        file("back.png", size="70000"),
        file("huge.jpg", size=str(50 * 2**20)),
        file("__ia_thumb.jpg", "Item Tile", "emma_1002.jpg"),
    ).files
    largest, named = picture_of(files), picture_of(files, "emma_1002.jpg")
    assert largest is not None
    assert largest.name == "back.png"
    assert named is not None
    assert named.name == "emma_1002.jpg"
    assert picture_of(item(file("a.mp3")).files) is None


def test_a_stem_is_what_forms_have_in_common() -> None:
    forms = ("Emma_01_128kb.mp3", "emma_01_64kb.mp3", "emma_01.ogg", "emma_01_vbr.mp3", "emma_01-128kbps.m4a")
    assert {stem_of(name) for name in forms} == {"emma_01"}
    assert stem_of("emma_02.mp3") != stem_of("emma_01.mp3")
    assert stem_of("noending") == "noending"


def test_numbers_in_names_count() -> None:
    assert sorted(["b10", "b9", "a", "10", "2", "9" * 5_000 + "x"], key=natural)[:2] == ["2", "10"]
