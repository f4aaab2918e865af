"""Reads cue sheets: the tracks of one file or of several, at INDEX 01, in 75ths of a second."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark

_FRAMES_A_SECOND = 75
_MOST_LINES = 20 * MAX_CHAPTERS
_LONGEST_LINE = 2000
_FILE = re.compile(r'FILE\s+(?:"(.*)"|(\S.*?))(?:\s+\w+)?$', re.IGNORECASE)
_TRACK = re.compile(r"TRACK\s+\d+", re.IGNORECASE)
_TITLE = re.compile(r'TITLE\s+"?(.*?)"?$', re.IGNORECASE)
_INDEX = re.compile(r"INDEX\s+01\s+(\d{1,5}):(\d{1,2}):(\d{1,2})$", re.IGNORECASE)


@dataclass(slots=True)
class CueFile:
    """One FILE of a sheet: its name as it stands there, and its tracks in seconds from its own beginning."""

    name: str
    marks: list[Mark] = field(default_factory=list)


def looks_like_cue(text: str) -> bool:
    """Whether `text` is a sheet, and no other kind of list."""
    return re.search(r"^[ \t]*INDEX[ \t]+01[ \t]", text, re.MULTILINE | re.IGNORECASE) is not None


def parse_cue(text: str) -> tuple[CueFile, ...]:
    """The files of a sheet that have tracks. A track belongs to the file in which its INDEX 01 is."""
    files = [CueFile("")]
    title = ""
    count = 0
    for line in text.splitlines()[:_MOST_LINES]:
        words = line[:_LONGEST_LINE].strip()
        if match := _FILE.match(words):
            files.append(CueFile(match[1] or match[2] or ""))
        elif _TRACK.match(words):
            title = ""
        elif match := _TITLE.match(words):
            title = match[1]
        elif (match := _INDEX.match(words)) and count < MAX_CHAPTERS:
            count += 1
            seconds = int(match[1]) * 60 + int(match[2]) + int(match[3]) / _FRAMES_A_SECOND
            files[-1].marks.append(Mark(seconds, title))
    return tuple(file for file in files if file.marks)
