"""What FFmpeg writes is read; what contradicts itself costs nothing but what it spoils."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.matroska import MAGIC, Matroska, holds_video, read
from auralarchive.audio.mp4.reader import MAX_CHAPTERS
from auralarchive.audio.probe import probe
from auralarchive.audio.sniff import sniff
from auralarchive.audio.sources import find_sources
from auralarchive.domain.chapters import ChapterSource
from auralarchive.ports.audio import ConvertResult
from tests.support.audio import ffmpeg, voice

Convert = Callable[..., ConvertResult]

METADATA = """;FFMETADATA1
title=The Book
artist=Ann Author
[CHAPTER]
TIMEBASE=1/44100
START=0
END=44103
title=One — ü
[CHAPTER]
TIMEBASE=1/44100
START=44103
END=88200
title=Two 👨‍👩‍👧
"""


def _made(path: Path, codec: str = "libopus", *more: str) -> Path:
    listed = path.with_suffix(".ffmetadata")
    listed.write_text(METADATA, encoding="utf-8")
    source = ("-f", "f32le", "-ar", "44100", "-ac", "1", "-i", "pipe:0", "-i", f"file:{listed}")
    wanted = ("-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-c:a", codec, "-f", "matroska")
    command = [ffmpeg(), "-v", "error", "-y", *source, *more, *wanted, f"file:{path}"]
    subprocess.run(command, input=voice(1, 2.0).tobytes(), check=True)
    return path


def _read(path: Path) -> Matroska:
    fd = os.open(path, os.O_RDONLY)
    try:
        return read(fd)
    finally:
        os.close(fd)


def _bytes(tmp_path: Path, data: bytes) -> Matroska:
    path = tmp_path / "x.mka"
    path.write_bytes(data)
    return _read(path)


def _element(number: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _atom(start: int, title: str, *inner: bytes) -> bytes:
    display = _element(0x80, _element(0x85, title.encode()))
    return _element(0xB6, _element(0x91, start.to_bytes(8, "big")), display, *inner)


def _file(*segment: bytes) -> bytes:
    return _element(0x1A45DFA3) + _element(0x18538067, *segment)


@pytest.mark.parametrize(
    ("codec", "name", "rate"),
    [("libopus", "opus", 48000), ("libvorbis", "vorbis", 44100), ("flac", "flac", 44100), ("aac", "aac", 44100)],
)
def test_a_book_as_ffmpeg_writes_it(tmp_path: Path, codec: str, name: str, rate: int) -> None:
    path = _made(tmp_path / "x.mka", codec)
    (source,) = find_sources((path,), max_files=1).audio
    found = probe(source)
    assert (source.kind, found.codec, found.rate, found.channels) == (Kind.MATROSKA, name, rate, 1)
    assert found.seconds == pytest.approx(2.0, abs=0.1)
    assert (found.tags.title, found.tags.author) == ("The Book", "Ann Author")
    assert found.tags.chapter_source is ChapterSource.MATROSKA
    assert [(round(mark.start * 44100), mark.title) for mark in found.chapters] == [
        (0, "One — ü"),
        (44103, "Two 👨\u200d👩\u200d👧"),
    ]


@pytest.mark.parametrize("codec", ["libopus", "libvorbis", "flac", "aac"])
def test_a_book_in_matroska_is_encoded_with_its_chapters(tmp_path: Path, convert: Convert, codec: str) -> None:
    book = _made(tmp_path / "book.mka", codec)
    result = convert(book)
    assert [chapter.title for chapter in result.chapters] == ["One — ü", "Two 👨\u200d👩\u200d👧"]
    assert result.chapters[1].start == pytest.approx(1.0, abs=0.001)
    with av.open(str(book)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    with av.open(str(result.path)) as container:
        assert round(result.duration_seconds * container.streams.audio[0].rate) == heard


def test_without_a_duration_the_last_cluster_tells(tmp_path: Path) -> None:
    """Recorders that are cut off write none."""
    clusters = [_element(0x1F43B675, _element(0xE7, time.to_bytes(4, "big")), bytes(99)) for time in (0, 5000, 9500)]
    assert _bytes(tmp_path, _file(_element(0x1549A966), *clusters)).seconds == 9.5


def test_a_film_is_no_audio(tmp_path: Path) -> None:
    picture = ("-f", "lavfi", "-i", "color=s=64x64:d=1", "-map", "2:v", "-c:v", "mpeg4")
    path = _made(tmp_path / "x.mka", "libopus", *picture)
    fd = os.open(path, os.O_RDONLY)
    try:
        assert sniff(fd) is None
        assert holds_video(path.read_bytes()[:65536])
    finally:
        os.close(fd)


def test_nested_hidden_and_disabled_chapters_and_editions(tmp_path: Path) -> None:
    hidden = _atom(7, "hidden", _element(0x98, b"\1"))
    disabled = _atom(8, "disabled", _element(0x4598, b"\0"))
    part = _atom(0, "Part I", _atom(0, "A"), _atom(10**9, "B"))
    good = _element(0x45B9, _element(0x45DB, b"\1"), part, hidden, disabled, _atom(3 * 10**9, "C"))
    other = _element(0x45B9, _atom(0, "other"))
    secret = _element(0x45B9, _element(0x45BD, b"\1"), _element(0x45DB, b"\1"), _atom(0, "secret"))
    found = _bytes(tmp_path, _file(_element(0x1043A770, secret, other, good)))
    assert [(mark.start, mark.title) for mark in found.marks] == [(0, "Part I: A"), (1, "B"), (3, "C")]


def test_hostile_headers_cost_little(tmp_path: Path) -> None:
    started = time.thread_time()
    many = _file(_element(0x1043A770, _element(0x45B9, *[_atom(n, "x") for n in range(30_000)])))
    assert len(_bytes(tmp_path, many).marks) == MAX_CHAPTERS
    deep = _atom(0, "x")
    for _ in range(2000):
        deep = _atom(0, "x", deep)
    assert len(_bytes(tmp_path, _file(_element(0x1043A770, _element(0x45B9, deep)))).marks) <= 5
    tiny = b"\xec\x80" * 4_000_000
    assert _bytes(tmp_path, _file(_element(0x1043A770, _element(0x45B9, tiny)), tiny)).marks == ()
    for data in (b"", MAGIC, b"\0" * 100, MAGIC + b"\xff" * 1000, _file() + b"\x18\x53\x80\x67" * 1000):
        assert _bytes(tmp_path, data) == Matroska()
    assert time.thread_time() - started < 20


def test_any_broken_bytes_are_read_somehow(tmp_path: Path) -> None:
    """Wrong lengths included: never an error, never a negative time."""
    good = _made(tmp_path / "good.mka").read_bytes()
    dice = random.Random(1)
    for _ in range(400):
        data = bytearray(good)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(900)] = dice.choice((0, 1, 0x80, 0xFF, dice.randrange(256)))
        found = _bytes(tmp_path, bytes(data))
        assert all(mark.start >= 0 for mark in found.marks)
        assert found.seconds >= 0
        holds_video(bytes(data))
