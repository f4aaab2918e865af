"""The grammar of MP4: boxes inside boxes, each with its length and a four-letter name."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


class Malformed(ValueError):
    """The bytes are no MP4, or one that contradicts itself."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where the content of a box lies in its buffer, without the box's header."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


def box(name: bytes, *parts: bytes) -> bytes:
    """One box with its header (32-bit length)."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box that begins with a version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def children(data: bytes, span: Span) -> Iterator[tuple[bytes, Span]]:
    """The boxes directly inside `span`. Raises `Malformed` where one reaches out of it."""
    at = span.start
    while at + 8 <= span.end:
        length, name = struct.unpack_from(">I4s", data, at)
        if name == bytes(4):
            return  # some writers end their lists with zeros
        header = 8
        if length == 1 and at + 16 <= span.end:
            length = struct.unpack_from(">Q", data, at + 8)[0]
            header = 16
        elif length == 0:
            length = span.end - at
        if length < header or at + length > span.end:
            raise Malformed(f"box {name!r} does not fit into the one around it")
        yield name, Span(at + header, at + length)
        at += length


def find(data: bytes, span: Span, *path: bytes) -> Span | None:
    """The content of the first box under `path`, or None."""
    for name in path:
        inner = next((child for found, child in children(data, span) if found == name), None)
        if inner is None:
            return None
        # `meta` is a full box in MP4: its children begin after version and flags.
        span = Span(inner.start + 4, inner.end) if name == b"meta" else inner
    return span


def need(data: bytes, span: Span, *path: bytes) -> Span:
    """As `find`, but raises `Malformed` where nothing is there."""
    found = find(data, span, *path)
    if found is None:
        raise Malformed(f"no {b'/'.join(path).decode('latin-1')} box")
    return found


def unpack(layout: str, data: bytes, span: Span, at: int = 0) -> tuple[int, ...]:
    """Big-endian numbers at `at` bytes into `span`. Raises `Malformed` where the box is too short."""
    if at + struct.calcsize(">" + layout) > span.size:
        raise Malformed("a box is shorter than its fields")
    return struct.unpack_from(">" + layout, data, span.start + at)
