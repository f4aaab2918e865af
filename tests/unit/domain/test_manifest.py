"""A manifest is a stranger's word: what it may say, and what is not believed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.manifest import (
    MAX_BYTES,
    MAX_FILES,
    MAX_TEXT,
    Manifest,
    ManifestFile,
    parse,
    safe_path,
)

URL = "https://archive.org/download/emma/emma_01.mp3"
FILE: dict[str, Any] = {"path": "emma_01.mp3", "urls": [URL]}
BOOK = Manifest(
    name="Emma (LibriVox)",
    files=(
        ManifestFile(
            path="emma_02.mp3",
            urls=(URL, "http://mirror.example.org/emma_01.mp3"),
            size=1_234,
            md5="0" * 32,
            sha1="a" * 40,
            title="Chapter 1: Miß Woodhouse",
            narrators=("Moira", "Sherry"),
            seconds=1_201.5,
        ),
        ManifestFile("extra/emma_01.mp3", (URL,), size=766, narrators=("Sherry", "Elizabeth")),
    ),
    title="Emma",
    authors=("Jane Austen",),
    language="English",
    source="LibriVox",
)


def told(**changes: Any) -> bytes:
    content = {"auralarchive-manifest": 1, "name": "Emma", "files": [FILE], **changes}
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


def with_file(**changes: Any) -> bytes:
    return told(files=[{**FILE, **changes}])


def test_what_was_written_is_read() -> None:
    """Everything that is known, in the order of the book, which is not that of the names."""
    assert parse(BOOK.to_bytes()) == BOOK


def test_the_same_manifest_is_the_same_bytes() -> None:
    """Whether two are the same is told by their bytes; what is not known takes none."""
    again = parse(BOOK.to_bytes()).to_bytes()
    assert again == BOOK.to_bytes()
    assert b"null" not in again


def test_the_size_is_known_where_all_sizes_are() -> None:
    assert BOOK.size == 2_000
    assert Manifest("x", (*BOOK.files, ManifestFile("3.mp3", (URL,)))).size is None


def test_readers_are_those_of_the_book_or_else_of_its_files() -> None:
    """Each once, as they are met."""
    assert BOOK.readers == ("Moira", "Sherry", "Elizabeth")
    assert Manifest("x", BOOK.files, narrators=("Karen",)).readers == ("Karen",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no manifest"),
        (b'{"files": []}', "no manifest"),
        (b" " * (MAX_BYTES + 1), "larger than 8 MiB"),
        (told(**{"auralarchive-manifest": 2}), "version 2"),
        (told(**{"auralarchive-manifest": True}), "version True"),
        (told(name=None), "no name"),
        (told(name="\u202e\u0000 "), "no name"),
        (told(files=None), "names no files"),
        (told(files=[]), "names no files"),
        (told(files={"0": FILE}), "names no files"),
        (told(files=[FILE] * (MAX_FILES + 1)), "more than 5,000 files"),
        (told(files=["emma.mp3"]), "file 1 is not described"),
        (told(files=[FILE, {**FILE, "path": "EMMA_01.MP3"}]), "same path"),
        (told(files=[FILE, {**FILE, "path": "Emma_01.mp3/02.mp3"}]), "path of a folder"),
        (with_file(urls=None), "has no link"),
        (with_file(urls=[]), "has no link"),
        (with_file(urls=URL), "has no link"),
        (with_file(urls=[URL] * 17), "more than 16 links"),
        (with_file(urls=[5]), "no plain http"),
        (with_file(urls=["https://archive.org/" + "a" * 9_000]), "no plain http"),
        (with_file(urls=["ftp://archive.org/a.mp3"]), "no plain http"),
        (with_file(urls=["file:///etc/passwd"]), "no plain http"),
        (with_file(urls=["https://user:secret@archive.org/a.mp3"]), "no plain http"),
        (with_file(urls=["https://archive.org\\@127.0.0.1/"]), "no plain http"),
        (with_file(urls=["https://archive.org/a b.mp3"]), "no plain http"),
        (with_file(urls=["https:///a.mp3"]), "no plain http"),
        (with_file(size=-1), "size of file 1 is impossible"),
        (with_file(size="12"), "size of file 1 is impossible"),
        (with_file(size=True), "size of file 1 is impossible"),
        (with_file(size=2**40 + 1), "size of file 1 is impossible"),
        (with_file(size=1.5), "size of file 1 is impossible"),
        (with_file(md5="0" * 31), "md5 of file 1"),
        (with_file(md5=0), "md5 of file 1"),
        (with_file(sha1="g" * 40), "sha1 of file 1"),
        (with_file(path=None), "path of file 1 is missing"),
        (with_file(path="a/" * 8 + "b.mp3"), "too long"),
        (with_file(path="ab" * 300), "too long"),
        (with_file(path="emma.mp3.PART"), "ends in .part"),
        (with_file(path="emma.mp3.part/2.mp3"), "ends in .part"),  # where the part of emma.mp3 has to be
        (with_file(path="a" * 251), "is too long"),  # its part would be
        *((with_file(path=path), "not safe") for path in ("", ".", "..", "/etc/passwd", "../a.mp3", "a/../b", "a//b")),
        *((with_file(path=path), "not safe") for path in ("a\\b", ".hidden", "-rf", "NUL")),
        *((with_file(path=path), "not safe") for path in ("a\u202e.mp3", "a\x00", "a:b", "a\ud800")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    """A path, a link, a bound or a proof that cannot be right is refused, never mended."""
    with pytest.raises(ValueError, match=reason):
        parse(data)


def test_what_is_only_shown_is_cleaned_or_left_out() -> None:
    """A strange title or length costs no book."""
    row = {
        **FILE,
        "title": "Chapter\u202e 1\n" + "x" * 9_000,
        "narrators": ["Moira", "Moira", None, "", "  Sherry\t"],
        "seconds": "long",
        "md5": "A" * 32,
        "later": {"we": "know"},
    }
    book = parse(told(files=[row], authors="Jane Austen", language=7, later=[1]))
    assert (book.authors, book.language) == ((), None)
    [file] = book.files
    assert file.title is not None
    assert file.title.startswith("Chapter 1 xxx")
    assert len(file.title) == MAX_TEXT
    assert (file.narrators, file.seconds, file.md5) == (("Moira", "Sherry"), None, "a" * 32)


@pytest.mark.parametrize("seconds", [0, -5, 1e300, True, float("nan"), float("inf")])
def test_an_impossible_length_is_none(seconds: float) -> None:
    assert parse(with_file(seconds=seconds)).files[0].seconds is None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("emma_01.mp3", "emma_01.mp3"),
        ("disc 1/emma.mp3", "disc 1/emma.mp3"),
        ("..\\..\\emma.mp3", "emma.mp3"),
        ("/etc/./passwd", "etc/passwd"),
        ("emma.mp3.part.Part", "emma.mp3"),
        (".part", "part"),
        ("", "_"),
        ("…/" * 400 + "emma.mp3", "…/" * 7 + "emma.mp3"),
        ("x" * 200 + "/" + "y" * 200 + "/" + "z" * 200 + "/emma.mp3", "emma.mp3"),
    ],
)
def test_a_safe_path_of_a_strange_name(name: str, path: str) -> None:
    assert safe_path(name) == path


def test_a_safe_path_leaves_room_for_the_part_of_its_file() -> None:
    long = f"{'a' * 251}.mp3"
    paths = [safe_path(long)]
    paths.append(safe_path(long, paths))
    assert [len(path) for path in paths] == [250, 250]
    assert paths[0] != paths[1]
    assert safe_path("a.mp3.part/b.mp3") == "a.mp3/b.mp3"
    assert safe_path("b.mp3", ["b.mp3.part/1.mp3"]) == "b.mp3"
    assert safe_path(".part/.part") == "part/part"


def test_a_safe_path_is_its_own() -> None:
    """Sites have files whose names differ only in what we clean, or in letter case."""
    assert safe_path("a?.mp3", ["A.mp3"]) == "a (2).mp3"
    assert safe_path("b/a.mp3", ["a.mp3"]) == "b/a.mp3"
    assert safe_path("b", ["B/a.mp3"]) == "b (2)"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_whatever_a_site_calls_its_files_the_manifest_is_readable(names: list[str]) -> None:
    """The sanitiser and the reader agree on what is safe."""
    paths: list[str] = []
    for name in names:
        paths.append(safe_path(name.replace("/", "_"), paths))
    book = Manifest("x", tuple(ManifestFile(path, (URL,)) for path in paths))
    assert parse(book.to_bytes()) == book


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: told(name=text, files=[{**FILE, "path": text}]))
)
def test_garbage_is_refused_by_nothing_but_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        assert parse(data).files
