"""Puts the files of one book in order, and says by which evidence.

Two orders are made: one by what the tags count (disc and track), one by what folders and files are called. Where
both can be made and agree, the matter is settled. Where they differ, the one that lacks and repeats fewer numbers
is followed; then the one that the titles agree with; then the tags. Either way the difference is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auralarchive.audio.numbering import matter, natural
from auralarchive.audio.probe import Probe
from auralarchive.audio.reading import Gaps, Key, Reading, gaps, read
from auralarchive.audio.sources import printable

#: A path below the folder that was given, part by part.
Place = tuple[str, ...]
#: Sorts the entries of one folder.
_EntryKey = tuple[int, int, Key, tuple[tuple[int, int | str], ...], str]

_MOST_EXPECTED = 1000


class Evidence(StrEnum):
    """What told the order."""

    ONE = "one file"
    BOTH = "tags and names"
    TAGS = "tags"
    NAMES = "names"
    TITLES = "titles"
    ALPHABET = "alphabet"


@dataclass(frozen=True, slots=True)
class Ordering:
    """The files in the order in which they are to be heard."""

    probes: tuple[Probe, ...]
    by: Evidence
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Order:
    """One order that could be followed. `faults`: what speaks against it, the worst first."""

    by: Evidence
    probes: tuple[Probe, ...]
    faults: tuple[int, int, int] = (0, 0, 0)
    gaps: str = ""


def order(probes: Sequence[Probe]) -> Ordering:
    """The order of one book's files. What arrives in another sequence comes out in the same."""
    if len(probes) < 2:
        return Ordering(tuple(probes), Evidence.ONE)
    names = _by_names(probes)
    tags = _by_tags(names.probes)
    if tags is None or names.by is Evidence.ALPHABET:
        return _alone(tags or _by_titles(names.probes) or names)
    if tags.probes == names.probes:
        return Ordering(names.probes, Evidence.BOTH, _lacks(tags, names))
    return _settled(tags, names, _by_titles(names.probes))


def places(probes: Sequence[Probe]) -> list[Place]:
    """Where each file lies; with the folder's own name in front where several folders were given."""
    relatives = [probe.source.relative.parts for probe in probes]
    roots = [
        probe.source.path.parts[: -len(relative)] if probe.source.path.parts[-len(relative) :] == relative else ()
        for probe, relative in zip(probes, relatives, strict=True)
    ]
    shared = _shared(roots)
    return [root[shared:] + relative for root, relative in zip(roots, relatives, strict=True)]


def _shared(roots: Sequence[Place]) -> int:
    """How many parts all `roots` begin with."""
    low, high = min(roots, default=()), max(roots, default=())
    return next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))


def stem(name: str) -> str:
    """A file's name without its suffix."""
    return name.rpartition(".")[0] or name


# --- which order ---------------------------------------------------------------------------------


def _alone(chosen: _Order) -> Ordering:
    return Ordering(chosen.probes, chosen.by, _lacks(chosen))


def _settled(tags: _Order, names: _Order, titles: _Order | None) -> Ordering:
    """Tags and names differ: follow one, and say so."""
    if tags.faults != names.faults:
        chosen, why = min(tags, names, key=lambda one: one.faults), "they lack and repeat fewer numbers"
    elif titles is not None and titles.probes in (tags.probes, names.probes):
        chosen, why = (tags if titles.probes == tags.probes else names), "the titles agree with them"
    else:
        chosen, why = tags, "nothing speaks against them"
    at = next(index for index, (one, other) in enumerate(zip(tags.probes, names.probes, strict=True)) if one != other)
    difference = (
        f"Tags and names tell different orders: by its tags {tags.probes[at].source.name} is number {at + 1}, by its"
        f" name {names.probes[at].source.name}. The {chosen.by} were followed: {why}."
    )
    return Ordering(chosen.probes, chosen.by, (difference, *_lacks(chosen)))


def _lacks(*orders: _Order) -> tuple[str, ...]:
    """A warning for each kind of gap; the same gap in tags and names is told once."""
    told: dict[str, str] = {}
    for each in orders:
        if each.gaps:
            told.setdefault(each.gaps, f"By the {each.by}, {each.gaps}: there may be a part missing.")
    return tuple(told.values())


# --- by names ------------------------------------------------------------------------------------


def _by_names(probes: Sequence[Probe]) -> _Order:
    """Folder by folder, by what the names count; by the alphabet where they count nothing."""
    where = places(probes)
    folders: dict[Place, set[str]] = defaultdict(set)
    for place in where:
        for depth, entry in enumerate(place):
            folders[place[:depth]].add(entry)
    files = set(where)
    readings: list[tuple[Place, Reading]] = []
    keys: dict[Place, _EntryKey] = {}
    for folder, entries in folders.items():
        names = sorted(entries)
        texts = [stem(name) if (*folder, name) in files else name for name in names]
        reading = read(texts)
        readings.append((folder, reading))
        keys |= _entry_keys(folder, names, texts, reading)
    path_keys = [tuple(keys[place[: depth + 1]] for depth in range(len(place))) for place in where]
    sequence = sorted(range(len(where)), key=lambda index: (path_keys[index], str(probes[index].source.path)))
    ordered = tuple(probes[index] for index in sequence)
    several = [(folder, reading) for folder, reading in readings if len(reading.keys) > 1]
    if not several or not all(reading.orders for _, reading in several):
        return _Order(Evidence.ALPHABET, ordered)
    return _Order(Evidence.NAMES, ordered, _faults(several, keys), _name_gaps(several))


def _entry_keys(folder: Place, names: list[str], texts: list[str], reading: Reading) -> dict[Place, _EntryKey]:
    counts = reading.orders
    keys: dict[Place, _EntryKey] = {}
    for name, text, key in zip(names, texts, reading.keys, strict=True):
        if counts and key is not None:
            keys[*folder, name] = (0, 0, key, natural(text), name)
        else:
            place = matter(text)
            # What has no number stands behind what has one, as digits stand in front of letters.
            rank = -1 if place < 0 else 2 if place > 0 else int(counts)
            keys[*folder, name] = (rank, place, (), natural(text), name)
    return keys


def _faults(readings: Sequence[tuple[Place, Reading]], keys: dict[Place, _EntryKey]) -> tuple[int, int, int]:
    """A prologue or an epilogue without a number is no fault."""
    unnumbered = sum(key[0] == 1 for key in keys.values())
    _, repeated, lacking = (sum(column) for column in zip(*(reading.faults for _, reading in readings), strict=True))
    return unnumbered, repeated, lacking


def _name_gaps(readings: Sequence[tuple[Place, Reading]]) -> str:
    told = []
    for folder, reading in readings:
        first = min(key[0][0] for key in reading.keys if key is not None)
        front = any(key is None for key in reading.keys)
        # Where there are several folders, or a prologue, a count need not begin with 1.
        later = len(readings) > 1 or front
        numbers = tuple(gap for gap in reading.gaps.numbers if not later or gap[0] or gap[1] >= first)
        if numbers:
            told.append(_missing(Gaps(numbers)) + (f" in {printable(folder[-1])}" if folder else ""))
    return ", ".join(told[:3])


def _missing(lacking: Gaps) -> str:
    return f"numbers {lacking} are missing" if len(lacking.numbers) > 1 else f"number {lacking} is missing"


# --- by tags -------------------------------------------------------------------------------------


def _by_tags(probes: Sequence[Probe]) -> _Order | None:
    """By disc and track, where every file has a track and no two the same place. `probes` are in the names' order."""
    if any(probe.tags.track is None for probe in probes):
        return None
    folders = _folder_numbers(probes)
    ways = [_keys(probes, folders, number) for number in (_told_disc, _folder_disc, _no_disc)]
    usable = [(keys, _tag_gaps(keys, probes)) for keys in ways if len(set(keys)) == len(keys)]
    if not usable:
        return None
    keys, lacking = min(usable, key=lambda way: way[1].faults(len(probes)))
    ordered = tuple(probe for _, probe in sorted(zip(keys, probes, strict=True), key=lambda pair: pair[0]))
    gap = "" if lacking.sparse or not lacking.numbers else _missing(lacking)
    return _Order(Evidence.TAGS, ordered, (0, 0, lacking.faults(len(probes))), gap)


def _folder_numbers(probes: Sequence[Probe]) -> list[int]:
    """Each file's folder as a number, in the order in which the names put the folders."""
    numbers: dict[Place, int] = {}
    return [numbers.setdefault(place[:-1], len(numbers) + 1) for place in places(probes)]


def _keys(probes: Sequence[Probe], folders: list[int], disc: Callable[[Probe, int], int]) -> list[Key]:
    pairs = zip(probes, folders, strict=True)
    return [((disc(probe, folder), ""), (probe.tags.track or 0, "")) for probe, folder in pairs]


def _told_disc(probe: Probe, folder: int) -> int:
    return probe.tags.disc or folder


def _folder_disc(_probe: Probe, folder: int) -> int:
    return folder


def _no_disc(_probe: Probe, _folder: int) -> int:
    return 1


def _tag_gaps(keys: Sequence[Key], probes: Sequence[Probe]) -> Gaps:
    """What lacks in the count, and at its end by the totals that fit it."""
    lacking = gaps(keys)
    by_disc: dict[int, list[Probe]] = defaultdict(list)
    for key, probe in zip(keys, probes, strict=True):
        by_disc[key[0][0]].append(probe)
    numbers = list(lacking.numbers)
    for disc, members in sorted(by_disc.items()):
        place: Key = ((disc, ""),) if len(by_disc) > 1 else ()
        numbers += [(place, number) for number in _after_last(members, len(probes))]
    return Gaps(tuple(numbers), lacking.sparse, at_end=len(numbers) - len(lacking.numbers))


def _after_last(members: Sequence[Probe], count: int) -> range:
    """The numbers between the last track of a disc and the total that all its tracks tell."""
    totals = {probe.tags.track_total for probe in members}
    last = max(probe.tags.track or 0 for probe in members)
    total = totals.pop() if len(totals) == 1 else None
    if total is None or total == count or not last < total <= last + _MOST_EXPECTED:
        return range(0)
    return range(last + 1, total + 1)


# --- by titles -----------------------------------------------------------------------------------


def _by_titles(probes: Sequence[Probe]) -> _Order | None:
    """By the numbers in the titles ("Chapter 7"), where all have one and no two the same."""
    titles = [probe.tags.title for probe in probes]
    if not all(titles):
        return None
    reading = read(titles)
    ranks = [(0, key) if key else (matter(title), ()) for key, title in zip(reading.keys, titles, strict=True)]
    if not reading.orders or any(rank == (0, ()) for rank in ranks) or len(set(ranks)) < len(ranks):
        return None
    ordered = tuple(probe for _, probe in sorted(zip(ranks, probes, strict=True), key=lambda pair: pair[0]))
    lacking = reading.gaps.numbers and not reading.gaps.sparse
    return _Order(Evidence.TITLES, ordered, gaps=_missing(reading.gaps) if lacking else "")
