"""Where a book's chapters come from, and how a catalogue's list is laid on the copy that is there.

A catalogue times its chapters on one recording: the shop's, with its spoken brand in front and behind. The
copy at hand may lack either, or have both where the catalogue has none. Its length tells which; where
that leaves a doubt, places where the copy is known to begin something new (its files, its pauses) decide.
What fits in no way is the list of another recording, and is refused.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

#: The length of a copy may differ by so much, in milliseconds.
TOLERANCE = 2000
#: Two explanations of a length that differ by less than this cannot be told apart.
_DOUBT = 250
_MAX_CHAPTERS = 10_000
_MAX_DEPTH = 4

_NEAR = 500  # a mark meets a boundary within so many milliseconds
_MAX_OFFSET = 90_000
_MAX_DRIFT = 0.005
_ANCHORS = 5  # the first and last marks of which at least one each has to be heard
_NEIGHBOURS = 40
_SAMPLE = 40
_FEWEST_MET = 4
_SURE = 0.95
_RIVAL = 0.8  # regular places are met as well in another way: then neither counts


class ChapterSource(StrEnum):
    """Where the chapters of a book were found; shown to people."""

    OWN_LIST = "own-list"
    MP4 = "embedded-mp4"
    ID3 = "id3-chap"
    VORBIS = "vorbis"
    FLAC_CUE = "flac-cuesheet"
    MATROSKA = "matroska"
    CUE = "cue"
    OVERDRIVE = "overdrive"
    FILE = "file"
    RELEASE = "release"
    FILES = "files"
    CATALOGUE = "catalogue"
    SILENCE = "silence"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CatalogueChapters:
    """A catalogue's list: (start, title), the length of its recording and of the brand's words, in milliseconds."""

    chapters: tuple[tuple[int, str], ...]
    runtime: int
    intro: int = 0
    outro: int = 0
    accurate: bool = True


@dataclass(frozen=True, slots=True)
class Fit:
    """A list laid on a copy: (start in milliseconds, title) and how. Without marks, `how` says why it does not fit."""

    marks: tuple[tuple[int, str], ...]
    how: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """A place `x` of the list lies at `offset + drift * x` of the copy. `confidence` is 1.0 less the odds of chance."""

    offset: float
    drift: float
    met: int
    confidence: float

    def at(self, mark: int) -> int:
        """Where `mark` lies in the copy."""
        return round(self.offset + self.drift * mark)


# What catalogues send


def catalogue_chapters(payload: Mapping[str, object]) -> CatalogueChapters | None:
    """Audible's and Audnexus' JSON; None where it holds no usable list."""
    rows = tuple(_flat(payload.get("chapters"), 0))[:_MAX_CHAPTERS]
    runtime = _number(payload, "runtimeLengthMs", "runtime_length_ms")
    if not rows or not runtime:
        return None
    return CatalogueChapters(
        chapters=tuple(sorted(rows, key=lambda row: row[0])),
        runtime=runtime,
        intro=_number(payload, "brandIntroDurationMs", "brand_intro_duration_ms"),
        outro=_number(payload, "brandOutroDurationMs", "brand_outro_duration_ms"),
        accurate=payload.get("isAccurate", payload.get("is_accurate", True)) is not False,
    )


def _flat(rows: object, depth: int) -> Iterator[tuple[int, str]]:
    """Parts and the chapters inside them as one list; a part that begins with its first chapter lends it its title."""
    for row in rows[:_MAX_CHAPTERS] if isinstance(rows, list) and depth < _MAX_DEPTH else ():
        if not isinstance(row, Mapping):
            continue
        start, title = _number(row, "startOffsetMs", "start_offset_ms"), str(row.get("title") or "")
        inner = list(_flat(row.get("chapters"), depth + 1))
        if inner and inner[0][0] <= start:
            inner[0] = start, ": ".join(filter(None, (title, inner[0][1])))
        else:
            yield start, title
        yield from inner


def _number(row: Mapping[str, object], *names: str) -> int:
    value = next((row[name] for name in names if name in row), 0)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
    return int(value) if usable and isinstance(value, int | float) else 0


# Laying a list on a copy


def fit(catalogue: CatalogueChapters, length: int, boundaries: Sequence[int] = ()) -> Fit:
    """Lay the list on a copy of `length` milliseconds, in which something begins at each of `boundaries`."""
    shift = _shift(catalogue, length) if catalogue.accurate else None
    if shift is not None:
        return Fit(_laid(catalogue, [start + shift[0] for start, _ in catalogue.chapters], length), shift[1])
    found = align([start for start, _ in catalogue.chapters], boundaries)
    if found is not None:
        how = f"{found.met} of its marks meet places where something begins"
        return Fit(_laid(catalogue, [found.at(start) for start, _ in catalogue.chapters], length), how)
    return Fit((), _misfit(catalogue, length))


def _shift(catalogue: CatalogueChapters, length: int) -> tuple[int, str] | None:
    """(milliseconds to add, why) of the explanation that is nearest to the real length, if one is and no other."""
    fitting = [(abs(catalogue.runtime - more - length), shift, why) for more, shift, why in _explanations(catalogue)]
    nearest = min(fitting)[0]
    likely = [(abs(shift), shift, why) for distance, shift, why in fitting if distance <= nearest + _DOUBT]
    shifts = [shift for _, shift, _ in likely]
    if nearest > TOLERANCE or max(shifts) - min(shifts) > TOLERANCE:
        return None
    return min(likely)[1:]


def _explanations(catalogue: CatalogueChapters) -> Iterator[tuple[int, int, str]]:
    """(by how much the catalogue's recording is longer, the shift of its marks, in words)."""
    intro, outro = catalogue.intro, catalogue.outro
    yield 0, 0, "the lengths agree"
    for sign, word in ((1, "lacks"), (-1, "has more than the catalogue:")):
        if intro:
            yield sign * intro, -sign * intro, f"the copy {word} the brand's intro"
        if outro:
            yield sign * outro, 0, f"the copy {word} the brand's outro"
        if intro and outro:
            yield sign * (intro + outro), -sign * intro, f"the copy {word} the brand's intro and outro"


def _laid(catalogue: CatalogueChapters, starts: Sequence[int], length: int) -> tuple[tuple[int, str], ...]:
    """The marks inside the copy; the one that is under way when the copy begins is its first."""
    marks = [(start, title) for start, (_, title) in zip(starts, catalogue.chapters, strict=True) if start < length]
    before = sum(start <= 0 for start, _ in marks)
    inside = marks[max(0, before - 1) :]
    return tuple((max(0, start), title) for start, title in inside)


def _misfit(catalogue: CatalogueChapters, length: int) -> str:
    if not catalogue.accurate:
        return "the catalogue itself calls its times inexact"
    seconds = (catalogue.runtime - length) / 1000
    if any(abs(catalogue.runtime - more - length) <= TOLERANCE for more, _, _ in _explanations(catalogue)):
        return f"it differs by {abs(seconds):.1f} s, which may be the brand's words in front or those behind"
    return f"its recording is {abs(seconds):.1f} s {'longer' if seconds > 0 else 'shorter'} than this one"


# Finding offset and drift


def align(marks: Sequence[int], boundaries: Sequence[int]) -> Alignment | None:
    """The one offset and drift by which the marks meet the boundaries; None where chance could do as well.

    Both are milliseconds. Every pair of an early and a late mark with boundaries near them is a hypothesis;
    the one that the most other marks agree with is refined and then weighed against chance.
    """
    known = sorted({place for place in boundaries if place > 0})
    wanted = _spread(sorted({mark for mark in marks if mark > 0}))
    if len(known) < _FEWEST_MET or len(wanted) < _FEWEST_MET:
        return None
    scored = [(len(_met(wanted, known, *line)), *line) for line in _hypotheses(wanted, known)]
    met, offset, drift = max(scored, default=(0, 0.0, 1.0))
    middle = wanted[len(wanted) // 2]
    here = offset + drift * middle
    rival = max((score for score, a, b in scored if abs(a + b * middle - here) > TOLERANCE), default=0)
    if met < max(_FEWEST_MET, min(len(wanted), len(known)) / 2) or rival > _RIVAL * met:
        return None
    pairs = _met(wanted, known, offset, drift)
    confidence = max(0.0, 1.0 - len(scored) * _chance(len(pairs), len(wanted), known))
    return Alignment(*_line(pairs), len(pairs), confidence) if confidence >= _SURE else None


def _spread(marks: Sequence[int]) -> list[int]:
    """So many of the marks as are worth a look, from all over the book."""
    step = max(1.0, len(marks) / _SAMPLE)
    return [marks[int(number * step)] for number in range(min(len(marks), _SAMPLE))]


def _hypotheses(marks: Sequence[int], known: Sequence[int]) -> Iterator[tuple[float, float]]:
    for early, late in product(marks[:_ANCHORS], marks[-_ANCHORS:]):
        apart = late - early
        if apart <= _NEAR / _MAX_DRIFT:
            continue
        for first in _around(known, early, _MAX_OFFSET):
            for last in _around(known, first + apart, int(apart * _MAX_DRIFT) + _NEAR):
                drift = (last - first) / apart
                yield first - drift * early, drift


def _around(known: Sequence[int], place: int, reach: int) -> list[int]:
    inside = known[bisect_left(known, place - reach) : bisect_right(known, place + reach)]
    return sorted(inside, key=lambda each: abs(each - place))[:_NEIGHBOURS]


def _met(marks: Sequence[int], known: Sequence[int], offset: float, drift: float) -> list[tuple[int, int]]:
    """(mark, boundary) of those that lie together."""
    pairs = []
    for mark in marks:
        place = offset + drift * mark
        at = bisect_left(known, place)
        near = min(known[max(0, at - 1) : at + 1], key=lambda each: abs(each - place))
        if abs(near - place) <= _NEAR:
            pairs.append((mark, near))
    return pairs


def _chance(met: int, marks: int, known: Sequence[int]) -> float:
    """The odds that so many marks meet boundaries by accident. Two were made to meet."""
    each = min(0.95, len(known) * 2 * _NEAR / known[-1])
    free = marks - 2
    return sum(math.comb(free, hit) * each**hit * (1 - each) ** (free - hit) for hit in range(met - 2, free + 1))


def _line(pairs: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """(offset, drift) of the straight line that lies nearest to all pairs."""
    middle = sum(mark for mark, _ in pairs) / len(pairs)
    height = sum(place for _, place in pairs) / len(pairs)
    spread = sum((mark - middle) ** 2 for mark, _ in pairs)
    drift = sum((mark - middle) * (place - height) for mark, place in pairs) / spread
    return height - drift * middle, drift
