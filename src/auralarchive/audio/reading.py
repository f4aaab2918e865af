"""Reads the names of one folder, or the titles of one book, together: which of their numbers count its parts?

A number means something only among its neighbours. "Catch-22 03" counts by its 3, because the 22 is the same
everywhere; "39 Steps - 2" counts by its 2, because 12, 39, 7 count nothing. So several readings are made (by
label, by the first number, by the last), and the one that names most parts, repeats none and lacks fewest wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from auralarchive.audio.numbering import Label, Numeral, scan

#: One number and its letter: (12, "b").
Value = tuple[int, str]
#: The place of one name: disc and track, or chapter alone, largest first.
Key = tuple[Value, ...]
_Column = list[Numeral | None]

_MOST_TOLD = 5
_MOST_REPEATED = 0.1
_LATEST_START = 9
_MOST_AFTER_LAST = 1000


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a count lacks: (the disc or part it is counted in, number). `sparse`: these numbers count nothing.

    `at_end` of them are known by a total alone: that speaks for a file that is missing, not against the count.
    """

    numbers: tuple[tuple[Key, int], ...] = ()
    sparse: bool = False
    at_end: int = 0

    def faults(self, count: int) -> int:
        """What speaks against a count of `count` parts."""
        return count if self.sparse else len(self.numbers) - self.at_end

    def __str__(self) -> str:
        told = [_spoken(place, number) for place, number in self.numbers[:_MOST_TOLD]]
        more = f" and {len(self.numbers) - len(told)} more" if len(self.numbers) > len(told) else ""
        return f"{', '.join(told)}{more}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of the names, in the names' order; None for a name that has none."""

    keys: tuple[Key | None, ...]
    gaps: Gaps = Gaps()

    @property
    def unnumbered(self) -> int:
        return self.keys.count(None)

    @property
    def repeated(self) -> int:
        known = [key for key in self.keys if key is not None]
        return len(known) - len(set(known))

    @property
    def orders(self) -> bool:
        """Whether the numbers tell an order: most names have one, and hardly any two the same."""
        count = len(self.keys)
        return 2 * self.unnumbered <= count and self.repeated <= _MOST_REPEATED * count and not self.unvaried

    @property
    def unvaried(self) -> bool:
        return len(self.keys) > 1 and len(set(self.keys)) == 1

    @property
    def faults(self) -> tuple[int, int, int]:
        """What speaks against it, the worst first."""
        return self.unnumbered, self.repeated, self.gaps.faults(len(self.keys))


def read(names: Sequence[str]) -> Reading:
    """The best reading of `names`. It may be of no use: see `Reading.orders`."""
    scans = [scan(name) for name in names]
    candidates = [_reading(columns) for columns in _candidates(scans)]
    return min(candidates, key=lambda reading: reading.faults, default=Reading((None,) * len(names)))


def _candidates(scans: Sequence[tuple[Numeral, ...]]) -> Iterable[list[_Column]]:
    """The columns that may be keys; of equally good ones the earlier is taken."""
    bare = _without_constants([[number for number in numbers if number.label is Label.BARE] for numbers in scans])
    first, second, last = (_at(bare, index) for index in (0, 1, -1))
    labels = [label for label in Label if label is not Label.BARE]
    labelled = {label: column for label in labels if _common(column := _of(scans, label))}
    if labelled:
        yield _by_appearance([*labelled.values(), *([first] if _common(first) else [])])
        yield _by_appearance(list(labelled.values()))
        yield from ([column] for column in labelled.values())
    if _common(first):
        yield [first, second] if _common(second) else [first]
        yield [first]
        yield [last]


def _common(column: _Column) -> bool:
    """Whether at least half of the names have it."""
    return 2 * (len(column) - column.count(None)) >= len(column)


def _of(scans: Sequence[tuple[Numeral, ...]], label: Label) -> _Column:
    return [next((number for number in numbers if number.label is label), None) for numbers in scans]


def _at(numbers: Sequence[Sequence[Numeral]], index: int) -> _Column:
    return [found[index] if -len(found) <= index < len(found) else None for found in numbers]


def _without_constants(numbers: list[list[Numeral]]) -> list[list[Numeral]]:
    """The bare numbers without those at either end that all names share: "1984 - 03", "Catch-22 03", "03 64k"."""
    for end in (0, -1):
        while _shared([found[end] for found in numbers if found]):
            numbers = [found[1:] if end == 0 else found[:-1] for found in numbers]
    return numbers


def _shared(ends: Sequence[Numeral]) -> bool:
    return len(ends) > 1 and len({(number.value, number.suffix) for number in ends}) == 1


def _by_appearance(columns: list[_Column]) -> list[_Column]:
    """As they stand in a name; but volumes and discs hold all else, wherever they are written."""
    full = next((row for row in zip(*columns, strict=True) if None not in row), None)
    if full is None:
        return columns
    places = [(min(number.label, Label.PART), number.start) for number in full if number is not None]
    return [column for _, column in sorted(zip(places, columns, strict=True), key=lambda pair: pair[0])]


def _reading(columns: list[_Column]) -> Reading:
    keys = _split_hundreds([_key(row) for row in zip(*columns, strict=True)])
    known = [key for key in keys if key is not None]
    return Reading(tuple(keys), gaps(known, _total(columns[-1])))


def _key(row: tuple[Numeral | None, ...]) -> Key | None:
    """The numbers of one name up to the first that it lacks."""
    known = row[: row.index(None)] if None in row else row
    return tuple((number.value, number.suffix) for number in known if number is not None) or None


def _total(column: _Column) -> int | None:
    """The 12 of "3 of 12", where the names tell one, and only one."""
    totals = {number.total for number in column if number is not None}
    return totals.pop() if len(totals) == 1 else None


def _split_hundreds(keys: list[Key | None]) -> list[Key | None]:
    """101, 102, 201, 202 are two discs with two tracks each."""
    known = [key for key in keys if key is not None]
    if not known or any(len(key) > 1 or not 100 < key[0][0] < 10_000 for key in known):
        return keys
    discs = groupby(sorted(divmod(key[0][0], 100) for key in known), key=lambda pair: pair[0])
    if any(next(tracks)[1] != 1 for _, tracks in discs):
        return keys
    return [key and ((key[0][0] // 100, ""), (key[0][0] % 100, key[0][1])) for key in keys]


def gaps(keys: Sequence[Key], total: int | None = None) -> Gaps:
    """What the numbers lack from 1 to their highest, or to the `total` that they tell of themselves."""
    keys = sorted(set(keys))
    while keys and all(len(key) > 1 for key in keys) and len({key[0] for key in keys}) == 1:
        keys = [key[1:] for key in keys]
    if len({key[0][0] for key in keys}) == len(keys) or all(len(key) == 1 for key in keys):
        return _gaps_of_one([key[0][0] for key in keys], 1, total)
    return _gaps_by_group(keys)


def _gaps_by_group(keys: Sequence[Key]) -> Gaps:
    """Gaps in the outer numbers, and in the inner ones, which begin anew with each group or are counted through."""
    outer = _gaps_of_one(sorted({key[0][0] for key in keys}), 1, None)
    missing, sparse, last = list(outer.numbers), outer.sparse, 0
    for value, group in groupby(keys, key=lambda key: key[0]):
        inner = sorted({key[1][0] for key in group if len(key) > 1})
        if not inner:
            continue
        found = _gaps_of_one(inner, last + 1, None)
        missing += [((value,), number) for _, number in found.numbers]
        sparse, last = sparse or found.sparse, inner[-1]
    return Gaps(tuple(missing), sparse)


def _gaps_of_one(values: Sequence[int], expected: int, total: int | None) -> Gaps:
    """Gaps in ascending `values`, which may begin with 0, 1 or what is `expected`."""
    if not values:
        return Gaps()
    steps = list(pairwise(values))
    holes = [(low + 1, high) for low, high in steps if high - low > 1]
    if 1 < values[0] <= _LATEST_START and values[0] != expected:
        holes.insert(0, (1, values[0]))
    if sum(high - low for low, high in holes) > len(values):
        return Gaps(sparse=True)
    last = values[-1]
    fits = total is not None and last < total <= last + _MOST_AFTER_LAST
    after = tuple(((), number) for number in range(last + 1, total + 1)) if fits and total is not None else ()
    within = tuple(((), number) for low, high in holes for number in range(low, high))
    return Gaps((*within, *after), at_end=len(after))


def _spoken(place: Key, number: int) -> str:
    return f"{place[0][0]}-{number}" if place else str(number)
