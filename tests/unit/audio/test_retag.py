"""A person's changes in the file: just those, for every reader, and never at the cost of a sound."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.mp4 import MP4, MP4Cover
from PIL import Image

from auralarchive.audio import retag as module
from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.audio.mp4.copying import write_all
from auralarchive.audio.retag import retag
from auralarchive.domain.book import Book
from auralarchive.ports.audio import RetagRequest
from auralarchive.ports.errors import InvalidInput, NoSpace, PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import ffmpeg, make_m4b, picture

BOOK = Book("AA-1", "A New Title", "Neue Autorin", narrator="Nora", series="Saga", series_part="2", year=2001)
EVERYTHING = ("title", "author", "narrator", "series", "series_part", "year", "language", "publisher", "description")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Another program's file, with tags of its own making."""
    path = make_m4b(tmp_path / "book.m4b", chapters=3, seconds=1)
    tags = MP4(path)
    tags["\xa9nrt"], tags["\xa9gen"], tags["\xa9cmt"] = ["Old Voice"], ["Satire"], ["A note of mine"]
    tags["----:org.example:Read By"] = [b"Old Voice"]
    tags["----:com.apple.iTunes:iTunSMPB"] = [b" 00000000 00000840"]
    tags["covr"] = [MP4Cover(picture(), MP4Cover.FORMAT_JPEG)]
    tags.save()
    (tmp_path / "draft").mkdir()
    return path


def order(source: Path, *changed: str, **more: object) -> RetagRequest:
    request = RetagRequest(source, source.parent / "draft", BOOK, changed)
    return replace(request, **more)  # type: ignore[arg-type]  # the fields of a test's choice


def sound_of(path: Path) -> str:
    """What FFmpeg copies out of it."""
    command = [ffmpeg(), "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_what_was_changed_is_told_to_every_reader(source: Path) -> None:
    before, sound = source.read_bytes(), sound_of(source)
    made = retag(order(source, *EVERYTHING), CancelToken())
    assert source.read_bytes() == before
    assert made.source_sha256 == hashlib.sha256(before).hexdigest()
    assert (made.sha256, made.size) == (hashlib.sha256(made.path.read_bytes()).hexdigest(), made.path.stat().st_size)
    tags = MP4(made.path)
    assert tags["\xa9nam"] == tags["\xa9alb"] == ["A New Title"]
    assert tags["\xa9ART"] == tags["aART"] == ["Neue Autorin"]
    assert tags["\xa9wrt"] == ["Nora"]
    assert tags["----:com.apple.iTunes:SERIES"] == [b"Saga"]
    assert tags["soal"] == ["Saga 2 - A New Title"]
    assert tags["\xa9day"] == ["2001"]
    for old in ("\xa9nrt", "----:org.example:Read By"):
        assert old not in tags, "another program's name for what we have written anew"
    assert len(MP4(made.path).chapters or ()) == 3
    assert sound_of(made.path) == sound


def test_all_else_stays_as_it_is(source: Path) -> None:
    """One field is one field: what we know nothing of is not ours to tidy."""
    made = retag(order(source, "title"), CancelToken())
    before, after = MP4(source), MP4(made.path)
    for name in set(before) - {"\xa9nam", "\xa9alb"}:
        assert after[name] == before[name], name


def test_an_emptied_field_leaves_nothing_behind(source: Path) -> None:
    made = retag(order(source, "narrator", book=replace(BOOK, narrator=None)), CancelToken())
    tags = MP4(made.path)
    assert not {"\xa9nrt", "\xa9wrt", "----:org.example:Read By", "----:com.apple.iTunes:NARRATOR"} & set(tags)


def test_a_description_stands_where_no_comment_is(source: Path, tmp_path: Path) -> None:
    """A person's own comment stays; one that only repeats the description follows it."""
    described = order(source, "description", book=replace(BOOK, description="First."))
    first = retag(described, CancelToken())
    assert (MP4(first.path)["ldes"], MP4(first.path)["\xa9cmt"]) == (["First."], ["A note of mine"])
    bare = make_m4b(tmp_path / "bare.m4b", chapters=1, seconds=1)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = retag(replace(described, source=bare, target_dir=tmp_path / "one"), CancelToken())
    assert MP4(one.path)["\xa9cmt"] == ["First."]
    second = replace(described, source=one.path, target_dir=tmp_path / "two", book=replace(BOOK, description="Second."))
    assert MP4(retag(second, CancelToken()).path)["\xa9cmt"] == ["Second."]


def test_a_picture_is_drawn_anew_and_put_into_the_file(source: Path, tmp_path: Path) -> None:
    """What else a photograph holds (where it was taken) does not come along."""
    given = tmp_path / "given"
    image = Image.new("RGB", (400, 300), (10, 120, 60))
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    image.save(given, "JPEG", exif=exif)
    made = retag(order(source, picture=given, cover_name="cover (2).jpg"), CancelToken())
    cover = (source.parent / "draft/cover (2).jpg").read_bytes()
    assert (made.cover_sha256, made.cover_size) == (hashlib.sha256(cover).hexdigest(), len(cover))
    assert [bytes(one) for one in MP4(made.path)["covr"]] == [cover]
    assert b"where I live" not in cover
    assert MP4(made.path)["\xa9cmt"] == ["A note of mine"]


def test_a_cover_can_be_taken_out(source: Path) -> None:
    made = retag(order(source, without_picture=True), CancelToken())
    assert "covr" not in MP4(made.path)
    assert made.cover_sha256 == ""


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x89PNG\r\n\x1a\n" + bytes(50), picture()[:200]])
def test_what_is_no_picture_is_refused(source: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "given").write_bytes(data)
    with pytest.raises(InvalidInput, match="picture"):
        retag(order(source, picture=tmp_path / "given"), CancelToken())
    assert list((tmp_path / "draft").iterdir()) == []


def test_what_is_no_book_is_refused(source: Path) -> None:
    source.write_bytes(source.read_bytes()[:3000])
    with pytest.raises(InvalidInput, match="cannot be rewritten"):
        retag(order(source, "title"), CancelToken())


def test_a_full_disk_is_told(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_all", full)
    with pytest.raises(NoSpace, match="full"):
        retag(order(source, "title"), CancelToken())


def test_a_changed_sound_is_found(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof can fail: one bit of one packet is enough."""
    honest = write_all

    def wrong(fd: int, data: bytes) -> None:
        at = len(data) // 2
        honest(fd, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if len(data) > 20_000 else data)

    monkeypatch.setattr(module, "write_all", wrong)
    with pytest.raises(PermanentError, match="failed its check"):
        retag(order(source, "title"), CancelToken())


def test_it_works_in_the_process_for_strangers_files(source: Path, tmp_path: Path) -> None:
    """As the server does it; refusals cross whole."""
    made = IsolatedEngine().retag(order(source, "title"), CancelToken())
    assert MP4(made.path)["\xa9nam"] == ["A New Title"]
    (tmp_path / "given").write_bytes(b"no picture")
    with pytest.raises(InvalidInput, match="picture"):
        IsolatedEngine().retag(order(source, picture=tmp_path / "given"), CancelToken())
