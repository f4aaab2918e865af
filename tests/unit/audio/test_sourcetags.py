"""Tags of every format mean the same; broken ones mean nothing."""

from __future__ import annotations

import os
from pathlib import Path

import mutagen
import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.sourcetags import SourceTags, clean, read_tags
from tests.support.audio import make_book, picture


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
        assert tags.pictures == (picture(),)


def test_chapters_in_vorbis_comments(tmp_path: Path) -> None:
    (path,) = make_book(tmp_path, chapters=1, seconds=0.5, codec="flac")
    file = mutagen.File(path)
    file["CHAPTER001"], file["CHAPTER001NAME"] = "00:00:00.000", "One"
    file["CHAPTER002"], file["CHAPTER002NAME"] = "00:00:00.250", "Two"
    file.save()
    assert [(mark.start, mark.title) for mark in _tags(path, Kind.FLAC).chapters] == [(0.0, "One"), (0.25, "Two")]


@pytest.mark.parametrize("kind", [Kind.MP3, Kind.MP4, Kind.FLAC, Kind.OGG, Kind.ASF, Kind.WAV])
def test_broken_tags_are_no_tags(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"ID3\x04\0\0\0\0\x02\x00" + b"TIT2\xff\xff\xff\xff" + os.urandom(500))
    assert _tags(path, kind).title == ""


def test_text_becomes_one_bounded_line() -> None:
    assert clean(" a\n\t b\x00c\u202e ") == "a b c"
    assert len(clean("x" * 100_000)) == 4096
