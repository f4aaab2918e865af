"""Brings the tags of every format into one form: what has a known name, and what else there is.

mutagen gives frames, lists, pairs and attributes, each format its own. Nothing of that leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mutagen._vorbis import VComment
from mutagen.apev2 import APETextValue, APEv2
from mutagen.asf import ASFTags
from mutagen.asf._attrs import ASFByteArrayAttribute, ASFGUIDAttribute
from mutagen.id3 import ID3, TCON, NumericTextFrame, TextFrame, UrlFrame
from mutagen.mp4 import MP4Tags

from auralarchive.audio.plaintext import paragraphs
from auralarchive.audio.tagnames import KNOWN, SPELT_OUT, of_one_file, plain

APPLE = "com.apple.iTunes"
TEXT = 1
MAX_EXTRAS = 128
MAX_EXTRA_BYTES = 64 * 1024
_LONGEST_NAME = 128
_MOST_VALUES = 64
#: Comments of this description are the file's plain comment: written so for want of none.
_PLAIN_COMMENTS = ("", "comment", "description", "id3v1 comment")


class Extra(NamedTuple):
    """A tag that has no place of its own: it goes into the book under its own name.

    `mean` is the domain of an MP4 name; `kind` is MP4's type of the value (1 is UTF-8).
    """

    name: str
    value: bytes
    mean: str = APPLE
    kind: int = TEXT


@dataclass(slots=True)
class Harvest:
    """All values of each known name, in order, and the extras within their bounds."""

    known: dict[str, list[str]] = field(default_factory=dict)
    extras: list[Extra] = field(default_factory=list)
    _room: int = MAX_EXTRA_BYTES

    def code(self, name: str, values: Iterable[object]) -> None:
        """A tag whose name is a code of its format."""
        if name in KNOWN:
            self._know(name, values)
        elif name in SPELT_OUT:
            self.free(SPELT_OUT[name], values)

    def free(self, name: str, values: Iterable[object], mean: str = APPLE) -> None:
        """A tag whose name anybody could choose."""
        if plain(name) in KNOWN:
            self._know(plain(name), values)
        elif not of_one_file(name):
            for value in values:
                text = paragraphs(str(value), self._room)
                self.keep(Extra(name, text.encode(), mean))

    def keep(self, extra: Extra) -> None:
        """Take it, if it is a book's and there is room for it."""
        name = extra.name.strip()
        size = len(name) + len(extra.value)
        fits = len(self.extras) < MAX_EXTRAS and size <= self._room
        if fits and name and extra.value and len(name) <= _LONGEST_NAME and name.isprintable():
            self.extras.append(extra._replace(name=name))
            self._room -= size

    def _know(self, name: str, values: Iterable[object]) -> None:
        texts = [part for value in values if value is not None for part in str(value).split("\0") if part.strip()]
        if texts:
            self.known.setdefault(name, []).extend(texts[:_MOST_VALUES])


def harvest(tags: Any) -> Harvest:
    """What mutagen's `tags` say. Raises whatever mutagen does on hostile ones."""
    found = Harvest()
    if isinstance(tags, ID3):
        _id3(tags, found)
    elif isinstance(tags, MP4Tags):
        _mp4(tags, found)
    elif isinstance(tags, APEv2):
        for name, value in tags.items():
            if isinstance(value, APETextValue):
                found.free(name, value)
    elif isinstance(tags, dict):
        for name, values in tags.items():
            found.free(name, values)
    elif isinstance(tags, VComment | ASFTags):
        for name, value in list.__iter__(tags):
            if not isinstance(value, ASFByteArrayAttribute | ASFGUIDAttribute):
                found.free(name, (value,))
    return found


def _id3(tags: ID3, found: Harvest) -> None:
    comments = []
    for frame in tags.values():
        name = frame.FrameID
        if name in ("TXXX", "WXXX"):
            found.free(frame.desc or name, frame.text if name == "TXXX" else (frame.url,))
        elif name == "COMM":
            comments.append(frame)
        elif name == "USLT":
            found.free("LYRICS", (frame.text,))
        elif isinstance(frame, TCON):
            found.code(name, frame.genres)
        elif isinstance(frame, TextFrame | NumericTextFrame):
            found.code(name, frame.text)
        elif isinstance(frame, UrlFrame):
            found.code(name, (frame.url,))
    _comments(comments, found)


def _comments(frames: Sequence[Any], found: Harvest) -> None:
    """The comment is the one without a description, English before others; described ones have other uses."""
    undescribed = [frame for frame in frames if frame.desc.lower() in _PLAIN_COMMENTS]
    if undescribed:
        best = min(undescribed, key=lambda frame: (frame.desc != "", frame.lang != "eng"))
        found.code("COMM", best.text)
    for frame in frames:
        if frame.desc.lower() not in _PLAIN_COMMENTS:
            found.free(frame.desc, frame.text)


def _mp4(tags: MP4Tags, found: Harvest) -> None:
    for key, values in tags.items():
        if key.startswith("----:"):
            _, mean, name = key.split(":", 2)
            _mp4_freeform(mean, name, values, found)
        elif isinstance(values, list):
            found.code(key, _genres(values) if key == "\xa9gen" else map(_written, values))


def _mp4_freeform(mean: str, name: str, values: Sequence[Any], found: Harvest) -> None:
    """Text may have a known meaning; bytes and numbers go on as they are."""
    for value in values[:_MOST_VALUES]:
        if value.dataformat == TEXT:
            found.free(name, (bytes(value).decode("utf-8", "replace"),), mean)
        elif plain(name) not in KNOWN and not of_one_file(name):
            found.keep(Extra(name, bytes(value), mean, int(value.dataformat)))


def _written(value: object) -> object:
    """Track and disc are pairs: "2/12"."""
    return "/".join(map(str, value)) if isinstance(value, tuple) else value


def _genres(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        text = str(value)
        yield from TCON(encoding=3, text=[text]).genres if text[:1] in "(0123456789" else [text]
