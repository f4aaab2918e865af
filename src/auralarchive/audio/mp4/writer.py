"""Writes an M4B in one pass: every size is known before the first byte, so the index goes first.

What readers in the field need decides the details:

* 32-bit boxes wherever the numbers fit: some players halve the duration of a 64-bit `mdhd`.
* The movie's timescale is the sample rate while the length fits 31 bits; else milliseconds, rounded up,
  so that no reader cuts the end.
* One edit: several play wrongly in most players.
* Chapters twice: a QuickTime text track (Apple, FFmpeg, VLC) and Nero's list (mutagen, Mp3tag), which
  holds no more than 255: above that it is left out, for a cut list is worse than none.
* 64 KiB of free space behind the index, so that a later change of tags moves nothing.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from auralarchive.audio.mp4.boxes import box, full_box
from auralarchive.audio.mp4.copying import write_all
from auralarchive.audio.mp4.track import Numbers

SPARE = 65536
NERO_CHAPTERS = 255
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # the language code "und"
_LIMIT_32 = 0xF0000000


@dataclass(frozen=True, slots=True)
class Movie:
    """Everything about one M4B but the bytes of its packets.

    `sizes` in bytes; `deltas` are (count, ticks) runs; players begin at tick `skip` and play `playing`
    ticks; chapters are (tick of the book, title); `metadata` is the finished `meta` box of tags.
    """

    description: bytes
    timescale: int
    sizes: Numbers
    deltas: Sequence[tuple[int, int]]
    skip: int
    playing: int
    chapters: Sequence[tuple[int, str]] = ()
    metadata: bytes = b""
    spare: int = field(default=SPARE)

    @property
    def media_duration(self) -> int:
        return sum(count * ticks for count, ticks in self.deltas)

    @property
    def audio_bytes(self) -> int:
        return int(self.sizes.sum())

    @property
    def chapter_timescale(self) -> int:
        """The sample rate, unless one chapter is so long (27 hours) that its ticks need more than 32 bits."""
        starts = [start for start, _ in _gapless(self.chapters)]
        longest = max((end - start for start, end in pairwise([*starts, self.playing])), default=0)
        return self.timescale if longest < 2**32 else 1000

    @property
    def movie_timescale(self) -> int:
        return self.timescale if self.playing < 2**31 else 1000

    def movie_time(self, ticks: int) -> int:
        scale = self.movie_timescale
        return ticks if scale == self.timescale else -(-ticks * scale // self.timescale)


def write(fd: int, movie: Movie, copy_packets: Callable[[int], None]) -> None:
    """Write `movie` to the empty file open as `fd`; `copy_packets(fd)` writes the packets' bytes in between.

    Raises: OSError as it comes, ValueError where `copy_packets` wrote more or less than `movie` says.
    """
    texts = [_text_sample(title) for _, title in _gapless(movie.chapters)]
    content = movie.audio_bytes + sum(map(len, texts))
    wide = content + 16 > _LIMIT_32
    header = box(b"ftyp", b"M4B ", bytes(4), b"M4B M4A mp42isom")
    spare = box(b"free", bytes(movie.spare)) if movie.spare else b""
    # The table of sizes has megabytes: it is made once, and left out where only the index's length is wanted.
    sizes = _size_table(movie.sizes)
    length = len(header) + len(_moov(movie, texts, 0, b"", wide=wide)) + len(sizes) + len(spare) + (16 if wide else 8)
    write_all(fd, header + _moov(movie, texts, length, sizes, wide=wide) + spare)
    data = struct.pack(">I4sQ", 1, b"mdat", content + 16) if wide else struct.pack(">I4s", content + 8, b"mdat")
    write_all(fd, data)
    copy_packets(fd)
    if os.lseek(fd, 0, os.SEEK_CUR) != length + movie.audio_bytes:
        raise ValueError("the packets' bytes are not as many as their table says")
    write_all(fd, b"".join(texts))


def aac_description(config: bytes, rate: int, channels: int, bits_per_second: int) -> bytes:
    """The `stsd` box of AAC with this AudioSpecificConfig."""
    fixed = struct.pack(">BBHBII", 0x40, 0x15, 0, 0, bits_per_second, bits_per_second)
    decoder = _descriptor(4, fixed + _descriptor(5, config))
    stream = _descriptor(3, struct.pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02"))
    esds = full_box(b"esds", 0, 0, stream)
    entry = struct.pack(">6xH8xHHHHI", 1, channels, 16, 0, 0, (rate if rate < 65536 else 0) << 16)
    return full_box(b"stsd", 0, 0, struct.pack(">I", 1), box(b"mp4a", entry, esds))


def _descriptor(tag: int, body: bytes) -> bytes:
    return struct.pack(">BB", tag, len(body)) + body


def runs(values: Numbers) -> list[tuple[int, int]]:
    """Neighbouring equal values as (count, value)."""
    if not len(values):
        return []
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    counts = np.diff(np.append(starts, len(values)))
    return list(zip(counts.tolist(), values[starts].tolist(), strict=True))


def _gapless(chapters: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """A text track begins at zero: time before the first chapter becomes an empty entry."""
    if chapters and chapters[0][0] > 0:
        return [(0, ""), *chapters]
    return list(chapters)


def _text_sample(title: str) -> bytes:
    raw = title.encode()
    if not raw:
        return struct.pack(">H", 0)
    return struct.pack(">H", len(raw)) + raw + struct.pack(">I4sI", 12, b"encd", 0x100)


def _moov(movie: Movie, texts: list[bytes], base: int, sizes: bytes, *, wide: bool) -> bytes:
    """The index; `base` is where the packets begin in the file, `sizes` the table of their sizes."""
    duration = movie.movie_time(movie.playing)
    header = _timed(b"mvhd", movie.movie_timescale, duration, struct.pack(">IHH8x", 0x10000, 0x100, 0))
    header = _extended(header, _MATRIX + bytes(24) + struct.pack(">I", 3))
    tracks = _audio_track(movie, base, sizes, wide=wide)
    if texts:
        tracks += _chapter_track(movie, texts, base + movie.audio_bytes, wide=wide)
    return box(b"moov", header, tracks, box(b"udta", movie.metadata, _nero(movie)))


def _timed(name: bytes, timescale: int, duration: int, rest: bytes) -> bytes:
    """`mvhd` and `mdhd` begin alike: 64-bit only for what 31 bits cannot hold."""
    if duration < 2**31:
        return full_box(name, 0, 0, struct.pack(">4I", 0, 0, timescale, duration), rest)
    return full_box(name, 1, 0, struct.pack(">QQIQ", 0, 0, timescale, duration), rest)


def _extended(whole: bytes, more: bytes) -> bytes:
    return struct.pack(">I", len(whole) + len(more)) + whole[4:] + more


def _track_header(movie: Movie, number: int, flags: int, volume: int) -> bytes:
    duration = movie.movie_time(movie.playing)
    times = struct.pack(">5I", 0, 0, number, 0, duration) if duration < 2**32 else b""
    version = 0 if times else 1
    times = times or struct.pack(">QQIIQ", 0, 0, number, 0, duration)
    return full_box(b"tkhd", version, flags, times, struct.pack(">8xHHHH", 0, 1, volume, 0), _MATRIX, bytes(8))


def _edit_list(movie: Movie) -> bytes:
    duration = movie.movie_time(movie.playing)
    if duration < 2**32 and movie.skip < 2**31:
        entry = full_box(b"elst", 0, 0, struct.pack(">IIiHH", 1, duration, movie.skip, 1, 0))
    else:
        entry = full_box(b"elst", 1, 0, struct.pack(">IQqHH", 1, duration, movie.skip, 1, 0))
    return box(b"edts", entry)


def _media(timescale: int, duration: int, handler: bytes, name: bytes, *information: bytes) -> bytes:
    header = _timed(b"mdhd", timescale, duration, struct.pack(">HH", _UNDETERMINED, 0))
    described = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), name + b"\0")
    return box(b"mdia", header, described, box(b"minf", *information))


def _here() -> bytes:
    """The data lies in this very file."""
    return box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))


def _time_table(deltas: Sequence[tuple[int, int]]) -> bytes:
    return full_box(b"stts", 0, 0, struct.pack(">I", len(deltas)), np.asarray(deltas, ">u4").tobytes())


def _size_table(sizes: Numbers) -> bytes:
    return full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), sizes.astype(">u4").tobytes())


def _offset_table(offsets: Numbers, *, wide: bool) -> bytes:
    name, kind = (b"co64", ">u8") if wide else (b"stco", ">u4")
    return full_box(name, 0, 0, struct.pack(">I", len(offsets)), offsets.astype(kind).tobytes())


def _chunk_table(packets: int, each: int) -> bytes:
    """Chunks of `each` packets, the last one with what is left."""
    whole, rest = divmod(packets, each)
    rows = [(1, each, 1)] if whole else []
    if rest:
        rows.append((whole + 1, rest, 1))
    return full_box(b"stsc", 0, 0, struct.pack(">I", len(rows)), np.asarray(rows, ">u4").tobytes())


def _audio_track(movie: Movie, base: int, sizes: bytes, *, wide: bool) -> bytes:
    each = max(1, movie.timescale // 1024)  # about a second a chunk
    lengths = np.add.reduceat(movie.sizes, np.arange(0, len(movie.sizes), each), dtype=np.int64)
    starts = np.cumsum(lengths) - lengths + base
    tables = box(
        b"stbl",
        movie.description,
        _time_table(movie.deltas),
        _chunk_table(len(movie.sizes), each),
        sizes,
        _offset_table(starts, wide=wide),
    )
    sound = full_box(b"smhd", 0, 0, bytes(4))
    reference = box(b"tref", box(b"chap", struct.pack(">I", 2))) if movie.chapters else b""
    media = _media(movie.timescale, movie.media_duration, b"soun", b"SoundHandler", sound, _here(), tables)
    return box(b"trak", _track_header(movie, 1, 3, 0x100), _edit_list(movie), reference, media)


def _chapter_track(movie: Movie, texts: list[bytes], base: int, *, wide: bool) -> bytes:
    scale = movie.chapter_timescale
    bounds = [*(start for start, _ in _gapless(movie.chapters)), movie.playing]
    ticks = [tick * scale // movie.timescale for tick in bounds]
    lengths: Numbers = np.asarray([end - start for start, end in pairwise(ticks)], np.int64)
    sizes = np.asarray([len(text) for text in texts], np.int64)
    offsets = base + np.cumsum(sizes) - sizes
    description = box(b"text", struct.pack(">6xHII", 1, 1, 1), bytes(36))
    tables = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), description),
        _time_table(runs(lengths)),
        _chunk_table(len(texts), 1),
        _size_table(sizes),
        _offset_table(offsets, wide=wide),
    )
    general = full_box(b"gmin", 0, 0, struct.pack(">6H", 0x40, 0x8000, 0x8000, 0x8000, 0, 0))
    head = box(b"gmhd", general, box(b"text", _MATRIX))
    media = _media(scale, int(lengths.sum()), b"text", b"Chapters", head, _here(), tables)
    return box(b"trak", _track_header(movie, 2, 2, 0), media)


def _nero(movie: Movie) -> bytes:
    if not movie.chapters or len(movie.chapters) > NERO_CHAPTERS:
        return b""
    rows = bytearray(struct.pack(">IB", 0, len(movie.chapters)))
    for start, title in movie.chapters:
        raw = title.encode()[:255].decode("utf-8", "ignore").encode()  # never half a character
        rows += struct.pack(">QB", round(start * 10_000_000 / movie.timescale), len(raw)) + raw
    return full_box(b"chpl", 1, 0, bytes(rows))
