"""Reads OverDrive's MediaMarkers: a list of chapters in each part, of which some run on from the part before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from auralarchive.audio.clock import seconds_of
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark

_LONGEST = 1024 * 1024
_LONGEST_NAME = 4000
_AT_THE_BEGINNING = 2.0
#: What OverDrive appends where a chapter is only marked again: "(05:21)", "(continued)", "- continued".
_REPEATED = re.compile(
    r" ?(?:\((?:\d{1,3}:)?\d{1,3}:\d{2}(?:\.\d{1,9})?\)|[-–(\[]? ?\bcontinued ?[)\]]?)$", re.IGNORECASE
)
_BARE_AMPERSAND = re.compile(r"&(?!(?:#\w{1,8}|\w{1,8});)")


def parse_markers(text: str) -> tuple[Mark, ...]:
    """One part's markers as they stand in its tag, in seconds of the part; none where it is no such list."""
    if len(text) > _LONGEST:
        return ()
    try:
        root = fromstring(_BARE_AMPERSAND.sub("&amp;", text.strip("\0 \r\n\t")))
    except (ParseError, DefusedXmlException, ValueError):
        return ()
    rows = [(row.findtext("Time", ""), row.findtext("Name", "")) for row in list(root.iter("Marker"))[:MAX_CHAPTERS]]
    known = [(seconds_of(time), " ".join(name[:_LONGEST_NAME].split())) for time, name in rows]
    return tuple(sorted((Mark(at, name) for at, name in known if at is not None), key=lambda mark: mark.start))


def merged(parts: Sequence[Sequence[Mark]]) -> list[list[Mark]]:
    """The markers of each part at which a chapter really begins, without what only repeats the one under way."""
    under_way = ""
    kept: list[list[Mark]] = []
    for marks in parts:
        kept.append(list(_beginnings(marks, under_way)))
        under_way = _bare(marks[-1].title) if marks else under_way
    return kept


def _beginnings(marks: Sequence[Mark], under_way: str) -> Iterator[Mark]:
    for mark in marks:
        title = _bare(mark.title)
        again = title != mark.title or mark.start < _AT_THE_BEGINNING
        if title != under_way or not again:
            yield Mark(mark.start, title)
        under_way = title


def _bare(title: str) -> str:
    return _REPEATED.sub("", title)
