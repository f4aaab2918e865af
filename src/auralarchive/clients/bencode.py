"""A bencode parser for files from strangers: strict, flat in memory, and it tells where things stand.

An info-hash is taken over the original bytes of the `info` dictionary, so the parser has to say where
those begin and end; and many real torrents have dictionaries out of order, which must not be mended
on the way. Libraries do neither. Nesting lives on a list, not on Python's stack, and lengths are
compared with what is there before anything is copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union

Value: TypeAlias = Union[int, bytes, "list[Value]", "dict[bytes, Value]"]

MAX_DEPTH = 100  # what libtorrent reads, too
MAX_VALUES = 500_000  # of a torrent of 100,000 files; each costs a microsecond

_INTEGER = re.compile(rb"i(0|-?[1-9][0-9]{0,18})e")
_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,9}):")


class BencodeError(ValueError):
    """Not bencode, or more of it than we read; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed dictionary; `spans` are the places of its values in the original bytes."""

    value: Mapping[bytes, Value]
    spans: Mapping[bytes, slice]


@dataclass(slots=True)
class _Open:
    """A list or dictionary that is not closed yet."""

    start: int
    content: list[Value] | dict[bytes, Value]
    key: bytes | None = None


@dataclass(slots=True)
class _Parser:
    data: bytes
    at: int = 0
    count: int = 0
    stack: list[_Open] = field(default_factory=list)
    spans: dict[bytes, slice] = field(default_factory=dict)

    def document(self) -> Value:
        while True:
            start, found = self._step()
            if found is None:
                continue
            if not self.stack:
                return found
            self._place(start, found)

    def _step(self) -> tuple[int, Value | None]:
        """Read one token; the value that it completed and where that began, or None."""
        start, token = self.at, self.data[self.at : self.at + 1]
        if token in (b"d", b"l"):
            self._open(token)
            return start, None
        if token == b"e":
            return self._close()
        if token == b"i":
            return start, self._integer()
        if token.isdigit():
            return start, self._string()
        raise BencodeError(f"unexpected {'end' if not token else 'character'} at byte {self.at}")

    def _open(self, token: bytes) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise BencodeError(f"nested deeper than {MAX_DEPTH} levels")
        self._counted()
        self.stack.append(_Open(self.at, {} if token == b"d" else []))
        self.at += 1

    def _close(self) -> tuple[int, Value]:
        if not self.stack or self.stack[-1].key is not None:
            raise BencodeError(f"unexpected end of a value at byte {self.at}")
        self.at += 1
        closed = self.stack.pop()
        return closed.start, closed.content

    def _integer(self) -> int:
        self._counted()
        match = _INTEGER.match(self.data, self.at)
        if match is None:
            raise BencodeError(f"malformed number at byte {self.at}")
        self.at = match.end()
        return int(match[1])

    def _string(self) -> bytes:
        self._counted()
        match = _LENGTH.match(self.data, self.at)
        if match is None:
            raise BencodeError(f"malformed length at byte {self.at}")
        end = match.end() + int(match[1])
        if end > len(self.data):
            raise BencodeError(f"text at byte {self.at} is longer than the file")
        self.at = end
        return self.data[match.end() : end]

    def _place(self, start: int, found: Value) -> None:
        """Put a complete value where it belongs: into its list, or as key or value of its dictionary."""
        parent = self.stack[-1]
        if isinstance(parent.content, list):
            parent.content.append(found)
        elif parent.key is None:
            parent.key = self._new_key(parent.content, found)
        else:
            parent.content[parent.key] = found
            if len(self.stack) == 1:
                self.spans[parent.key] = slice(start, self.at)
            parent.key = None

    def _new_key(self, content: dict[bytes, Value], found: Value) -> bytes:
        if not isinstance(found, bytes):
            raise BencodeError(f"a key before byte {self.at} is not text")
        if found in content:
            # Two "info" would make two torrents of one file: who reads the first, who the last?
            raise BencodeError(f"the key {found[:40].decode('ascii', 'replace')!r} is there twice")
        return found

    def _counted(self) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise BencodeError(f"more than {MAX_VALUES:,} values")


def parse(data: bytes) -> Document:
    """Parse one dictionary. Line ends behind it are tolerated, anything else raises `BencodeError`."""
    parser = _Parser(data)
    value = parser.document()
    if not isinstance(value, dict):
        raise BencodeError("not a dictionary")
    if data[parser.at :].strip(b"\r\n"):
        raise BencodeError(f"something follows the end at byte {parser.at}")
    return Document(value, parser.spans)
