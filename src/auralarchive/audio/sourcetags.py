"""Reads the tags and embedded chapters of a source. Tags never fail a book: what cannot be read is left."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mutagen
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from auralarchive.audio import matroska
from auralarchive.audio.harvest import Extra, harvest
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.mpeg import id3_length
from auralarchive.audio.pictures import pictures_in
from auralarchive.audio.plaintext import one_line, paragraphs
from auralarchive.audio.sourcechapters import Embedded, embedded
from auralarchive.audio.tagnames import NAMES
from auralarchive.domain.chapters import ChapterSource

LONGEST = 4096
LONGEST_DESCRIPTION = 64 * 1024
_LARGEST_TAG = 64 * 1024 * 1024
#: mutagen tries all that it knows on a file, unless it is told what the file is.
_FORMATS: Mapping[Kind, Sequence[type]] = {
    Kind.MP4: (MP4,),
    Kind.FLAC: (FLAC,),
    Kind.OGG: (OggVorbis, OggOpus, OggFLAC, OggSpeex),
    Kind.ASF: (ASF,),
    Kind.WAV: (WAVE,),
    Kind.AIFF: (AIFF,),
}
#: Several persons are told in one line; of other things that are told twice, the first counts.
_JOINED: Mapping[str, str] = {"author": ", ", "narrator": ", ", "genre": "; ", "comment": "\n\n"}
#: Two names in one, as ID3v2.3 has them; "AC/DC" and "N/A" are one.
_PERSONS = re.compile(r"(?<=\w\w[\w.])\s*/\s*(?=\w{3})|\s*;\s*")
_SERIES = re.compile(r"(?P<series>.*[^\s,]),?\s+#(?P<part>\d{1,5}(?:\.\d{1,3})?)")
_ADVISORY = {"1": "1", "2": "2", "4": "1", "explicit": "1", "clean": "2"}


@dataclass(frozen=True, slots=True)
class SourceTags:
    """What one file says of itself; empty text where it says nothing.

    `released` is a whole date, `year` its year or another's. `comment` is told only where it is no
    description. `advisory` is "1" for explicit, "2" for clean. `extras` are those that have no meaning here.
    """

    title: str = ""
    album: str = ""
    subtitle: str = ""
    author: str = ""
    narrator: str = ""
    series: str = ""
    series_part: str = ""
    asin: str = ""
    isbn: str = ""
    publisher: str = ""
    description: str = ""
    comment: str = ""
    genre: str = ""
    year: str = ""
    released: str = ""
    language: str = ""
    copyright: str = ""
    grouping: str = ""
    sort_title: str = ""
    sort_author: str = ""
    advisory: str = ""
    track: int | None = None
    disc: int | None = None
    track_total: int | None = None
    disc_total: int | None = None
    extras: tuple[Extra, ...] = ()
    chapters: tuple[Mark, ...] = ()
    chapter_source: ChapterSource = ChapterSource.NONE
    markers: tuple[Mark, ...] = ()  # OverDrive's
    picture_sizes: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()


def read_tags(fd: int, kind: Kind) -> SourceTags:
    """The tags of the file open as `fd`; whatever is unreadable counts as not there."""
    with os.fdopen(os.dup(fd), "rb") as file:
        try:
            return _read(file, fd, kind)
        except Exception:  # noqa: BLE001 - mutagen raises errors of every kind on hostile tags
            return SourceTags(warnings=("Its tags cannot be read.",))


def read_pictures(fd: int, kind: Kind) -> tuple[bytes, ...]:
    """The pictures inside the file open as `fd`, the likeliest cover first; none where they cannot be read."""
    with os.fdopen(os.dup(fd), "rb") as file:
        try:
            return pictures_in(*_open(file, fd, kind))
        except Exception:  # noqa: BLE001 - as above
            return ()


def _read(file: Any, fd: int, kind: Kind) -> SourceTags:
    if kind in (Kind.MP3, Kind.ADTS) and (refused := _too_much(fd)):
        return SourceTags(warnings=(refused,))
    if kind is Kind.MATROSKA:
        header = matroska.read(fd)
        return _collect(header.tags, Embedded(header.marks, ChapterSource.MATROSKA), ())
    opened, tags = _open(file, fd, kind)
    if tags is None:
        return SourceTags()
    return _collect(tags, embedded(opened, tags), pictures_in(opened, tags))


def _open(file: Any, fd: int, kind: Kind) -> tuple[Any, Any]:
    """(the file as mutagen knows it, its tags); only tags are read of MPEG streams."""
    file.seek(0)
    if kind in (Kind.MP3, Kind.ADTS):
        return None, _mpeg_tags(file, fd)
    opened = mutagen.File(file, options=_FORMATS[kind])
    return opened, getattr(opened, "tags", None)


def _mpeg_tags(file: Any, fd: int) -> Any:
    """ID3v2 in front, else APE at the end, else ID3v1."""
    if id3_length(fd):
        return ID3(file)
    end = os.fstat(fd).st_size
    old = end >= 128 and os.pread(fd, 3, end - 128) == b"TAG"
    if _ape_bytes(fd, end - 128 * old):
        return APEv2(file)
    return ID3(file) if old else None


def _ape_bytes(fd: int, end: int) -> int:
    """Length of the APE tag that ends at `end`; 0 where there is none, or one that nobody would write."""
    foot = os.pread(fd, 32, end - 32) if end >= 32 else b""
    size = struct.unpack_from("<I", foot, 12)[0] if foot[:8] == b"APETAGEX" else 0
    return int(size) if size <= min(end, _LARGEST_TAG) else 0


def _too_much(fd: int) -> str:
    """ID3v2 with a bound on its chapters before mutagen makes an object of each."""
    length = id3_length(fd)
    if length > _LARGEST_TAG:
        return "Its tags are too large to be read."
    chapters = _count(fd, b"CHAP", length)
    return f"Its {chapters} chapter marks are too many to be true." if chapters > MAX_CHAPTERS else ""


def _count(fd: int, word: bytes, length: int) -> int:
    return os.pread(fd, length, 0).count(word)


def _collect(tags: Any, held: Embedded, pictures: Sequence[bytes]) -> SourceTags:
    found = harvest(tags)
    values = {meaning: _values(found.known, names) for meaning, names in NAMES.items()}
    texts = {meaning: _told(meaning, several) for meaning, several in values.items()}
    totals = {
        meaning: _number(texts.pop(f"{meaning}_total")) or _number(texts[meaning].partition("/")[2])
        for meaning in ("track", "disc")
    }
    track, disc = _number(texts.pop("track")), _number(texts.pop("disc"))
    told: dict[str, Any] = {**_settled(texts)}
    return SourceTags(
        **told,
        track=track,
        disc=disc,
        track_total=totals["track"],
        disc_total=totals["disc"],
        extras=tuple(found.extras),
        chapters=held.marks,
        chapter_source=held.source,
        markers=held.markers,
        picture_sizes=tuple(map(len, pictures)),
    )


def _values(known: Mapping[str, Sequence[str]], names: Iterable[str]) -> Sequence[str]:
    return next((known[name] for name in names if name in known), ())


def _told(meaning: str, values: Sequence[str]) -> str:
    """All that is said of one thing, as one text."""
    if meaning in ("author", "narrator"):
        values = [person for value in values for person in _PERSONS.split(value)]
    if meaning in _JOINED:
        joined = _JOINED[meaning].join(dict.fromkeys(text for value in values if (text := value.strip())))
    else:
        joined = values[0] if values else ""
    return paragraphs(joined, LONGEST_DESCRIPTION) if meaning in ("description", "comment") else clean(joined)


def _settled(texts: dict[str, str]) -> dict[str, str]:
    """What one tag says about another: a comment may be the description, and a grouping the series."""
    if not texts["description"]:
        texts["description"], texts["comment"] = texts["comment"], ""
    if texts["comment"] == texts["description"]:
        texts["comment"] = ""
    if not texts["series"] and (match := _SERIES.fullmatch(texts["grouping"])):
        texts["series"], texts["series_part"] = match["series"], texts["series_part"] or match["part"]
    texts["series_part"] = _part(texts["series_part"]) if texts["series"] else ""
    texts["released"] = _date(texts["year"]) or _date(texts["released"])
    texts["year"] = _year(texts["year"]) or texts["released"][:4]
    texts["advisory"] = _ADVISORY.get(texts["advisory"].lower(), "")
    return texts


def _part(text: str) -> str:
    """`3`, `3.5` or `1-3` out of `Book 3`, `#3.5`, `03/7`; the zero of an empty number is none."""
    bare = re.sub(r"^(?:book|part|volume|vol\.?|no\.?|#)\s*", "", text.partition("/")[0].strip(), flags=re.IGNORECASE)
    bare = re.sub(r"^0+(?=\d)", "", bare)
    return "" if bare == "0" and text == "0" else bare[:32]


def _year(text: str) -> str:
    match = re.search(r"(?<!\d)[12]\d{3}(?!\d)", text)
    return match[0] if match else ""


def _date(text: str) -> str:
    """A whole date out of `2019-05-01T08:00:00Z`."""
    match = re.match(r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)", text)
    return match[0] if match else ""


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})", text)
    return int(match[1]) or None if match else None


def clean(text: str) -> str:
    """One line of printable text of bounded length: control characters and runs of blanks become one blank."""
    return one_line(text, LONGEST)
