"""Reads what FFmpeg writes, and refuses what contradicts itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed
from tests.support.audio import encode, make_m4b, odd_length, voice


def _read(path: Path) -> reader.Mp4:
    fd = os.open(path, os.O_RDONLY)
    try:
        return reader.read(fd)
    finally:
        os.close(fd)


def test_the_tables_of_a_foreign_file(tmp_path: Path) -> None:
    """Exact length (not the edit list's milliseconds), channels from the decoder's configuration, chapters."""
    found = _read(make_m4b(tmp_path / "book.m4b", titles=("Eins", "Zwei — ü", "三")))
    (track,) = found.audio
    assert track.playing == (1024, sum(odd_length(number, 4.0, 44100) for number in (1, 2, 3)))
    assert (track.channels, track.rate, track.frame, track.entry) == (1, 44100, 1024, b"mp4a")
    assert [mark.title for mark in found.chapters] == ["Eins", "Zwei — ü", "三"]
    assert int((track.packets.offsets + track.packets.sizes).max()) <= (tmp_path / "book.m4b").stat().st_size


def test_another_codec_has_no_aac_configuration(tmp_path: Path) -> None:
    (track,) = _read(encode(tmp_path / "x.m4a", voice(1, 1.0), "alac")).audio
    assert (track.entry, track.config) == (b"alac", b"")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tmp_path: Path, part: float) -> None:
    path = make_m4b(tmp_path / "book.m4b", 1)
    os.truncate(path, int(path.stat().st_size * part))
    with pytest.raises(Malformed):
        _read(path)


def test_any_single_broken_byte_of_the_index_is_read_or_refused(tmp_path: Path) -> None:
    """Never another error, never much time or memory."""
    path = make_m4b(tmp_path / "book.m4b", 1, seconds=0.5)
    good = path.read_bytes()
    end = good.index(b"mdat")
    for at in range(0, end, 7):
        path.write_bytes(good[:at] + b"\xff" + good[at + 1 :])
        try:
            _read(path)
        except Malformed:
            continue


def _broken(path: Path, *changes: tuple[bytes, int, bytes]) -> reader.Mp4:
    """The book with bytes changed that follow so far behind a name in its chapter track, the last in the file."""
    data = bytearray(make_m4b(path, 3, seconds=0.5).read_bytes())
    for name, behind, value in changes:
        at = data.rindex(name) + behind
        data[at : at + len(value)] = value
    path.write_bytes(data)
    return _read(path)


def test_a_broken_chapter_track_costs_the_track_and_not_the_book(tmp_path: Path) -> None:
    """Nero's list takes its place; where that is broken also, the book has no chapters."""
    huge = b"\xff\xff\xff\xff"
    for change in ((b"stsz", 12, huge), (b"stco", 12, huge), (b"stsc", 8, huge), (b"stts", 8, huge)):
        found = _broken(tmp_path / "x.m4b", change)
        assert [mark.title for mark in found.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]
        assert len(found.audio) == 1
    found = _broken(tmp_path / "x.m4b", (b"stsz", 12, huge), (b"chpl", 8, b"\0\0\0\0\xff"))
    assert len(found.chapters) <= 255


def test_a_run_of_four_thousand_million_chapters_costs_nothing(tmp_path: Path) -> None:
    found = _broken(tmp_path / "x.m4b", (b"stts", 12, b"\xff\xff\xff\xff"))
    assert len(found.chapters) == 3
