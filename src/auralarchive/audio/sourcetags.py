"""Reads the tags, embedded chapters and pictures of a source. Tags never fail a book: what cannot be read is left."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mutagen
from mutagen.flac import Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

from auralarchive.audio import matroska
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.mpeg import id3_length
from auralarchive.audio.sourcechapters import Embedded, embedded
from auralarchive.domain.chapters import ChapterSource

_LONGEST = 4096
_LARGEST_TAG = 64 * 1024 * 1024
_LARGEST_PICTURE = 32 * 1024 * 1024

#: Where each meaning is found, in ID3, MP4, Vorbis and ASF: the first that is there counts.
_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("TIT2", "\xa9nam", "title", "Title"),
    "album": ("TALB", "\xa9alb", "album", "WM/AlbumTitle"),
    "author": ("TPE2", "TPE1", "aART", "\xa9ART", "albumartist", "artist", "WM/AlbumArtist", "Author"),
    "narrator": ("TCOM", "\xa9wrt", "\xa9nrt", "narrator", "composer", "WM/Composer"),
    "series": ("TXXX:SERIES", "TXXX:series", "----:com.apple.iTunes:SERIES", "\xa9mvn", "series"),
    "series_part": ("TXXX:SERIES-PART", "TXXX:series-part", "----:com.apple.iTunes:SERIES-PART", "series-part"),
    "asin": ("TXXX:ASIN", "TXXX:asin", "----:com.apple.iTunes:ASIN", "asin"),
    "publisher": ("TPUB", "----:com.apple.iTunes:PUBLISHER", "publisher", "organization", "WM/Publisher"),
    "description": ("COMM", "desc", "ldes", "\xa9cmt", "description", "comment", "Description"),
    "genre": ("TCON", "\xa9gen", "genre", "WM/Genre"),
    "year": ("TDRC", "TYER", "\xa9day", "date", "year", "WM/Year"),
    "language": ("TLAN", "----:com.apple.iTunes:LANGUAGE", "language", "WM/Language"),
    "copyright": ("TCOP", "cprt", "copyright", "Copyright"),
    "track": ("TRCK", "trkn", "tracknumber", "part_number", "WM/TrackNumber"),
    "disc": ("TPOS", "disk", "discnumber", "WM/PartOfSet"),
}


@dataclass(frozen=True, slots=True)
class SourceTags:
    """What one file says of itself; empty text where it says nothing."""

    title: str = ""
    album: str = ""
    author: str = ""
    narrator: str = ""
    series: str = ""
    series_part: str = ""
    asin: str = ""
    publisher: str = ""
    description: str = ""
    genre: str = ""
    year: str = ""
    language: str = ""
    copyright: str = ""
    track: int | None = None
    disc: int | None = None
    chapters: tuple[Mark, ...] = ()
    chapter_source: ChapterSource = ChapterSource.NONE
    markers: tuple[Mark, ...] = ()  # OverDrive's
    pictures: tuple[bytes, ...] = ()
    warnings: tuple[str, ...] = ()


def read_tags(fd: int, kind: Kind) -> SourceTags:
    """The tags of the file open as `fd`; whatever is unreadable counts as not there."""
    with os.fdopen(os.dup(fd), "rb") as file:
        try:
            return _read(file, fd, kind)
        except Exception:  # noqa: BLE001 - mutagen raises errors of every kind on hostile tags
            return SourceTags(warnings=("Its tags cannot be read.",))


def _read(file: Any, fd: int, kind: Kind) -> SourceTags:
    file.seek(0)
    if kind in (Kind.MP3, Kind.ADTS):
        return _id3(file, fd)
    if kind is Kind.MATROSKA:
        header = matroska.read(fd)
        return _collect(header.tags, Embedded(header.marks, ChapterSource.MATROSKA), ())
    if kind is Kind.MP4:
        tags = MP4(file).tags
        return _collect(tags or {}, held=Embedded(), pictures=_mp4_pictures(tags))
    opened = mutagen.File(file)
    if opened is None or opened.tags is None:
        return SourceTags()
    pictures = [*(picture.data for picture in getattr(opened, "pictures", ())), *_vorbis_pictures(opened.tags)]
    return _collect(opened.tags, held=embedded(opened, opened.tags), pictures=tuple(pictures))


def _id3(file: Any, fd: int) -> SourceTags:
    """ID3v2 in front, with a bound on its chapters before mutagen makes an object of each."""
    length = id3_length(fd)
    if not length:
        return SourceTags()
    if length > _LARGEST_TAG:
        return SourceTags(warnings=("Its tags are too large to be read.",))
    chapters = _count(fd, b"CHAP", length)
    if chapters > MAX_CHAPTERS:
        return SourceTags(warnings=(f"Its {chapters} chapter marks are too many to be true.",))
    tags = ID3(file)
    pictures = tuple(frame.data for frame in tags.getall("APIC"))
    return _collect(tags, held=embedded(None, tags), pictures=pictures)


def _count(fd: int, word: bytes, length: int) -> int:
    return os.pread(fd, length, 0).count(word)


def _mp4_pictures(tags: Any) -> tuple[bytes, ...]:
    return tuple(bytes(cover) for cover in (tags or {}).get("covr", ()))


def _vorbis_pictures(tags: Any) -> Iterable[bytes]:
    for text in tags.get("metadata_block_picture", ()) if hasattr(tags, "get") else ():
        try:
            yield Picture(base64.b64decode(text)).data
        except (binascii.Error, mutagen.MutagenError, ValueError):
            continue


def _collect(tags: Any, held: Embedded, pictures: tuple[bytes, ...]) -> SourceTags:
    texts: dict[str, Any] = {
        meaning: _text(tags, names) for meaning, names in _NAMES.items() if meaning not in ("track", "disc")
    }
    return SourceTags(
        **texts,
        track=_number(_text(tags, _NAMES["track"])),
        disc=_number(_text(tags, _NAMES["disc"])),
        chapters=held.marks,
        chapter_source=held.source,
        markers=held.markers,
        pictures=tuple(picture for picture in pictures if len(picture) <= _LARGEST_PICTURE),
    )


def _text(tags: Any, names: Iterable[str]) -> str:
    for name in names:
        value = _value(tags, name)
        if value:
            return value
    return ""


def _value(tags: Any, name: str) -> str:
    """One tag as plain text; mutagen gives frames, lists, bytes or pairs of numbers."""
    if isinstance(tags, ID3):
        frames = tags.getall(name)
        return clean(" ".join(map(str, getattr(frames[0], "text", ())))) if frames else ""
    try:
        value = tags[name]
    except (KeyError, ValueError, TypeError):
        return ""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, tuple):
        first = first[0]
    if isinstance(first, bytes):
        first = first.decode("utf-8", "replace")
    return clean(str(first)) if first else ""


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})", text)
    return int(match[1]) or None if match else None


def clean(text: str) -> str:
    """One line of printable text of bounded length: control characters and runs of blanks become one blank."""
    visible = "".join(character if character.isprintable() else " " for character in text[: _LONGEST * 2])
    return " ".join(visible.split())[:_LONGEST]
