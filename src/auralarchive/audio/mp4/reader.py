"""Reads the tables of an MP4 file: its audio track, its chapters, what boxes there are.

Everything is checked against the length of its box or file before memory is taken for it: a kilobyte
that promises four thousand million packets costs nothing but an error.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from auralarchive.audio.mp4.boxes import Malformed, Span, children, find, need, unpack
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.track import AudioTrack, Edit, Numbers, Packets

MAX_MOOV = 512 * 1024 * 1024
MAX_CHAPTERS = 10_000
_MAX_TITLE = 4096
_EMPTY: Numbers = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Mark:
    """The beginning of one chapter, in seconds."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Mp4:
    """One file's index. `top` are the outermost boxes as (name, offset, length)."""

    brand: bytes
    top: tuple[tuple[bytes, int, int], ...]
    moov: bytes
    audio: tuple[AudioTrack, ...]
    chapters: tuple[Mark, ...]


def read(fd: int) -> Mp4:
    """Read the index of the file open as `fd`. Raises `Malformed`."""
    size = os.fstat(fd).st_size
    top = _top_level(fd, size)
    places = {name: (offset, length) for name, offset, length in top}
    if b"moov" not in places:
        raise Malformed("it has no index (moov box): the file is cut")
    offset, length = places[b"moov"]
    if length > MAX_MOOV:
        raise Malformed("its index is too large")
    header = 16 if os.pread(fd, 4, offset) == b"\0\0\0\1" else 8
    moov = os.pread(fd, length - header, offset + header)
    whole = Span(0, len(moov))
    traks = [span for name, span in children(moov, whole) if name == b"trak"]
    audio = tuple(_audio(moov, trak, size) for trak in traks if _handler(moov, trak) == b"soun")
    brand_at = places.get(b"ftyp", (0, 0))[0]
    brand = os.pread(fd, 4, brand_at + 8) if b"ftyp" in places else b""
    return Mp4(brand, top, moov, audio, _chapters(fd, moov, traks, size))


def _top_level(fd: int, size: int) -> tuple[tuple[bytes, int, int], ...]:
    found: list[tuple[bytes, int, int]] = []
    at = 0
    while at + 8 <= size and len(found) < 100_000:
        header = os.pread(fd, 16, at)
        length, name = struct.unpack_from(">I4s", header)
        if length == 1 and len(header) == 16:
            length = struct.unpack_from(">Q", header, 8)[0]
        elif length == 0:
            length = size - at
        if length < 8:
            raise Malformed("a box has no length")
        if at + length > size:
            raise Malformed(f"it ends inside its {name.decode('latin-1')} box: the file is cut")
        found.append((name, at, length))
        at += length
    return tuple(found)


def _handler(moov: bytes, trak: Span) -> bytes:
    span = find(moov, trak, b"mdia", b"hdlr")
    return moov[span.start + 8 : span.start + 12] if span else b""


def _timescale(moov: bytes, span: Span) -> int:
    """Of an `mdhd` or `mvhd` box."""
    version = unpack("B", moov, span)[0]
    scale = unpack("I", moov, span, 20 if version else 12)[0]
    if not scale:
        raise Malformed("a timescale is zero")
    return scale


def _audio(moov: bytes, trak: Span, file_size: int) -> AudioTrack:
    tables = need(moov, trak, b"mdia", b"minf", b"stbl")
    description = need(moov, tables, b"stsd")
    first = next(children(moov, Span(description.start + 8, description.end)), None)
    if first is None:
        raise Malformed("the sound has no description")
    entry, inside = first
    config = _aac_config(moov, inside)
    channels, rate = unpack("H", moov, inside, 16)[0], unpack("I", moov, inside, 24)[0] >> 16
    if config:
        # The sample entry's own channel count lies in files of several writers.
        channels, rate = _from_config(config, channels, rate)
    return AudioTrack(
        packets=_packets(moov, tables, file_size),
        timescale=_timescale(moov, need(moov, trak, b"mdia", b"mdhd")),
        movie_timescale=_timescale(moov, need(moov, Span(0, len(moov)), b"mvhd")),
        deltas=_deltas(moov, tables),
        edits=_edits(moov, trak),
        entry=entry,
        description=moov[description.start - 8 : description.end],
        config=config,
        channels=channels,
        rate=rate,
    )


def _from_config(config: bytes, channels: int, rate: int) -> tuple[int, int]:
    try:
        parsed = parse_config(config)
    except ValueError as error:
        raise Malformed(str(error)) from error
    return parsed.channels or channels, parsed.output_rate or rate


def _aac_config(moov: bytes, entry: Span) -> bytes:
    """The decoder's configuration out of the `esds` descriptors; empty where the codec is not AAC."""
    # QuickTime's own sample entries carry more fixed fields, and hide the box inside `wave`.
    version = unpack("H", moov, entry, 8)[0]
    boxes = Span(entry.start + 28 + {1: 16, 2: 36}.get(version, 0), entry.end)
    if boxes.start > boxes.end:
        return b""
    esds = find(moov, boxes, b"esds") or find(moov, boxes, b"wave", b"esds")
    return _decoder_info(moov[esds.start + 4 : esds.end]) if esds else b""


def _decoder_info(data: bytes) -> bytes:
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at, length = _descriptor_length(data, at + 1)
        if tag == 3:  # elementary stream: id, flags, then more descriptors
            at += 3
        elif tag == 4:  # decoder: object type 0x40 is MPEG-4 audio, 0x66-0x68 MPEG-2 AAC
            if at >= end or data[at] not in (0x40, 0x66, 0x67, 0x68):
                return b""
            at += 13
        elif tag == 5:
            return data[at : at + length]
        else:
            at += length
    return b""


def _descriptor_length(data: bytes, at: int) -> tuple[int, int]:
    length = 0
    for _ in range(4):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        length = length << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return at, length


def _table(moov: bytes, span: Span, at: int, count: int, width: int = 4) -> Numbers:
    """`count` unsigned numbers of `width` bytes at `at` bytes into the box."""
    if at + count * width > span.size:
        raise Malformed("a table promises more entries than it holds")
    return np.frombuffer(moov, f">u{width}", count, span.start + at).astype(np.int64)


def _deltas(moov: bytes, tables: Span) -> tuple[tuple[int, int], ...]:
    span = need(moov, tables, b"stts")
    count = unpack("I", moov, span, 4)[0]
    rows = _table(moov, span, 8, 2 * count).reshape(count, 2)
    return tuple((int(number), int(ticks)) for number, ticks in rows.tolist())


def _packets(moov: bytes, tables: Span, file_size: int) -> Packets:
    sizes = _sizes(moov, need(moov, tables, b"stsz"), file_size)
    chunks = _chunk_offsets(moov, tables)
    per_chunk = _per_chunk(moov, need(moov, tables, b"stsc"), len(chunks), len(sizes))
    if not len(sizes):
        return Packets(_EMPTY, _EMPTY)
    filled = per_chunk > 0
    chunks, per_chunk = chunks[filled], per_chunk[filled]
    firsts = np.cumsum(per_chunk) - per_chunk
    ends = chunks + np.add.reduceat(sizes, firsts, dtype=np.int64)
    if int(chunks.min()) < 0 or int(ends.max()) > file_size:
        raise Malformed("its packets lie beyond its end: the file is cut")
    # Each packet follows the one before it; a chunk's first leaps. One array of millions is enough.
    offsets = np.empty(len(sizes), np.int64)
    offsets[1:] = sizes[:-1]
    offsets[firsts[1:]] += chunks[1:] - ends[:-1]
    offsets[0] = chunks[0]
    np.cumsum(offsets, out=offsets)
    return Packets(offsets, sizes)


def _sizes(moov: bytes, span: Span, file_size: int) -> Numbers:
    fixed, count = unpack("II", moov, span, 4)
    if fixed * count > file_size:
        raise Malformed("its packets would be larger than the file")
    if fixed:
        return np.full(count, fixed, np.int32)
    if 12 + count * 4 > span.size:
        raise Malformed("a table promises more entries than it holds")
    sizes = np.frombuffer(moov, ">u4", count, span.start + 12)
    if count and int(sizes.max()) >= 2**31:
        raise Malformed("one of its packets is too large")
    return sizes.astype(np.int32)


def _chunk_offsets(moov: bytes, tables: Span) -> Numbers:
    short = find(moov, tables, b"stco")
    span = short or need(moov, tables, b"co64")
    return _table(moov, span, 8, unpack("I", moov, span, 4)[0], 4 if short else 8)


def _per_chunk(moov: bytes, span: Span, chunks: int, packets: int) -> Numbers:
    count = unpack("I", moov, span, 4)[0]
    rows = _table(moov, span, 8, 3 * count).reshape(count, 3)
    first, number = rows[:, 0] - 1, rows[:, 1]
    bounds = np.append(first, chunks)
    if count and (int(first[0]) != 0 or bool((np.diff(bounds) < 0).any())):
        raise Malformed("its chunk table is out of order")
    lengths = np.diff(bounds)
    if int((lengths * number).sum()) != packets:
        raise Malformed("its tables disagree about the number of packets")
    return np.repeat(number, lengths)


def _edits(moov: bytes, trak: Span) -> tuple[Edit, ...]:
    span = find(moov, trak, b"edts", b"elst")
    if span is None:
        return ()
    version, count = unpack("B", moov, span)[0], unpack("I", moov, span, 4)[0]
    layout, width = ("Qq", 20) if version else ("Ii", 12)
    if 8 + count * width > span.size:
        raise Malformed("its edit list is cut")
    return tuple(Edit(*unpack(layout, moov, span, 8 + index * width)) for index in range(count))


def _chapters(fd: int, moov: bytes, traks: list[Span], size: int) -> tuple[Mark, ...]:
    """The QuickTime chapter track where there is one, else Nero's list. Broken ones cost the chapters, not the book."""
    try:
        marks = _chapter_track(fd, moov, traks, size)
    except Malformed:
        marks = ()
    try:
        return marks or _nero(moov)
    except Malformed:
        return ()


def _chapter_track(fd: int, moov: bytes, traks: list[Span], size: int) -> tuple[Mark, ...]:
    wanted = {number for trak in traks for number in _chapter_references(moov, trak)}
    for trak in traks:
        if _track_id(moov, trak) in wanted and _handler(moov, trak) in (b"text", b"sbtl"):
            marks = _text_track(fd, moov, trak, size)
            if marks:
                return marks
    return ()


def _chapter_references(moov: bytes, trak: Span) -> tuple[int, ...]:
    span = find(moov, trak, b"tref", b"chap")
    return tuple(_table(moov, span, 0, span.size // 4).tolist()) if span else ()


def _track_id(moov: bytes, trak: Span) -> int:
    span = need(moov, trak, b"tkhd")
    return unpack("I", moov, span, 20 if unpack("B", moov, span)[0] else 12)[0]


def _text_track(fd: int, moov: bytes, trak: Span, size: int) -> tuple[Mark, ...]:
    tables = need(moov, trak, b"mdia", b"minf", b"stbl")
    packets = _packets(moov, tables, size)
    scale = _timescale(moov, need(moov, trak, b"mdia", b"mdhd"))
    deltas = chain.from_iterable(repeat(ticks, count) for count, ticks in _deltas(moov, tables))
    marks: list[Mark] = []
    at = 0
    places = zip(packets.offsets[:MAX_CHAPTERS].tolist(), packets.sizes[:MAX_CHAPTERS].tolist(), deltas, strict=False)
    for offset, length, ticks in places:
        title = _text(os.pread(fd, min(length, _MAX_TITLE), offset))
        if title is not None:
            marks.append(Mark(at / scale, title))
        at += ticks
    return tuple(marks)


def _text(sample: bytes) -> str | None:
    """One sample of a text track: its length, then UTF-8, or UTF-16 with a byte order mark."""
    length = int.from_bytes(sample[:2], "big")
    raw = sample[2 : 2 + length]
    if not raw:
        return None  # a gap before the first chapter
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    return raw.decode("utf-16" if wide else "utf-8", "replace")


def _nero(moov: bytes) -> tuple[Mark, ...]:
    span = find(moov, Span(0, len(moov)), b"udta", b"chpl")
    if span is None or span.size < 9:
        return ()
    marks: list[Mark] = []
    at, version = span.start + 4, moov[span.start]
    count = moov[at + 4] if version else moov[at]
    at += 5 if version else 1
    for _ in range(count):
        if at + 9 > span.end:
            break
        start, length = struct.unpack_from(">QB", moov, at)
        marks.append(Mark(start / 1e7, moov[at + 9 : min(at + 9 + length, span.end)].decode("utf-8", "replace")))
        at += 9 + length
    return tuple(marks)
