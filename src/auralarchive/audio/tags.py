"""The tags of the finished book, as the atoms that players and libraries read.

FFmpeg's own writer drops series, ASIN, publisher and more without a word; this one writes every meaning
where somebody looks for it. `docs/reference/tags.md` lists them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, fields

from auralarchive.audio.mp4.boxes import box, full_box
from auralarchive.audio.sourcetags import SourceTags, clean
from auralarchive.domain.book import Book, is_real_asin

AUDIOBOOK = 2
_UTF8, _JPEG, _PNG, _INTEGER = 1, 13, 14, 21
_SHORT_DESCRIPTION = 255
_GENERIC_GENRE = "Audiobook"


@dataclass(frozen=True, slots=True)
class BookTags:
    """What the finished file says of itself; empty text where nothing is known."""

    title: str = ""
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


def book_tags(book: Book | None, sources: Sequence[SourceTags], fallback_title: str) -> BookTags:
    """What the person's book says, and for the rest what the sources agree upon."""
    told = {name.name: _agreed(sources, name.name) for name in fields(BookTags) if name.name != "title"}
    title = _agreed(sources, "album") or (sources[0].title if len(sources) == 1 else "") or fallback_title
    tags = BookTags(title=title, **told)
    return tags if book is None else _by_book(book, tags)


def _agreed(sources: Sequence[SourceTags], name: str) -> str:
    values = [str(getattr(source, name)) for source in sources]
    values = [value for value in values if value]
    return max(values, key=values.count) if values else ""


def _by_book(book: Book, tags: BookTags) -> BookTags:
    return BookTags(
        title=clean(book.title) or tags.title,
        author=clean(book.author) or tags.author,
        narrator=clean(book.narrator or "") or tags.narrator,
        series=clean(book.series or "") or tags.series,
        series_part=clean(book.series_part or "") or (tags.series_part if not book.series else ""),
        asin=book.asin if is_real_asin(book.asin) else tags.asin,
        publisher=clean(book.publisher or "") or tags.publisher,
        description=clean(book.description or "") or tags.description,
        genre=tags.genre,
        year=str(book.year) if book.year else tags.year,
        language=clean(book.language or "") or tags.language,
        copyright=tags.copyright,
    )


def metadata(tags: BookTags, cover: bytes | None, maker: str) -> bytes:
    """The `meta` box with every tag and the cover (JPEG or PNG)."""
    items = _texts(tags, maker) + _freeform(tags) + _numbers(tags)
    if cover:
        kind = _PNG if cover.startswith(b"\x89PNG") else _JPEG
        items.append(box(b"covr", _data(kind, cover)))
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    return full_box(b"meta", 0, 0, handler, box(b"ilst", *items))


def _texts(tags: BookTags, maker: str) -> list[bytes]:
    texts = {
        b"\xa9nam": tags.title,
        b"\xa9alb": tags.title,
        b"\xa9ART": tags.author,
        b"aART": tags.author,
        b"\xa9wrt": tags.narrator,
        b"\xa9gen": tags.genre or _GENERIC_GENRE,
        b"\xa9day": tags.year,
        b"\xa9cmt": tags.description,
        b"desc": _shortened(tags.description),
        b"ldes": tags.description,
        b"cprt": tags.copyright,
        b"\xa9grp": f"{tags.series} #{tags.series_part}" if tags.series and tags.series_part else tags.series,
        b"\xa9mvn": tags.series,
        b"soal": _sort_title(tags),
        b"\xa9too": maker,
    }
    return [box(name, _data(_UTF8, text.encode())) for name, text in texts.items() if text]


def _freeform(tags: BookTags) -> list[bytes]:
    texts = {
        "NARRATOR": tags.narrator,
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
        "ASIN": tags.asin,
        "PUBLISHER": tags.publisher,
        "LANGUAGE": tags.language,
    }
    return [_own(name, text) for name, text in texts.items() if text]


def _own(name: str, text: str) -> bytes:
    mean = full_box(b"mean", 0, 0, b"com.apple.iTunes")
    return box(b"----", mean, full_box(b"name", 0, 0, name.encode()), _data(_UTF8, text.encode()))


def _numbers(tags: BookTags) -> list[bytes]:
    items = [box(b"stik", _data(_INTEGER, bytes([AUDIOBOOK]))), box(b"pgap", _data(_INTEGER, b"\x01"))]
    part = re.fullmatch(r"\d{1,4}", tags.series_part)
    if tags.series:
        items.append(box(b"shwm", _data(_INTEGER, b"\x01")))
    if tags.series and part:
        items.append(box(b"\xa9mvi", _data(_INTEGER, struct.pack(">H", int(part[0])))))
    return items


def _data(kind: int, payload: bytes) -> bytes:
    return box(b"data", struct.pack(">II", kind, 0), payload)


def _shortened(text: str) -> str:
    """At most 255 bytes, never half a character."""
    raw = text.encode()
    return text if len(raw) <= _SHORT_DESCRIPTION else raw[: _SHORT_DESCRIPTION - 3].decode("utf-8", "ignore") + "…"


def _sort_title(tags: BookTags) -> str:
    return f"{tags.series} {tags.series_part} - {tags.title}" if tags.series and tags.series_part else ""
