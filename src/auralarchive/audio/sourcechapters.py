"""Reads the chapters that a source's tags hold: ID3 CHAP, Vorbis CHAPTERxxx, FLAC cue sheets, OverDrive's markers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mutagen.flac import FLAC
from mutagen.id3 import ID3

from auralarchive.audio.clock import seconds_of
from auralarchive.audio.cue import parse_cue
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.overdrive import parse_markers
from auralarchive.domain.chapters import ChapterSource

_OVERDRIVE = "TXXX:OverDrive MediaMarkers"
_DEEPEST = 8
_VORBIS = re.compile(r"chapter_?(\d{1,5})", re.IGNORECASE)
_MAX_SHEET = 1024 * 1024
_LEAD_OUT = 170  # the first number that is no track any more; FLAC's own is 255


@dataclass(frozen=True, slots=True)
class Embedded:
    """The chapters that one source holds, in seconds of it. `markers` are OverDrive's, not yet rid of repeats."""

    marks: tuple[Mark, ...] = ()
    source: ChapterSource = ChapterSource.NONE
    markers: tuple[Mark, ...] = ()


def embedded(opened: object, tags: Any) -> Embedded:
    """What mutagen's `tags` of the file `opened` hold. Raises whatever mutagen does on hostile ones."""
    if isinstance(tags, ID3):
        return _id3(tags)
    marks, source = _vorbis(tags) if hasattr(tags, "keys") else (), ChapterSource.VORBIS
    if not marks and isinstance(opened, FLAC):
        marks, source = _flac(opened), ChapterSource.FLAC_CUE
    return Embedded(marks, source) if marks else Embedded()


# ID3


def _id3(tags: ID3) -> Embedded:
    texts = tags.getall(_OVERDRIVE)
    markers = parse_markers(str(texts[0])) if texts else ()
    frames = {frame.element_id: frame for frame in tags.getall("CHAP")[:MAX_CHAPTERS]}
    titles = dict(_listed(tags, frames)) or {name: _title(frame) for name, frame in frames.items()}
    marks = sorted((Mark(frames[name].start_time / 1000, title) for name, title in titles.items()), key=_start)
    return Embedded(tuple(marks), ChapterSource.ID3 if marks else ChapterSource.NONE, markers)


def _listed(tags: ID3, frames: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(element, title) of each chapter that the table of contents names: what it leaves out is not to be shown."""
    tables = {frame.element_id: frame for frame in tags.getall("CTOC")[:MAX_CHAPTERS]}
    inner = {child for table in tables.values() for child in table.child_element_ids}
    seen: set[str] = set()
    # A table that calls itself the top is; where none does, those that are in no other.
    tops = [name for name, table in tables.items() if int(table.flags) & 2] or [n for n in tables if n not in inner]
    for top in tops:
        yield from _below(top, "", tables, frames, seen, 0)


def _below(
    name: str, parts: str, tables: Mapping[str, Any], frames: Mapping[str, Any], seen: set[str], depth: int
) -> Iterator[tuple[str, str]]:
    """Tables inside tables: the first chapter of each is told with the table's own title. Loops are walked once."""
    if name in seen or depth > _DEEPEST:
        return
    seen.add(name)
    if name in frames:
        title = _title(frames[name])
        yield name, f"{parts}: {title}" if parts and title else title or parts
    elif name in tables:
        own = _title(tables[name]) if depth else ""  # the top's is the book's
        front = ": ".join(filter(None, (parts, own)))
        for child in tables[name].child_element_ids:
            for each in _below(child, front, tables, frames, seen, depth + 1):
                yield each
                front = ""


def _title(frame: Any) -> str:
    names = frame.sub_frames.getall("TIT2")
    return str(names[0]) if names else ""


def _start(mark: Mark) -> float:
    return mark.start


# Vorbis comments and FLAC's own block


def _vorbis(tags: Any) -> tuple[Mark, ...]:
    """CHAPTER001=00:00:00.000 with CHAPTER001NAME=…, or a whole cue sheet as one comment."""
    marks: list[Mark] = []
    for name in list(tags.keys())[: 4 * MAX_CHAPTERS]:
        if _VORBIS.fullmatch(name) and len(marks) < MAX_CHAPTERS:
            start = seconds_of(_text(tags, name))
            if start is not None:
                marks.append(Mark(start, _text(tags, f"{name}NAME")))
    if marks:
        return tuple(sorted(marks, key=_start))
    sheet = parse_cue(_text(tags, "cuesheet")[:_MAX_SHEET])
    return tuple(sheet[0].marks) if len(sheet) == 1 else ()


def _text(tags: Any, name: str) -> str:
    try:
        value = tags[name]
    except KeyError:
        return ""
    return str(value[0]) if isinstance(value, list) and value else ""


def _flac(opened: FLAC) -> tuple[Mark, ...]:
    """The tracks of the CUESHEET block, in samples; it has no titles."""
    sheet, rate = opened.cuesheet, opened.info.sample_rate
    tracks = [track for track in sheet.tracks if track.track_number < _LEAD_OUT] if sheet and rate else []
    return tuple(Mark((track.start_offset + _first_index(track)) / rate, "") for track in tracks)


def _first_index(track: Any) -> int:
    return next((int(index.index_offset) for index in track.indexes if index.index_number == 1), 0)
