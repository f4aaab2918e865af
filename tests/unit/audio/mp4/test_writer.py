"""What we write is read back equal, by us and by others, also where numbers grow beyond 32 bits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import mutagen.mp4
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


#: Emoji joined by invisible characters, letters of many marks, right to left: all longer than Nero's 255 bytes.
TITLES = (
    "👨\u200d👩\u200d👧" * 30,
    "e\u0301\u0323" * 120,
    "فصل می\u200cخواهم " * 20 + "שלום",
    "x" * 256 + "ü",
    "Short",
)


def _chapters(count: int) -> tuple[tuple[int, str], ...]:
    """At odd samples, each of another length."""
    return tuple((number * 1021 + number % 7 if number else 0, TITLES[number % 5]) for number in range(count))


def _probed(path: Path) -> list[dict[str, Any]]:
    if shutil.which("ffprobe") is None:
        pytest.skip("there is no ffprobe on this machine")
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters", f"file:{path}"]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[
        "chapters"
    ]
    return found


def _sparse(path: Path, movie: Movie) -> Path:
    _written(path, movie)
    return path


@pytest.mark.parametrize("count", [255, 400])
def test_ffprobe_reads_every_chapter_to_the_sample(tmp_path: Path, count: int) -> None:
    movie = _movie(count + 3, _chapters(count))
    path = _sparse(tmp_path / "x.m4b", movie)
    assert [(each["start"], each["tags"]["title"], each["time_base"]) for each in _probed(path)] == [
        (start, title, f"1/{RATE}") for start, title in movie.chapters
    ]


@pytest.mark.parametrize("count", [255, 400])
def test_pyav_reads_every_chapter_to_the_sample(tmp_path: Path, count: int) -> None:
    movie = _movie(count + 3, _chapters(count))
    with av.open(str(_sparse(tmp_path / "x.m4b", movie))) as container:
        seen = [
            (mark["start"] * (mark["time_base"] or 0) * RATE, mark["metadata"]["title"])
            for mark in container.chapters()
        ]
    assert seen == list(movie.chapters)


def test_nero_s_list_is_right_to_the_millisecond_and_never_half_a_character(tmp_path: Path) -> None:
    """mutagen reads this list alone."""
    movie = _movie(258, _chapters(255))
    path = _sparse(tmp_path / "x.m4b", movie)
    listed = mutagen.mp4.MP4(path).chapters
    for (start, title), mark in zip(movie.chapters, listed, strict=True):
        assert abs(mark.start - start / RATE) < 0.001
        assert title.startswith(mark.title)
        assert min(len(title.encode()), 252) <= len(mark.title.encode()) <= 255


def test_nero_s_list_alone_gives_ffprobe_all_chapters(tmp_path: Path) -> None:
    movie = _movie(258, _chapters(255))
    path = _sparse(tmp_path / "x.m4b", movie)
    path.write_bytes(path.read_bytes().replace(b"tref", b"free"))
    assert all(
        abs(float(row["start_time"]) - start / RATE) < 0.001
        for row, (start, _) in zip(_probed(path), movie.chapters, strict=True)
    )


def test_titles_say_that_they_are_utf_8(tmp_path: Path) -> None:
    """Apple's players take what says nothing of its encoding for MacRoman."""
    path = _sparse(tmp_path / "x.m4b", _movie(20, ((0, "ü"), (3000, "ö"))))
    assert path.read_bytes().count(b"\0\0\0\x0cencd\0\0\1\0") == 2
