"""Makes .torrent files of any shape, right and wrong, without touching a disk."""

from __future__ import annotations

import hashlib
from typing import Any

import bencode2

PIECE = 16_384


def info_of(size: int = 40_000, *, name: bytes = b"book.m4b", **more: Any) -> dict[bytes, Any]:
    """An info dictionary of one file, with piece hashes of the right number."""
    return {
        b"length": size,
        b"name": name,
        b"piece length": PIECE,
        b"pieces": b"\x11" * 20 * -(-size // PIECE),
        **{key.encode(): value for key, value in more.items()},
    }


def folder_info(*files: dict[bytes, Any], name: bytes = b"Book") -> dict[bytes, Any]:
    """An info dictionary of a folder; each entry has `length` and `path`."""
    size = sum(file.get(b"length", 0) for file in files)
    pieces = b"\x22" * 20 * -(-max(size, 0) // PIECE)
    return {b"files": list(files), b"name": name, b"piece length": PIECE, b"pieces": pieces}


def entry(*path: bytes, length: int = 20_000, attr: bytes = b"") -> dict[bytes, Any]:
    """One file of `folder_info`."""
    return {b"length": length, b"path": list(path), **({b"attr": attr} if attr else {})}


def torrent_of(info: dict[bytes, Any], **more: Any) -> bytes:
    """The .torrent around an info dictionary."""
    return bencode2.bencode({b"info": info, **{key.encode(): value for key, value in more.items()}})


def v1_hash(info: dict[bytes, Any]) -> str:
    return hashlib.sha1(bencode2.bencode(info)).hexdigest()
