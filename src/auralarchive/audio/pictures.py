"""The pictures inside an audio file, the best one first. Read when a cover is wanted, and never kept with the tags:
four hundred parts with a picture each would fill the memory with four hundred times the same.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import mutagen
from mutagen._vorbis import VComment
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

LARGEST = 32 * 1024 * 1024
_MOST = 64
_FRONT, _OTHER, _ICON, _OTHER_ICON = 3, 0, 1, 2
#: Picture types by how likely they are the cover: front, unsaid, media and the like, icons last.
_ORDER = {_FRONT: 0, _OTHER: 1, _ICON: 3, _OTHER_ICON: 3}


def pictures_in(opened: Any, tags: Any) -> tuple[bytes, ...]:
    """All in the file that mutagen has `opened` (None where there are only `tags`): front first, large before small."""
    found = [(kind, data) for kind, data in _all(opened, tags) if 0 < len(data) <= LARGEST][:_MOST]
    if isinstance(tags, MP4Tags):
        return tuple(data for _, data in found)  # in the order of their writer: the first is the cover
    return tuple(data for _, data in sorted(found, key=lambda each: (_ORDER.get(each[0], 2), -len(each[1]))))


def _all(opened: Any, tags: Any) -> Iterable[tuple[int, bytes]]:
    """(type as in ID3, bytes) of each."""
    if isinstance(opened, FLAC):
        yield from ((picture.type, picture.data) for picture in opened.pictures)
    if isinstance(tags, ID3):
        yield from ((int(frame.type), frame.data) for frame in tags.getall("APIC") if frame.mime != "-->")
    elif isinstance(tags, MP4Tags):
        yield from ((_FRONT, bytes(cover)) for cover in tags.get("covr", ()))
    elif isinstance(tags, VComment):
        yield from _vorbis(tags)
    elif isinstance(tags, APEv2):
        yield from _ape(tags)
    elif isinstance(tags, ASFTags):
        yield from (_asf(bytes(value.value)) for value in tags.get("WM/Picture", ()))


def _vorbis(tags: Any) -> Iterator[tuple[int, bytes]]:
    for name in ("metadata_block_picture", "coverart"):
        for text in tags.get(name, ())[:_MOST]:
            try:
                raw = base64.b64decode(text)
                picture = Picture(raw) if name == "metadata_block_picture" else None
            except (binascii.Error, mutagen.MutagenError, ValueError):
                continue
            yield (picture.type, picture.data) if picture else (_OTHER, raw)


def _ape(tags: Any) -> Iterator[tuple[int, bytes]]:
    """A name of the picture, a zero, and the picture."""
    for key, value in tags.items():
        if key.lower().startswith("cover art"):
            yield _FRONT if "front" in key.lower() else _ICON, bytes(value.value).partition(b"\0")[2]


def _asf(raw: bytes) -> tuple[int, bytes]:
    """Type, length, two UTF-16 texts that end in zeros, and the picture; nothing where it contradicts itself."""
    if len(raw) < 9:
        return _OTHER, b""
    kind, length = struct.unpack_from("<BI", raw)
    at = 5
    for _ in range(2):
        while at + 2 <= len(raw) and raw[at : at + 2] != b"\0\0":
            at += 2
        at += 2
    return kind, raw[at : at + length]
