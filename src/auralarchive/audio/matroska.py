"""Reads the header of a Matroska or WebM file: its sound, its length, its chapters and tags.

Matroska is EBML: elements inside elements, each with a number and a length. Every length is cut to what
is around it, each part is read once and bounded, and packets are stepped over.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark

MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_CHAPTERS, _TAGS = 0x1043A770, 0x1254C367
_EDITION, _EDITION_DEFAULT, _EDITION_HIDDEN = 0x45B9, 0x45DB, 0x45BD
_ATOM, _ATOM_START, _ATOM_HIDDEN, _ATOM_ENABLED, _DISPLAY, _DISPLAY_TITLE = 0xB6, 0x91, 0x98, 0x4598, 0x80, 0x85
_TAG, _TARGETS, _SIMPLE_TAG, _TAG_NAME, _TAG_TEXT = 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487
_OF_SOMETHING = (0x63C5, 0x63C9, 0x63C4, 0x63C6)  # a tag of one track, edition, chapter or attachment
_TRACK, _TRACK_KIND, _CODEC, _AUDIO, _RATE, _OUTPUT_RATE, _CHANNELS = 0xAE, 0x83, 0x86, 0xE1, 0xB5, 0x78B5, 0x9F
_SCALE, _DURATION, _TITLE, _CLUSTER_TIME = 0x2AD7B1, 0x4489, 0x7BA9, 0xE7
_VIDEO_KIND, _AUDIO_KIND = 1, 2

_MOST_ELEMENTS = 200_000
_MOST_TRACKS = 64
_MOST_TAGS = 1000
_LARGEST = 16 * 1024 * 1024
_LONGEST_TEXT = 64 * 1024
_DEEPEST = 4
_CODECS = {"A_OPUS": "opus", "A_VORBIS": "vorbis", "A_FLAC": "flac", "A_AAC": "aac", "A_ALAC": "alac"}


@dataclass(slots=True)
class Matroska:
    """What the header tells; rates in Hz. `tags` are named as in Vorbis comments."""

    codec: str = ""
    rate: int = 0
    channels: int = 0
    video: bool = False
    seconds: float = 0.0
    marks: tuple[Mark, ...] = ()
    tags: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of a buffer, by the place of its content."""

    number: int
    data: bytes
    start: int
    end: int

    def inner(self) -> Iterator[_Element]:
        at = self.start
        for _ in range(_MOST_ELEMENTS):
            header = _header(self.data, at)
            if header is None or at >= self.end:
                return
            number, start, length = header
            end = self.end if length is None else min(start + length, self.end)
            yield _Element(number, self.data, start, end)
            at = end

    def find(self, number: int) -> _Element | None:
        return next((each for each in self.inner() if each.number == number), None)

    @property
    def whole(self) -> int:
        return int.from_bytes(self.data[self.start : min(self.end, self.start + 8)], "big")

    @property
    def real(self) -> float:
        raw = self.data[self.start : self.end]
        layout = {4: ">f", 8: ">d"}.get(len(raw))
        return float(struct.unpack(layout, raw)[0]) if layout else 0.0

    @property
    def text(self) -> str:
        raw = self.data[self.start : min(self.end, self.start + _LONGEST_TEXT)]
        return raw.partition(b"\0")[0].decode("utf-8", "replace")


def read(fd: int) -> Matroska:
    """Read the header of the file open as `fd`. What is missing or contradicts itself is left as it is."""
    found = Matroska()
    scale, last_cluster = 1_000_000, None
    unread = {_INFO, _TRACKS, _CHAPTERS, _TAGS}
    for number, start, length in _top_level(fd):
        if number == _CLUSTER:
            last_cluster = start
        elif number in unread:
            unread.remove(number)
            whole = os.pread(fd, min(length, _LARGEST), start)
            element = _Element(number, whole, 0, len(whole))
            if number == _INFO:
                scale = _info(element, found)
            else:
                {_TRACKS: _tracks, _CHAPTERS: _chapters, _TAGS: _tags}[number](element, found)
    if not found.seconds and last_cluster is not None:
        found.seconds = _cluster_time(fd, last_cluster) * scale / 1e9
    return found


def holds_video(head: bytes) -> bool:
    """Whether the tracks in the beginning of a file include pictures that move."""
    found = Matroska()
    for element in _Element(0, head, 0, len(head)).inner():
        if element.number == _SEGMENT and (tracks := element.find(_TRACKS)):
            _tracks(tracks, found)
    return found.video


# EBML


def _header(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """(number, where the content begins, its length or None for "up to the end") of the element at `at`."""
    width = _width(data, at, 4)
    if not width:
        return None
    number = int.from_bytes(data[at : at + width], "big")
    at += width
    width = _width(data, at, 8)
    if not width:
        return None
    bits = 7 * width
    length = int.from_bytes(data[at : at + width], "big") & ((1 << bits) - 1)
    return number, at + width, None if length == (1 << bits) - 1 else length


def _width(data: bytes, at: int, most: int) -> int:
    """How many bytes a number takes: one more than there are zeros in front. 0 where there is none."""
    width = 9 - data[at].bit_length() if at < len(data) else 9
    return width if width <= most and at + width <= len(data) else 0


def _top_level(fd: int) -> Iterator[tuple[int, int, int]]:
    """(number, place, length) of what is in the segment."""
    size = os.fstat(fd).st_size
    at = 0
    for _ in range(_MOST_ELEMENTS):
        header = _header(os.pread(fd, 16, at), 0)
        if header is None:
            return
        number, width, length = header
        start = at + width
        if number == _SEGMENT:
            at = start
        else:
            end = size if length is None else min(start + length, size)
            yield number, start, end - start
            at = end


# What is in it


def _info(info: _Element, found: Matroska) -> int:
    scale, duration = 1_000_000, 0.0
    for element in info.inner():
        if element.number == _SCALE:
            scale = element.whole or scale
        elif element.number == _DURATION:
            duration = element.real
        elif element.number == _TITLE:
            found.tags.setdefault("title", []).append(element.text)
    seconds = duration * scale / 1e9
    found.seconds = seconds if 0 < seconds < 1e9 else 0.0
    return scale


def _cluster_time(fd: int, start: int) -> int:
    head = os.pread(fd, 64, start)
    time = _Element(_CLUSTER, head, 0, len(head)).find(_CLUSTER_TIME)
    return min(time.whole, 2**53) if time else 0


def _tracks(tracks: _Element, found: Matroska) -> None:
    for track, _ in zip(tracks.inner(), range(_MOST_TRACKS), strict=False):
        kind = track.find(_TRACK_KIND)
        if track.number != _TRACK or kind is None:
            continue
        found.video = found.video or kind.whole == _VIDEO_KIND
        if kind.whole == _AUDIO_KIND and not found.codec:
            _sound(track, found)


def _sound(track: _Element, found: Matroska) -> None:
    codec, audio = track.find(_CODEC), track.find(_AUDIO)
    name = codec.text if codec else "unknown"
    found.codec = _CODECS.get(name) or ("pcm" if name.startswith("A_PCM") else name.removeprefix("A_").lower()[:32])
    if audio is not None:
        rate, channels = audio.find(_OUTPUT_RATE) or audio.find(_RATE), audio.find(_CHANNELS)
        heard = rate.real if rate else 8000.0
        found.rate = int(heard) if 0 < heard < 1e7 else 0
        found.channels = channels.whole if channels else 1


def _tags(tags: _Element, found: Matroska) -> None:
    simple = (
        each
        for tag in tags.inner()
        if tag.number == _TAG and not _of_something(tag)
        for each in tag.inner()
        if each.number == _SIMPLE_TAG
    )
    for each, _ in zip(simple, range(_MOST_TAGS), strict=False):
        name, text = each.find(_TAG_NAME), each.find(_TAG_TEXT)
        if name and text:
            found.tags.setdefault(name.text.lower(), []).append(text.text)


def _of_something(tag: _Element) -> bool:
    targets = tag.find(_TARGETS)
    return targets is not None and any(each.number in _OF_SOMETHING and each.whole for each in targets.inner())


def _chapters(chapters: _Element, found: Matroska) -> None:
    """Those of the default edition, else of the first that is not hidden."""
    editions = [each for each in chapters.inner() if each.number == _EDITION and not _set(each, _EDITION_HIDDEN)][:64]
    editions.sort(key=lambda edition: not _set(edition, _EDITION_DEFAULT))
    for edition in editions[:1]:
        marks = (mark for mark, _ in zip(_atoms(edition, 0), range(MAX_CHAPTERS), strict=False))
        found.marks = tuple(sorted(marks, key=lambda mark: mark.start))


def _atoms(around: _Element, depth: int) -> Iterator[Mark]:
    """Chapters and those inside them; one that begins with its first lends it its title."""
    for atom in around.inner():
        start = atom.find(_ATOM_START) if atom.number == _ATOM else None
        enabled = atom.find(_ATOM_ENABLED)
        if start is None or _set(atom, _ATOM_HIDDEN) or (enabled is not None and not enabled.whole):
            continue
        own = Mark(start.whole / 1e9, _title(atom))
        inner = _atoms(atom, depth + 1) if depth < _DEEPEST else iter(())
        first = next(inner, None)
        if first is not None and first.start <= own.start:
            yield Mark(own.start, ": ".join(filter(None, (own.title, first.title))))
        else:
            yield own
            if first is not None:
                yield first
        yield from inner


def _title(atom: _Element) -> str:
    display = atom.find(_DISPLAY)
    title = display.find(_DISPLAY_TITLE) if display else None
    return title.text if title else ""


def _set(around: _Element, flag: int) -> bool:
    element = around.find(flag)
    return element is not None and element.whole != 0
