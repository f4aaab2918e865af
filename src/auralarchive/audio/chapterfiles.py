"""Reads lists of chapters in the forms that people and programs write, told apart by their content.

A cue sheet; FFmpeg's metadata; lines "0:12:34.500 Title" (m4b-tool's too); CHAPTER01=… with
CHAPTER01NAME=…; Audacity's labels; JSON of Audible and Audnexus, Audiobookshelf, FFprobe and podcasts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from auralarchive.audio.clock import seconds_of
from auralarchive.audio.cue import CueFile, looks_like_cue, parse_cue
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.domain.chapters import CatalogueChapters, catalogue_chapters

_NUMBERED = re.compile(r"^CHAPTER(\d{1,5})=(.*)$", re.MULTILINE)
_NUMBERED_NAME = re.compile(r"^CHAPTER(\d{1,5})NAME=(.*)$", re.MULTILINE)
_LABEL = re.compile(r"(\d{1,7}[.,]\d{1,9})\t\d{1,7}[.,]\d{1,9}(?:\t(.*))?")
_TIMED = re.compile(r"[\[(]?(\d{1,4}:[\d:.,]*\d)[\])]?(?:\s*[-–—]\s+|\s+|$)(.*)")
_SETTING = re.compile(r"^(TIMEBASE|START|title)=(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: the files of a cue sheet, or marks of the whole book in seconds, or a catalogue's to be fitted."""

    name: str = ""
    folder: Path | None = None
    files: tuple[CueFile, ...] = ()
    marks: tuple[Mark, ...] = ()
    catalogue: CatalogueChapters | None = None

    def __bool__(self) -> bool:
        return bool(self.files or self.marks or self.catalogue)


def parse(text: str, name: str = "") -> Listed:
    """The list in `text`; an empty one where it is none."""
    if text.lstrip().startswith("{"):
        return _json(text, name)
    if looks_like_cue(text):
        return Listed(name, files=parse_cue(text))
    if text.lstrip().startswith(";FFMETADATA"):
        return Listed(name, marks=_bounded(_ffmetadata(text)))
    return Listed(name, marks=_bounded(_numbered(text)) or _bounded(_lines(text)))


def _bounded(marks: Iterator[Mark]) -> tuple[Mark, ...]:
    return tuple(mark for mark, _ in zip(marks, range(MAX_CHAPTERS), strict=False))


def _numbered(text: str) -> Iterator[Mark]:
    names = dict(_NUMBERED_NAME.findall(text))
    for number, time in _NUMBERED.findall(text):
        start = seconds_of(time)
        if start is not None:
            yield Mark(start, names.get(number, ""))


def _lines(text: str) -> Iterator[Mark]:
    for line in text.splitlines():
        words = line.strip()
        if match := _LABEL.fullmatch(words):
            yield Mark(float(match[1].replace(",", ".")), match[2] or "")
        elif match := _TIMED.fullmatch(words):
            start = seconds_of(match[1])
            if start is not None:
                yield Mark(start, match[2])


def _ffmetadata(text: str) -> Iterator[Mark]:
    for block in re.split(r"^\[CHAPTER\]\s*$", text, flags=re.MULTILINE)[1:]:
        settings = dict(_SETTING.findall(_joined(block.partition("\n[")[0])))
        base = re.fullmatch(r"(\d{1,9})/(\d{1,9})", settings.get("TIMEBASE", "1/1000000000").strip())
        start = re.fullmatch(r"\d{1,18}", settings.get("START", "").strip())
        if base and start and int(base[2]):
            title = re.sub(r"\\(.)", r"\1", settings.get("title", ""))
            yield Mark(int(start[0]) * int(base[1]) / int(base[2]), title)


def _joined(block: str) -> str:
    """A backslash at the end of a line says that the value goes on in the next."""
    return block.replace("\r\n", "\n").replace("\\\n", " ")


def _json(text: str, name: str) -> Listed:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return Listed(name)
    for payload in _payloads(whole):
        catalogue = catalogue_chapters(payload)
        if catalogue is not None:
            return Listed(name, catalogue=catalogue)
        rows = payload.get("chapters")
        marks = _bounded(_rows(rows[: 2 * MAX_CHAPTERS])) if isinstance(rows, list) else ()
        if marks:
            return Listed(name, marks=marks)
    return Listed(name)


def _payloads(whole: object) -> Iterator[Mapping[str, object]]:
    """Audible wraps what it sends twice."""
    for key in ("content_metadata", "chapter_info", ""):
        if isinstance(whole, Mapping):
            yield whole
            whole = whole.get(key, whole)


def _rows(rows: list[object]) -> Iterator[Mark]:
    """Seconds as numbers or text, under each program's own name."""
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        start = next((row[key] for key in ("start_time", "startTime", "start") if key in row), None)
        tags = row.get("tags")
        title = row.get("title") or (tags.get("title") if isinstance(tags, Mapping) else "") or ""
        if isinstance(start, str) and re.fullmatch(r"\d{1,7}(?:\.\d{1,9})?", start):
            start = float(start)
        if isinstance(start, int | float) and not isinstance(start, bool) and 0 <= start < 1e7:
            yield Mark(float(start), str(title))
