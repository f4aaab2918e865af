"""Where the boxes of a file go when its tags grow, shrink, or were never there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed, box
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.retag import Item, freeform_name, items, layout, text_of
from auralarchive.audio.mp4.writer import SPARE
from tests.support.audio import make_m4b


def rewritten(path: Path, tags: Sequence[bytes]) -> tuple[Mp4, Mp4, bytes, bytes]:
    """Before and after, each with all of its sound."""
    data = path.read_bytes()
    fd = os.open(path, os.O_RDONLY)
    before = reader.read(fd)
    made = layout(before, lambda _: tags)
    target = path.with_suffix(".new.m4b")
    target.write_bytes(data[: made.head] + made.index + data[made.rest :])
    new = os.open(target, os.O_RDONLY)
    after = reader.read(new)
    sounds = read_packets(fd, before.audio[0].packets), read_packets(new, after.audio[0].packets)
    os.close(fd)
    os.close(new)
    return before, after, *sounds


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of FFmpeg: the index in front, with little free space or none."""
    return make_m4b(tmp_path_factory.mktemp("retag") / "book.m4b", chapters=3, seconds=1)


@pytest.mark.parametrize("length", [0, 10, 70_000, 300_000])
def test_the_sound_stays_whatever_the_tags_need(book: Path, length: int) -> None:
    """What does not fit moves the rest on, and every place in the index, that of the chapters included, with it."""
    tag = box(b"\xa9cmt", box(b"data", b"\0\0\0\1\0\0\0\0", b"x" * length))
    before, after, old, new = rewritten(book, [tag])
    assert old == new
    assert after.chapters == before.chapters
    assert len(after.chapters) == 3
    assert [item[0] for item in items(after.moov)] == [b"\xa9cmt"]


def test_free_space_takes_what_is_more(book: Path) -> None:
    """A second change moves nothing: the first one has made room."""
    _, after, _, _ = rewritten(book, [box(b"\xa9cmt", b"x" * 300_000)])
    spare = [length for name, _, length in after.top if name == b"free"]
    assert SPARE in spare
    again = layout(after, lambda _: [box(b"\xa9cmt", b"x" * 310_000)])
    (moov,) = [one for one in after.top if one[0] == b"moov"]
    assert len(again.index) == moov[2] + SPARE
    assert again.head + len(again.index) == again.rest


def test_an_index_behind_the_sound_moves_nothing(book: Path, tmp_path: Path) -> None:
    """As in files that were not made for streaming."""
    data = book.read_bytes()
    with book.open("rb") as file:
        top = reader.read(file.fileno()).top
    boxes = {name: data[at : at + length] for name, at, length in top}
    late = tmp_path / "late.m4b"
    head = boxes[b"ftyp"]
    padding = next(at for name, at, _ in top if name == b"mdat") - len(head)
    late.write_bytes(head + box(b"free", bytes(padding - 8)) + boxes[b"mdat"] + boxes[b"moov"])
    before, _, old, new = rewritten(late, [box(b"\xa9nam", b"x" * 5000)])
    assert before.top[-1][0] == b"moov"
    assert old == new


def test_files_in_pieces_are_left_alone(book: Path) -> None:
    """They name places in more boxes than we know."""
    with book.open("rb") as file:
        found = reader.read(file.fileno())
    with pytest.raises(Malformed, match="pieces"):
        layout(Mp4(found.brand, (*found.top, (b"moof", 0, 8)), found.moov, found.audio, ()), lambda _: [])


def test_other_boxes_beside_the_tags_stay(book: Path) -> None:
    """Nero's chapters are among them."""
    _, after, _, _ = rewritten(book, [])
    with book.open("rb") as file:
        before = reader.read(file.fileno())
    assert (b"chpl" in before.moov) == (b"chpl" in after.moov)
    assert items(after.moov) == ()


def test_tags_are_read_by_name_and_text() -> None:
    data = box(b"data", b"\0\0\0\1\0\0\0\0", "Jürgen".encode())
    about = box(b"mean", bytes(4), b"com.apple.iTunes") + box(b"name", bytes(4), b"NARRATOR")
    item: Item = (b"----", about + data, b"")
    assert freeform_name(item[1]) == ("com.apple.iTunes", "NARRATOR")
    assert text_of(item[1]) == "Jürgen"
    assert text_of(box(b"data", b"\0\0\0\x15\0\0\0\0", b"\x01")) == ""
