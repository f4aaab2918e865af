"""What the Internet Archive tells of an item, and which of its files are the book.

An item holds one recording in several forms: what was uploaded ("original") and what the Archive made of it
("derivative"), each named after the same track. A book is one file of each track, all in one form where one form
has them all. The Archive's metadata are the only place where sizes and checksums stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import quote

from auralarchive.domain.failures import FailureKind
from auralarchive.indexers.loose import Record, flag, line, lines, number, record, records, seconds
from auralarchive.ports.errors import Gone, InvalidInput

Prefer = Literal["mp3", "small", "original", "m4b"]

MAX_FILES = 20_000  # listed in one item
MAX_MIRRORS = 6
_MAX_NAME = 1_000
_MAX_PICTURE = 10 * 2**20
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::\d{1,5})?")
_FOLDER = re.compile(r"(?:/[A-Za-z0-9._-]+){1,20}")
_SPEED = re.compile(r"[_ -](?:\d{2,3}k(?:b(?:ps)?)?|vbr)\Z", re.IGNORECASE)
_SLOW = re.compile(r"\b(?:24|32|48|56|64)\s?kb", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")
_LEADING = re.compile(r"\s*0*(\d{1,5})\b")


class Form(StrEnum):
    """The forms that a recording comes in."""

    MP3 = "mp3"
    SMALL = "small"  # MP3 of 64 kbit/s and less
    M4B = "m4b"  # mostly the whole book, or a half of it, in one file
    M4A = "m4a"
    OGG = "ogg"
    LOSSLESS = "lossless"


_SUFFIXES = {
    "mp3": Form.MP3,
    "m4b": Form.M4B,
    "m4a": Form.M4A,
    "aac": Form.M4A,
    "ogg": Form.OGG,
    "oga": Form.OGG,
    "opus": Form.OGG,
    "flac": Form.LOSSLESS,
    "wav": Form.LOSSLESS,
    "aif": Form.LOSSLESS,
    "aiff": Form.LOSSLESS,
}
_RANKS: Mapping[Prefer, tuple[Form, ...]] = {
    "mp3": (Form.MP3, Form.M4A, Form.SMALL, Form.M4B, Form.OGG, Form.LOSSLESS),
    "small": (Form.SMALL, Form.MP3, Form.M4A, Form.OGG, Form.M4B, Form.LOSSLESS),
    "original": (Form.MP3, Form.M4A, Form.SMALL, Form.OGG, Form.LOSSLESS, Form.M4B),
    "m4b": (Form.M4B, Form.MP3, Form.M4A, Form.SMALL, Form.OGG, Form.LOSSLESS),
}


@dataclass(frozen=True, slots=True)
class ItemFile:
    """One file of an item. `stem` is the same for all forms of a track."""

    name: str
    form: Form | None
    stem: str
    original: bool = False
    size: int | None = None
    md5: str | None = None
    sha1: str | None = None
    title: str | None = None
    track: int | None = None
    seconds: float | None = None
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what it says of itself, its files, and where else they are found."""

    id: str
    title: str
    creators: tuple[str, ...]
    language: str
    description: str
    files: tuple[ItemFile, ...]
    mirrors: tuple[tuple[str, str], ...] = ()  # host, with its port where it has one, and folder

    def urls(self, file: ItemFile, base: str) -> tuple[str, ...]:
        """Where a file is found: by its lasting link below `base` first, then on the servers that hold the item."""
        name = quote(file.name)
        scheme = base.partition("://")[0]
        return (
            f"{base}/download/{self.id}/{name}",
            *(f"{scheme}://{host}{folder}/{name}" for host, folder in self.mirrors),
        )


def read_item(answer: object, identifier: str, host: str) -> Item:
    """The item that the metadata at `host` describe.

    Raises `Gone` (never there, or taken down) and `InvalidInput` (lent to members only, nothing to listen to).
    """
    top = record(answer)
    about = record(top.get("metadata"))
    if flag(top.get("is_dark")) or (not about and not top.get("files")):
        raise Gone(f"The Internet Archive does not show {identifier} any more.", "Choose another release.")
    if flag(about.get("access-restricted-item")) or "stream_only" in lines(about.get("collection")):
        raise _closed(identifier)
    rows = [row for row in records(top.get("files"))[:MAX_FILES] if _is_named(row.get("name"))]
    files = tuple(_file(row) for row in rows if not flag(row.get("private")))
    if not any(file.form for file in files):
        if any(_form(str(row["name"]), line(row.get("format"))) for row in rows):
            raise _closed(identifier)
        raise InvalidInput(
            f"The item {identifier} of the Internet Archive holds no audio.",
            "Choose another release.",
            kind=FailureKind.NO_AUDIO,
        )
    return Item(
        id=identifier,
        title=line(about.get("title")) or identifier,
        creators=lines(about.get("creator")),
        language=line(about.get("language")),
        description=line(about.get("description")),
        files=files,
        mirrors=tuple(_mirrors(top, host)),
    )


def chosen(files: Sequence[ItemFile], prefer: Prefer) -> tuple[ItemFile, ...]:
    """One file of each track in the preferred form, in the order of the tracks."""
    audio = [file for file in files if file.form is not None]
    whole = [file for file in audio if file.form is Form.M4B]
    parts = [file for file in audio if file.form is not Form.M4B]
    if whole and (prefer == "m4b" or not parts):
        return tuple(sorted(whole, key=lambda file: natural(file.name)))
    tracks: dict[str, list[ItemFile]] = {}
    for file in parts:
        tracks.setdefault(file.stem, []).append(file)
    return _in_order(_of_each(tracks, prefer))


def picture_of(files: Iterable[ItemFile], wanted: str | None = None) -> ItemFile | None:
    """The cover among the files: the one called `wanted`, else the largest picture that somebody uploaded."""
    fitting = [file for file in files if file.picture and (file.size or 0) <= _MAX_PICTURE]
    named = next((file for file in fitting if wanted and file.name == wanted), None)
    uploaded = [file for file in fitting if file.original and "thumb" not in file.name.lower()]
    return named or max(uploaded, key=lambda file: file.size or 0, default=None)


def stem_of(name: str) -> str:
    """What all forms of a track have in common: the name without its ending and its speed."""
    return _SPEED.sub("", name.rpartition(".")[0] or name).casefold()


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that puts part 2 before part 10."""
    pieces = (piece for piece in _DIGITS.split(text.casefold()) if piece)
    return tuple((0, int(piece[:18]), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces)


def _of_each(tracks: Mapping[str, list[ItemFile]], prefer: Prefer) -> list[ItemFile]:
    """In one form where there is one that has all tracks; else of each track the best there is."""
    if prefer == "original":
        uploaded = [next((file for file in track if file.original), None) for track in tracks.values()]
        if all(uploaded):
            return [file for file in uploaded if file is not None]
    ranks = _RANKS[prefer]
    for form in ranks:
        alike = [next((file for file in track if file.form is form), None) for track in tracks.values()]
        if all(alike):
            return [file for file in alike if file is not None]
    return [min(track, key=lambda file: ranks.index(file.form or Form.LOSSLESS)) for track in tracks.values()]


def _in_order(files: list[ItemFile]) -> tuple[ItemFile, ...]:
    """By their track numbers where each has one of its own, else by their names."""
    numbers = [file.track for file in files]
    if None not in numbers and len(set(numbers)) == len(numbers):
        return tuple(sorted(files, key=lambda file: file.track or 0))
    return tuple(sorted(files, key=lambda file: natural(file.name)))


def _is_named(name: object) -> bool:
    """Whether this is a name within the item: a link made of it leads nowhere else."""
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME:
        return False
    if any("\ud800" <= sign <= "\udfff" for sign in name):
        return False  # half a character: JSON can spell it, no link can
    return not any(part in ("", ".", "..") for part in name.split("/"))


def _file(row: Record) -> ItemFile:
    name, form = str(row["name"]), line(row.get("format"))
    source = row.get("original")
    track = _LEADING.match(line(row.get("track")))
    return ItemFile(
        name=name,
        form=_form(name, form),
        stem=stem_of(source if isinstance(source, str) and source else name),
        original=line(row.get("source")) == "original",
        size=number(row.get("size")),
        md5=_digest(row.get("md5"), 32),
        sha1=_digest(row.get("sha1"), 40),
        title=line(row.get("title")) or None,
        track=int(track[1]) if track else None,
        seconds=seconds(row.get("length")),
        picture=name.lower().endswith((".jpg", ".jpeg", ".png")),
    )


def _form(name: str, told: str) -> Form | None:
    form = _SUFFIXES.get(name.rpartition(".")[2].lower())
    if form is Form.MP3 and (_SLOW.search(told) or name.lower().endswith("_64kb.mp3")):
        return Form.SMALL
    return form


def _digest(value: object, digits: int) -> str | None:
    text = line(value).lower()
    return text if len(text) == digits and all(digit in "0123456789abcdef" for digit in text) else None


def _mirrors(top: Record, host: str) -> Iterable[tuple[str, str]]:
    """The servers that hold the item, of the Archive's own only: metadata lead nowhere else."""
    folder = line(top.get("dir"))
    places = [(line(top.get(name)), folder) for name in ("server", "d1", "d2")]
    places += [(server, folder) for server in lines(top.get("workable_servers"))]
    workable = records(record(top.get("alternate_locations")).get("workable"))
    places += [(line(one.get("server")), line(one.get("dir"))) for one in workable]
    own = host.removeprefix("www.")
    fitting = (
        (server, path)
        for server, path in places
        if _HOST.fullmatch(server)
        and _FOLDER.fullmatch(path)
        and ".." not in path
        and (server.partition(":")[0] == own or server.partition(":")[0].endswith(f".{own}"))
    )
    return list(dict.fromkeys(fitting))[:MAX_MIRRORS]


def _closed(identifier: str) -> InvalidInput:
    return InvalidInput(
        f"The Internet Archive lets only members listen to {identifier}; its files cannot be downloaded.",
        "Choose another release.",
    )
