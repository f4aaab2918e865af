"""From the files of a download to books: which belong together, in which order, and what is left out.

Nothing is left out or joined without a reason in words, and what is not certain is left to a person: several books
are refused with a list of them, and only one that clearly is the wanted one is taken without a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from auralarchive.audio.editions import LeftOut
from auralarchive.audio.grouping import divide
from auralarchive.audio.identity import displayed, key
from auralarchive.audio.numbering import is_sample, natural, scan
from auralarchive.audio.numerals import fold
from auralarchive.audio.ordering import Evidence, Ordering, order, stem
from auralarchive.audio.packs import Pack
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import printable
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.matching import match_score
from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.domain.titles import parse_title
from auralarchive.ports.audio import Section
from auralarchive.ports.errors import InvalidInput

#: A sample is short, by itself and beside the book.
_LONGEST_SAMPLE, _LARGEST_SHARE = 600.0, 0.2
#: The wanted book is taken without a question from this score on, and so far before the next.
_CLEAR_SCORE, _CLEAR_LEAD = 70.0, 10.0
_MOST_LISTED = 20
#: "01 Emma": no title begins so.
_PADDED = re.compile(r"\A0\d{1,2}\s+(?=\S)")

_ORDERINGS = {
    Evidence.ONE: "one file needs no order",
    Evidence.BOTH: "by the numbers in tags and names, which agree",
    Evidence.TAGS: "by the track numbers in the tags",
    Evidence.NAMES: "by the numbers in the names",
    Evidence.TITLES: "by the numbers in the titles",
    Evidence.ALPHABET: "by the alphabet, since nothing counts the files",
}


@dataclass(frozen=True, slots=True)
class Group:
    """One book. `reason`: why its files belong together; `ordering`: how their order was found."""

    title: str
    author: str
    probes: tuple[Probe, ...]
    reason: str
    ordering: str

    @property
    def seconds(self) -> float:
        return sum(probe.seconds for probe in self.probes)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """All books that were found; `left_out` names each file that is in none of them, with the reason."""

    groups: tuple[Group, ...]
    left_out: tuple[tuple[Path, str], ...] = ()
    warnings: tuple[str, ...] = ()


def arrange(probes: Sequence[Probe]) -> Arrangement:
    """Divide `probes` into books and order each. What arrives in another sequence comes out in the same."""
    probes = sorted(probes, key=lambda probe: str(probe.source.path))
    heard, samples = _without_samples(probes)
    packs, editions = divide(heard)
    left = [*samples, *editions]
    groups = _told_apart(sorted(map(_ordered, packs), key=_by_path))
    warnings = [
        f"{group.title}: {warning}" if len(groups) > 1 else warning
        for group, ordering in groups
        for warning in ordering.warnings
    ]
    return Arrangement(
        tuple(group for group, _ in groups),
        tuple((probe.source.path, each.reason) for each in left for probe in each.probes),
        (*warnings, *(f"Left out: {each.reason}" for each in left)),
    )


def together(probes: Sequence[Probe]) -> Arrangement:
    """All of `probes` as one book, because a person says that they are one."""
    ordering = order(sorted(probes, key=lambda probe: str(probe.source.path)))
    first = ordering.probes[0].tags
    group = Group(
        printable(first.album or first.title),
        printable(first.author),
        ordering.probes,
        "a person says that they are one book",
        _ORDERINGS[ordering.by],
    )
    return Arrangement((group,), warnings=ordering.warnings)


def listed(probes: Sequence[Probe], sections: Sequence[Section]) -> Arrangement | None:
    """All of `probes` as the one book that its release tells of; None where it does not name each of them."""
    places = {section.path: place for place, section in enumerate(sections)}
    found = {places.get(probe.source.relative.as_posix()): probe for probe in probes}
    if None in found or len(found) < len(probes) or not probes:
        return None
    ordered = tuple(probe for _, probe in sorted(found.items(), key=lambda pair: pair[0] or 0))
    first = ordered[0].tags
    group = Group(
        printable(first.album or first.title),
        printable(first.author),
        ordered,
        "the release names them as one book",
        "by the release's own list",
    )
    return Arrangement((group,))


def select(groups: Sequence[Group], wanted_title: str, wanted_author: str = "") -> Group | None:
    """The group that clearly is the wanted book; None where none is, or more than one could be."""
    query = SearchQuery(title=wanted_title, author=wanted_author or None)
    scored = sorted(((_score(query, group), at) for at, group in enumerate(groups)), reverse=True)
    if not scored or scored[0][0] < _CLEAR_SCORE:
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < _CLEAR_LEAD:
        return None
    return groups[scored[0][1]]


def only(groups: Sequence[Group], name: str) -> Group | None:
    """The group of that title, file or folder; else the one that clearly is meant, as in `select`."""
    called = [group for group in groups if fold(name) in _called(group)]
    return called[0] if len(called) == 1 else select(groups, name)


def several_books(groups: Sequence[Group]) -> InvalidInput:
    """The refusal of more than one book, with a list of them and what to do."""
    listed = "; ".join(_listed(group) for group in groups[:_MOST_LISTED])
    more = f"; and {len(groups) - _MOST_LISTED} more" if len(groups) > _MOST_LISTED else ""
    return InvalidInput(
        f"There are {len(groups)} books in it: {listed}{more}.",
        "Take one of them with “auralarchive convert --only NAME”, make one output of each with"
        " “auralarchive convert --split”, or one of all with “--together”.",
        kind=FailureKind.SEVERAL_BOOKS,
    )


# --- samples -------------------------------------------------------------------------------------


def _without_samples(probes: Sequence[Probe]) -> tuple[list[Probe], list[LeftOut]]:
    total = sum(probe.seconds for probe in probes)
    samples = [probe for probe in probes if _is_sample(probe, total)]
    gone = {id(probe) for probe in samples}
    left = [LeftOut((probe,), f"{probe.source.name} is a sample of {_length(probe.seconds)}.") for probe in samples]
    return [probe for probe in probes if id(probe) not in gone], left


def _is_sample(probe: Probe, total: float) -> bool:
    """Called so, without a number of its own, and short beside the rest."""
    if probe.seconds > min(_LONGEST_SAMPLE, _LARGEST_SHARE * (total - probe.seconds)):
        return False
    *folders, name = probe.source.relative.parts
    called = is_sample(stem(name)) and not scan(stem(name)) and probe.tags.track is None
    return called or any(is_sample(folder) for folder in folders)


# --- one book ------------------------------------------------------------------------------------


def _ordered(pack: Pack) -> tuple[Pack, Ordering]:
    return pack, order(pack.probes)


def _by_path(book: tuple[Pack, Ordering]) -> tuple[Hashable, str]:
    path = str(book[1].probes[0].source.path)
    return natural(path), path


def _told_apart(books: Sequence[tuple[Pack, Ordering]]) -> list[tuple[Group, Ordering]]:
    """The books under their titles; where two have the same, each gets the first that is its own.

    A series may be one album, and then the books' titles stand in other tags, or in their names.
    """
    titles = [_titles(pack, ordering) for pack, ordering in books]
    firsts = Counter(key(found[0]) for found in titles)
    return [
        (_group(pack, ordering, found[0] if firsts[key(found[0])] == 1 else _own_title(found)), ordering)
        for (pack, ordering), found in zip(books, titles, strict=True)
    ]


def _titles(pack: Pack, ordering: Ordering) -> list[str]:
    """All that a book may be called, the surest first: as a last resort its file's whole name."""
    album = displayed(probe.tags.album for probe in pack.probes) if pack.facts.album else ""
    tag = pack.probes[0].tags.title if pack.facts.title else ""
    parsed = _parsed(pack).title
    path = ordering.probes[0].source.path
    name = next(filter(str.strip, (pack.label, stem(path.name), path.parent.name, path.name)))
    return [title for title in (album, tag, parsed, name) if title.strip()]


def _parsed(pack: Pack) -> ParsedTitle:
    return parse_title(_PADDED.sub("", displayed([pack.label])))


def _own_title(titles: Sequence[str]) -> str:
    return next((title for title in titles if key(title) not in ("", key(titles[0]))), titles[-1])


def _group(pack: Pack, ordering: Ordering, title: str) -> Group:
    author = displayed(probe.tags.author for probe in pack.probes) or _parsed(pack).author or ""
    return Group(printable(title), printable(author), ordering.probes, _reason(pack), _ORDERINGS[ordering.by])


def _reason(pack: Pack) -> str:
    count = len(pack.probes)
    if count == 1:
        return "it is one file"
    if pack.facts.album:
        named = sum(key(probe.tags.album) == pack.facts.album for probe in pack.probes)
        album = displayed(probe.tags.album for probe in pack.probes)
        some = f"all {count}" if named == count else f"{named} of {count}"
        beside = "" if named == count else "; the others lie beside them"
        return f"{some} files name the album {printable(album)}{beside}"
    folders = len({probe.source.path.parent for probe in pack.probes})
    return (
        f"{count} files of one folder" if folders == 1 else f"{count} files in {folders} folders that belong together"
    )


# --- matching and telling ------------------------------------------------------------------------


def _score(query: SearchQuery, group: Group) -> float:
    parsed = ParsedTitle(group.title, author=group.author or None)
    release = Release("", group.title, "", DownloadType.TORRENT, "", parsed)
    score, _ = match_score(query, release, lambda left, right: fuzz.ratio(left, right) / 100)
    return score


def _called(group: Group) -> set[str]:
    """What it may be called by a person: its title, its folder, and its file where it is one."""
    names = {group.title, *(probe.source.path.parent.name for probe in group.probes)}
    if len(group.probes) == 1:
        name = group.probes[0].source.path.name
        names |= {name, stem(name)}
    return {fold(name) for name in names}


def _listed(group: Group) -> str:
    count = len(group.probes)
    return f"{group.title} ({count} file{'s' if count > 1 else ''}, {_length(group.seconds)})"


def _length(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
