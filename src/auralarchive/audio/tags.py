"""The tags of the finished book, as the atoms that players and libraries read.

FFmpeg's own writer drops series, ASIN, publisher and more without a word; this one writes every meaning
where somebody looks for it, and what has no meaning here under its own name. `docs/reference/tags.md` lists them.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby

from auralarchive.audio.harvest import APPLE, TEXT, Extra
from auralarchive.audio.mp4.boxes import box, full_box
from auralarchive.audio.packets import gapless_note
from auralarchive.audio.plaintext import bounded, paragraphs
from auralarchive.audio.sourcetags import LONGEST_DESCRIPTION, SourceTags, clean
from auralarchive.domain.book import Book, is_real_asin

AUDIOBOOK = 2
MAX_EXTRAS = 256
MAX_EXTRA_BYTES = 256 * 1024
_JPEG, _PNG, _INTEGER = 13, 14, 21
_SHORT_DESCRIPTION = 255
_GENERIC_GENRE = "Audiobook"
#: What tells one part of an album from the next, behind its name.
_PART_OF_ALBUM = re.compile(
    r"[\s,;:(\[–-]{0,8}\b(?:dis[ck]|cd|part|teil|volume|vol\.?)\s*#?(?:\d{1,3}|[ivx]{1,5})(?:\s*(?:of|/)\s*\d{1,3})?\s*[)\]]?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class BookTags:
    """What the finished file says of itself; empty text where nothing is known.

    `released` is a whole date; `advisory` is "1" for explicit, "2" for clean.
    """

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
    subtitle: str = ""
    isbn: str = ""
    comment: str = ""
    released: str = ""
    grouping: str = ""
    sort_title: str = ""
    sort_author: str = ""
    advisory: str = ""
    extras: tuple[Extra, ...] = ()


def book_tags(book: Book | None, sources: Sequence[SourceTags], fallback_title: str) -> BookTags:
    """What the person's book says, and for the rest what the sources agree upon."""
    told = {each.name: _agreed(sources, each.name) for each in fields(BookTags) if each.name not in ("title", "extras")}
    told["series_part"] = _of_most([source for source in sources if source.series == told["series"]], "series_part")
    told["description"], told["comment"] = (_of_most(sources, name) for name in ("description", "comment"))
    title = _whole_title(sources) or (sources[0].title if len(sources) == 1 else "") or fallback_title
    tags = BookTags(title=title, **told, extras=_agreed_extras(sources))
    return tags if book is None else _by_book(book, tags)


def _agreed(sources: Sequence[SourceTags], name: str) -> str:
    """What most sources say; of two that are told as often, the one that comes first."""
    values = Counter(value for source in sources if (value := str(getattr(source, name))))
    return values.most_common(1)[0][0] if values else ""


def _of_most(sources: Sequence[SourceTags], name: str) -> str:
    """What more than half of those say that say anything: where each says another, it speaks of itself alone.

    Files number themselves as parts of a series, and their comments tell of a chapter or of a program.
    """
    values = Counter(value for source in sources if (value := str(getattr(source, name))))
    value, count = values.most_common(1)[0] if values else ("", 0)
    return value if 2 * count > values.total() else ""


def _whole_title(sources: Sequence[SourceTags]) -> str:
    """The album; of "Book (Disc 1)" and "Book (Disc 2)" what they have in common."""
    albums = {source.album for source in sources if source.album}
    bare = {_bare_album(album) for album in albums}
    return bare.pop() if len(albums) > 1 and len(bare) == 1 else _agreed(sources, "album")


def _bare_album(album: str) -> str:
    return _PART_OF_ALBUM.sub("", album) or album


def _agreed_extras(sources: Sequence[SourceTags]) -> tuple[Extra, ...]:
    """What every source that has it says alike: values that differ from file to file are no book's."""
    said: dict[tuple[str, str], tuple[Extra, ...] | None] = {}
    for source in sources:
        for key, values in _by_name(source.extras):
            said[key] = values if said.get(key, values) == values else None
    kept: list[Extra] = []
    room = MAX_EXTRA_BYTES
    for several in said.values():
        size = sum(len(extra.value) + len(extra.name) for extra in several or ())
        if several and size <= room and len(kept) + len(several) <= MAX_EXTRAS:
            kept += several
            room -= size
    return tuple(kept)


def _by_name(extras: Iterable[Extra]) -> Iterable[tuple[tuple[str, str], tuple[Extra, ...]]]:
    """Extras in groups of one name: several values belong together. MP4's names know letter case, others do not."""

    def key(extra: Extra) -> tuple[str, str]:
        return extra.mean, extra.name.casefold()

    return ((name, tuple(group)) for name, group in groupby(sorted(extras, key=key), key))


def _by_book(book: Book, tags: BookTags) -> BookTags:
    title, author = clean(book.title) or tags.title, clean(book.author) or tags.author
    year = str(book.year) if book.year else tags.year
    same_book = book.series is None or clean(book.series) == tags.series
    return replace(
        tags,
        title=title,
        author=author,
        narrator=clean(book.narrator or "") or tags.narrator,
        series=clean(book.series or "") or tags.series,
        series_part=clean(book.series_part or "") or (tags.series_part if same_book else ""),
        asin=book.asin if is_real_asin(book.asin) else tags.asin,
        publisher=clean(book.publisher or "") or tags.publisher,
        description=paragraphs(book.description or "", LONGEST_DESCRIPTION) or tags.description,
        year=year,
        language=clean(book.language or "") or tags.language,
        # What speaks of words that are no longer there goes with them.
        subtitle=tags.subtitle if title == tags.title else "",
        sort_title=tags.sort_title if title == tags.title else "",
        sort_author=tags.sort_author if author == tags.author else "",
        grouping=tags.grouping if same_book else "",
        released=tags.released if tags.released.startswith(year) else "",
    )


def metadata(tags: BookTags, cover: bytes | None, maker: str, more: Sequence[bytes] = ()) -> bytes:
    """The `meta` box with every tag, the cover (JPEG or PNG), and `more` items such as `gapless_item`."""
    items = [*_texts(tags, maker), *_freeform(tags), *_numbers(tags), *_extras(tags.extras), *more]
    if cover:
        kind = _PNG if cover.startswith(b"\x89PNG") else _JPEG
        items.append(box(b"covr", _data(kind, cover)))
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    return full_box(b"meta", 0, 0, handler, box(b"ilst", *items))


def gapless_item(priming: int, padding: int, samples: int) -> bytes:
    """iTunes' own note of how many samples of the packets are no sound: for players that read no edit list."""
    return _own("iTunSMPB", gapless_note(priming, padding, samples))


def _texts(tags: BookTags, maker: str) -> list[bytes]:
    texts = {
        b"\xa9nam": tags.title,
        b"\xa9alb": tags.title,
        b"\xa9ART": tags.author,
        b"aART": tags.author,
        b"\xa9wrt": tags.narrator,
        b"\xa9gen": tags.genre or _GENERIC_GENRE,
        b"\xa9day": tags.year,
        b"\xa9cmt": tags.comment or tags.description,
        b"desc": _shortened(tags.description),
        b"ldes": tags.description,
        b"cprt": tags.copyright,
        b"\xa9grp": _in_series(tags) or tags.series or tags.grouping,
        b"\xa9mvn": tags.series,
        b"soal": _sort_title(tags),
        b"sonm": _sort_title(tags),
        b"soar": tags.sort_author,
        b"soaa": tags.sort_author,
        b"\xa9too": maker,
    }
    return [box(name, _data(TEXT, text.encode())) for name, text in texts.items() if text]


def _freeform(tags: BookTags) -> list[bytes]:
    texts = {
        "NARRATOR": tags.narrator,
        "SUBTITLE": tags.subtitle,
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
        "ASIN": tags.asin,
        "ISBN": tags.isbn,
        "PUBLISHER": tags.publisher,
        "LANGUAGE": tags.language,
        "RELEASETIME": tags.released,
    }
    return [_own(name, text) for name, text in texts.items() if text]


def _extras(extras: Iterable[Extra]) -> list[bytes]:
    """One atom a name, with all its values."""
    atoms = []
    for (mean, _), several in _by_name(extras):
        atoms.append(_freeform_atom(mean, several[0].name, [_data(extra.kind, extra.value) for extra in several]))
    return atoms


def _own(name: str, text: str) -> bytes:
    return _freeform_atom(APPLE, name, [_data(TEXT, text.encode())])


def _freeform_atom(mean: str, name: str, values: Sequence[bytes]) -> bytes:
    about = full_box(b"mean", 0, 0, mean.encode()), full_box(b"name", 0, 0, name.encode())
    return box(b"----", *about, *values)


def _numbers(tags: BookTags) -> list[bytes]:
    items = [box(b"stik", _data(_INTEGER, bytes([AUDIOBOOK]))), box(b"pgap", _data(_INTEGER, b"\x01"))]
    part = re.fullmatch(r"\d{1,4}", tags.series_part)
    if tags.series:
        items.append(box(b"shwm", _data(_INTEGER, b"\x01")))
    if tags.series and part:
        items.append(box(b"\xa9mvi", _data(_INTEGER, struct.pack(">H", int(part[0])))))
    if tags.advisory:
        items.append(box(b"rtng", _data(_INTEGER, bytes([int(tags.advisory)]))))
    return items


def _data(kind: int, payload: bytes) -> bytes:
    return box(b"data", struct.pack(">II", kind & 0xFFFFFF, 0), payload)


def _shortened(text: str) -> str:
    """One line of at most 255 bytes."""
    line = " ".join(text.split())
    return line if len(line.encode()) <= _SHORT_DESCRIPTION else bounded(line, _SHORT_DESCRIPTION - 3) + "…"


def _in_series(tags: BookTags) -> str:
    return f"{tags.series} #{tags.series_part}" if tags.series and tags.series_part else ""


def _sort_title(tags: BookTags) -> str:
    """Books of a series stand in its order."""
    if tags.series and tags.series_part:
        return f"{tags.series} {tags.series_part} - {tags.title}"
    return tags.sort_title
