"""What we write is read back equal, by us and by others, also where numbers grow beyond 32 bits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.config import build
from auralarchive.audio.mp4.writer import Movie, aac_description, runs, write

RATE = 44100


def _movie(count: int, chapters: tuple[tuple[int, str], ...] = (), size: int = 50) -> Movie:
    sizes = np.full(count, size, np.int64)
    sizes[::3] += 1
    playing = (count - 1) * 1024 - 100
    description = aac_description(build(RATE, 1), RATE, 1, 64000)
    return Movie(description, RATE, sizes, [(count - 1, 1024), (1, 924)], 1024, playing, chapters)


def _leave_hole(out: int, movie: Movie) -> None:
    os.lseek(out, movie.audio_bytes, os.SEEK_CUR)


def _written(path: Path, movie: Movie) -> reader.Mp4:
    """Write without the packets' bytes (the file has a hole there) and read back."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        write(fd, movie, lambda out: _leave_hole(out, movie))
        if not movie.chapters:
            os.ftruncate(fd, os.lseek(fd, 0, os.SEEK_CUR))
        return reader.read(fd)
    finally:
        os.close(fd)


@pytest.mark.parametrize("count", [2, 43, 44, 1000])
def test_what_is_written_is_read_back(tmp_path: Path, count: int) -> None:
    movie = _movie(count, ((0, "Eins"), (300, "Zwei ü")))
    found = _written(tmp_path / "x.m4b", movie)
    (track,) = found.audio
    assert track.packets.sizes.tolist() == movie.sizes.tolist()
    assert track.playing == (1024, movie.playing)
    assert len(track.packets.runs()) == 1
    assert [(round(mark.start * RATE), mark.title) for mark in found.chapters] == list(movie.chapters)
    assert [name for name, _, _ in found.top] == [b"ftyp", b"moov", b"free", b"mdat"]


def test_a_book_of_fifty_hours_keeps_its_length(tmp_path: Path) -> None:
    """At 44.1 kHz 31 bits last for 13.5 hours: beyond, the movie's time is in milliseconds, rounded up."""
    count = 50 * 3600 * RATE // 1024
    movie = _movie(count, ((0, "One"), (49 * 3600 * RATE, "Last")))
    found = _written(tmp_path / "x.m4b", movie)
    (track,) = found.audio
    assert (track.movie_timescale, track.playing) == (1000, (1024, movie.playing))
    assert found.chapters[1].start == pytest.approx(49 * 3600)


def test_a_file_above_four_gigabytes_has_wide_offsets(tmp_path: Path) -> None:
    movie = _movie(3_000, size=1_600_000)
    (track,) = _written(tmp_path / "x.m4b", movie).audio
    assert int(track.packets.offsets[-1]) > 2**32
    assert len(track.packets.runs()) == 1


def test_above_255_chapters_only_the_text_track_remains(tmp_path: Path) -> None:
    """Nero's list cannot hold them: a cut list is worse than none."""
    chapters = tuple((number * 1024, f"Chapter {number}") for number in range(300))
    found = _written(tmp_path / "x.m4b", _movie(400, chapters))
    assert len(found.chapters) == 300
    assert b"chpl" not in found.moov
    assert b"chpl" in _written(tmp_path / "y.m4b", _movie(400, chapters[:255])).moov


def test_packets_that_are_not_as_told_are_an_error(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "x.m4b", os.O_RDWR | os.O_CREAT)
    try:
        with pytest.raises(ValueError, match="not as many"):
            write(fd, _movie(5), lambda out: None)
    finally:
        os.close(fd)


def test_runs_of_equal_values() -> None:
    assert runs(np.array([5, 5, 7, 5], np.int64)) == [(2, 5), (1, 7), (1, 5)]
    assert runs(np.zeros(0, np.int64)) == []
