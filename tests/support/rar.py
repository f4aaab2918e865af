"""Writes RAR 5 archives whose members are stored, in volumes and encrypted where wanted, without the non-free `rar`.

The format is that of RARLAB's technical note: every block is a CRC, a length and fields of variable length.
Encrypted members are AES-256 in CBC mode with a key by PBKDF2, as `rar -p` writes them (names stay readable).
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SIGNATURE = b"Rar!\x1a\x07\x01\x00"
_MAIN, _FILE, _END = 1, 2, 5
_HAS_EXTRA, _HAS_DATA, _SPLIT_BEFORE, _SPLIT_AFTER = 1, 2, 8, 16
_ROUNDS = 15  # the logarithm of PBKDF2's iterations


def write_rar(files: Mapping[str, bytes], *, volume: int = 0, password: str | None = None) -> list[bytes]:
    """The archive's volumes, each with up to `volume` bytes of data (0: one archive, in a list of one)."""
    members = [_member(name, data, password) for name, data in files.items()]
    plan = list(_volumes(members, volume or sum(len(member.packed) for member in members) + 1))
    return [
        _volume(number, parts, many=bool(volume), last=number == len(plan) - 1) for number, parts in enumerate(plan)
    ]


@dataclass(frozen=True, slots=True)
class _Member:
    """A file and what is stored of it: padded and encrypted where there is a password."""

    name: bytes
    data: bytes
    packed: bytes
    extra: bytes


@dataclass(frozen=True, slots=True)
class _Part:
    """What one volume holds of a member."""

    member: _Member
    begin: int
    end: int


def _member(name: str, data: bytes, password: str | None) -> _Member:
    if password is None:
        return _Member(name.encode(), data, data, b"")
    salt, vector = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1 << _ROUNDS)
    folded = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, (1 << _ROUNDS) + 32)
    check = bytes(folded[i] ^ folded[i + 8] ^ folded[i + 16] ^ folded[i + 24] for i in range(8))
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    packed = encryptor.update(data + bytes(-len(data) % 16)) + encryptor.finalize()
    # Record 1 is the encryption: version 0, flag 1 for a check value that tells a wrong password at once.
    record = _numbers(1, 0, 1) + bytes([_ROUNDS]) + salt + vector + check + hashlib.sha256(check).digest()[:4]
    return _Member(name.encode(), data, packed, _numbers(len(record)) + record)


def _volumes(members: list[_Member], room: int) -> Iterator[list[_Part]]:
    parts: list[_Part] = []
    left = room
    for member in members:
        begin = 0
        while True:
            end = min(begin + left, len(member.packed))
            parts.append(_Part(member, begin, end))
            left -= end - begin
            if end == len(member.packed):
                break
            yield parts
            parts, begin, left = [], end, room
        if not left:
            yield parts
            parts, left = [], room
    if parts:
        yield parts


def _volume(number: int, parts: list[_Part], *, many: bool, last: bool) -> bytes:
    # Flags of the archive: 1 is "a volume", 2 says that its number follows, from the second one on.
    main = _numbers(0) if not many else _numbers(1) if not number else _numbers(3, number)
    blocks = [_SIGNATURE, _block(_MAIN, main), *(_file(part) for part in parts), _block(_END, _numbers(int(not last)))]
    return b"".join(blocks)


def _file(part: _Part) -> bytes:
    member = part.member
    split_before, split_after = part.begin > 0, part.end < len(member.packed)
    stored = member.packed[part.begin : part.end]
    # The sum of what this volume holds, but for the last part: there it is that of the whole file.
    total = zlib.crc32(stored if split_after else member.data)
    # Flags 4: with a CRC; mode 0o100644; no compression; made on Unix.
    fields = _numbers(4, len(member.data), 0o100644) + struct.pack("<I", total) + _numbers(0, 1, len(member.name))
    flags = _SPLIT_BEFORE * split_before | _SPLIT_AFTER * split_after
    return _block(_FILE, fields + member.name, flags=flags, extra=member.extra, data=stored)


def _block(kind: int, fields: bytes, *, flags: int = 0, extra: bytes = b"", data: bytes = b"") -> bytes:
    if data or kind == _FILE:
        flags |= _HAS_DATA
    if extra:
        flags |= _HAS_EXTRA
    body = _numbers(kind, flags)
    if extra:
        body += _numbers(len(extra))
    if flags & _HAS_DATA:
        body += _numbers(len(data))
    body += fields + extra
    head = _numbers(len(body)) + body
    return struct.pack("<I", zlib.crc32(head)) + head + data


def _numbers(*values: int) -> bytes:
    """Numbers of variable length: seven bits a byte, the lowest first, the high bit says that more follow."""
    out = bytearray()
    for value in values:
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7  # noqa: PLW2901 -- eaten bit by bit
        out.append(value)
    return bytes(out)
