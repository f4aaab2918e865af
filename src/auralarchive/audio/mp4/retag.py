"""Another set of tags in an MP4 file: where its boxes go, and what of its index has to change with them.

The tags are in the index (`moov`), as a rule in front of the sound. Where the free space behind the index takes
what is more, nothing else moves; else all that follows moves on, and with it the places that the index names.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auralarchive.audio.mp4.boxes import Malformed, Span, box, children, find, full_box
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.writer import SPARE

_FREE = (b"free", b"skip")
#: Files in pieces name places in more boxes than we know.
_PIECES = frozenset({b"moof", b"mfra", b"sidx"})
_HANDLER = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))

#: A tag as it is in the file: its name, its content, and the whole box.
Item = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Layout:
    """The new file: `head` bytes of the old one, then `index`, then the old one from `rest` to its end."""

    head: int
    index: bytes
    rest: int


def layout(mp4: Mp4, change: Callable[[Sequence[Item]], Sequence[bytes]]) -> Layout:
    """What the file becomes with the tags that `change` makes of its own. Raises `Malformed`."""
    names = [name for name, _, _ in mp4.top]
    at = names.index(b"moov")
    if _PIECES & set(names) or find(mp4.moov, _whole(mp4.moov), b"mvex"):
        raise Malformed("it is made of pieces")
    _, start, length = mp4.top[at]
    moov = _with_tags(mp4.moov, change(items(mp4.moov)))
    size, room, rest = 8 + len(moov), length, start + length
    followed = at + 1 < len(names)
    if followed and names[at + 1] in _FREE:
        room += mp4.top[at + 1][2]
        rest += mp4.top[at + 1][2]
    if not followed:
        return Layout(start, box(b"moov", moov), rest)
    spare = room - size
    if spare and spare < 8:
        spare = SPARE
    shift = size + spare - room
    moov = _moved(moov, behind=start, by=shift) if shift else moov
    return Layout(start, box(b"moov", moov) + (box(b"free", bytes(spare - 8)) if spare else b""), rest)


def items(moov: bytes) -> tuple[Item, ...]:
    """The tags in an index. Raises `Malformed`."""
    span = find(moov, _whole(moov), b"udta", b"meta", b"ilst")
    return () if span is None else tuple(_boxes(moov, span))


def _with_tags(moov: bytes, tags: Sequence[bytes]) -> bytes:
    udta = find(moov, _whole(moov), b"udta")
    meta = find(moov, udta, b"meta") if udta else None
    # Free space between the tags would only be moved about: there is enough behind the index.
    beside = [raw for name, _, raw in _boxes(moov, meta) if name not in (b"ilst", *_FREE)] if meta else [_HANDLER]
    fresh = full_box(b"meta", 0, 0, *beside, box(b"ilst", *tags))
    kept = [raw for name, _, raw in _boxes(moov, udta) if name != b"meta"] if udta else []
    others = [raw for name, _, raw in _boxes(moov, _whole(moov)) if name != b"udta"]
    return b"".join((*others, box(b"udta", fresh, *kept)))


def _moved(moov: bytes, *, behind: int, by: int) -> bytes:
    """The index with every place behind `behind` moved on."""
    raw = bytearray(moov)
    for name, trak in children(moov, _whole(moov)):
        if name != b"trak":
            continue
        for table, kind in ((b"stco", ">u4"), (b"co64", ">u8")):
            span = find(moov, trak, b"mdia", b"minf", b"stbl", table)
            if span is not None:
                raw[span.start + 8 : span.end] = _places(moov[span.start + 8 : span.end], kind, behind, by)
    return bytes(raw)


def _places(table: bytes, kind: str, behind: int, by: int) -> bytes:
    offsets = np.frombuffer(table, kind).astype(np.int64)
    offsets[offsets > behind] += by
    if kind == ">u4" and len(offsets) and int(offsets.max()) >= 2**32:
        raise Malformed("it is too large for its own table of places")
    return offsets.astype(kind).tobytes()


def _boxes(data: bytes, span: Span) -> Iterator[Item]:
    at = span.start
    for name, inner in children(data, span):
        yield name, data[inner.start : inner.end], data[at : inner.end]
        at = inner.end


def _whole(moov: bytes) -> Span:
    return Span(0, len(moov))


def freeform_name(content: bytes) -> tuple[str, str]:
    """(`mean`, `name`) of a `----` tag; empty where it has none."""
    found = {name: content[inner.start + 4 : inner.end] for name, inner in children(content, Span(0, len(content)))}
    mean, name = (found.get(key, b"").decode("utf-8", "replace") for key in (b"mean", b"name"))
    return mean, name


def text_of(content: bytes) -> str:
    """The text of a tag's first value."""
    data = find(content, Span(0, len(content)), b"data")
    if data is None or data.size < 8 or struct.unpack_from(">I", content, data.start)[0] & 0xFFFFFF != 1:
        return ""
    return content[data.start + 8 : data.end].decode("utf-8", "replace")
