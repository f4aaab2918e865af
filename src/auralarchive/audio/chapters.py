"""Chooses the chapters of the book, best source first, as exact positions in its sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.probe import Probe
from auralarchive.audio.sourcetags import clean, seconds_of

_SNAP_SECONDS = 2.0
_FRAMES_A_SECOND = 75


@dataclass(frozen=True, slots=True)
class Part:
    """One source's place in the book, in ticks."""

    probe: Probe
    start: int
    length: int


#: A chapter's first tick and its title.
Marks = tuple[tuple[int, str], ...]


def choose(parts: Sequence[Part], timescale: int, *, chosen: Sequence[Mark] = (), cue: Sequence[Mark] = ()) -> Marks:
    """The chapters, ascending and inside the book: a person's own, embedded ones, a cue sheet's, one a file."""
    end = parts[-1].start + parts[-1].length
    if chosen:
        return _tidy(_scaled(chosen, 0, timescale), end, timescale)
    if any(len(part.probe.chapters) > 1 for part in parts):
        return _tidy(_embedded(parts, timescale), end, timescale)
    if len(parts) == 1 and len(cue) > 1:
        return _tidy(_scaled(cue, 0, timescale), end, timescale)
    if len(parts) == 1 and parts[0].probe.chapters:
        return _tidy(_scaled(parts[0].probe.chapters, 0, timescale), end, timescale)
    titles = file_titles([part.probe for part in parts])
    return _tidy([(part.start, title) for part, title in zip(parts, titles, strict=True)], end, timescale)


def _scaled(marks: Sequence[Mark], offset: int, timescale: int) -> list[tuple[int, str]]:
    return [(offset + round(mark.start * timescale), mark.title) for mark in marks]


def _embedded(parts: Sequence[Part], timescale: int) -> list[tuple[int, str]]:
    """Each source's own chapters; a source without any is one chapter."""
    titles = file_titles([part.probe for part in parts])
    marks = []
    for part, title in zip(parts, titles, strict=True):
        inner = _scaled(part.probe.chapters, part.start, timescale) or [(part.start, title)]
        marks += [(start, name) for start, name in inner if start < part.start + part.length]
    return marks


def _tidy(marks: Sequence[tuple[int, str]], end: int, timescale: int) -> Marks:
    """Ascending, inside, no two at one place; the first begins the book unless something long precedes it."""
    tidy: list[tuple[int, str]] = []
    for start, title in sorted(marks, key=lambda mark: mark[0])[:MAX_CHAPTERS]:
        if 0 <= start < end and not (tidy and start == tidy[-1][0]):
            tidy.append((start, clean(title) or f"Chapter {len(tidy) + 1}"))
    if tidy and tidy[0][0] < _SNAP_SECONDS * timescale:
        tidy[0] = (0, tidy[0][1])
    return tuple(tidy)


def file_titles(probes: Sequence[Probe]) -> list[str]:
    """One title a file: from its tag where these tell the files apart, else from its name."""
    tagged = [clean(probe.tags.title) for probe in probes]
    if all(tagged) and len(set(tagged)) == len(tagged):
        return tagged
    named = [_from_name(probe.source.path.stem) for probe in probes]
    if len(set(named)) == len(named) and all(named):
        return named
    return [f"Chapter {number}" for number in range(1, len(probes) + 1)]


def _from_name(stem: str) -> str:
    """A file's name without the number in front of it, where words follow."""
    text = clean(stem.replace("_", " "))
    rest = re.sub(
        r"^\s*(?:(?:cd|dis[ck])\s*\d{1,3}[\s-]+)?\d{1,4}(?:\s*-\s*\d{1,4})?\s*[-.)_:]*\s+",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return rest if re.search(r"[^\W\d_]", rest) else (f"Chapter {int(text)}" if text.isdecimal() else text)


def parse_cue(text: str) -> tuple[Mark, ...]:
    """The tracks of a simple cue sheet (one FILE): INDEX 01 as mm:ss:ff, 75 frames a second."""
    if len(re.findall(r"^\s*FILE\s", text, re.MULTILINE)) > 1:
        return ()
    marks: list[Mark] = []
    title = ""
    for line in text.splitlines()[: 20 * MAX_CHAPTERS]:
        words = line.strip()
        if re.match(r"TRACK\s+\d+", words):
            title = ""
        elif match := re.match(r'TITLE\s+"?(.*?)"?$', words):
            title = match[1]
        elif match := re.match(r"INDEX\s+01\s+(\d{1,4}):(\d{1,2}):(\d{1,2})$", words):
            seconds = int(match[1]) * 60 + int(match[2]) + int(match[3]) / _FRAMES_A_SECOND
            marks.append(Mark(seconds, clean(title) or f"Chapter {len(marks) + 1}"))
    return tuple(marks)


def parse_list(text: str) -> tuple[Mark, ...]:
    """A person's own list: a cue sheet, lines "0:00:00.000 Title", or CHAPTER01=… with CHAPTER01NAME=…"""
    if re.search(r"^\s*INDEX\s+01", text, re.MULTILINE):
        return parse_cue(text)
    names = dict(re.findall(r"^CHAPTER(\d+)NAME=(.*)$", text, re.MULTILINE))
    marks = [
        (seconds_of(start), names.get(number, ""))
        for number, start in re.findall(r"^CHAPTER(\d+)=(.*)$", text, re.MULTILINE)
    ]
    if not marks:
        marks = [
            (seconds_of(start), title) for start, title in re.findall(r"^\s*(\d[\d:.,]*)\s+(.*)$", text, re.MULTILINE)
        ]
    known = [(start, title) for start, title in marks if start is not None][:MAX_CHAPTERS]
    return tuple(Mark(start, clean(title) or f"Chapter {number}") for number, (start, title) in enumerate(known, 1))
