"""Divides the files of a download into books.

Folder by folder, from the innermost: each folder's files are one pack, unless they are whole books or name several
albums. Packs that hold the same as a better one are left out. The others are joined where something ties them: the
same album, numbers of parts ("CD1", "Part 2 of 3"), the same name with another number. Two packs that claim the
same place, or name different albums, are never joined. What could be no book by itself goes with the one that is
there. Where several remain they are several books, which is for a person to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from auralarchive.audio.editions import LeftOut, without_editions, without_twins
from auralarchive.audio.identity import albums, call, key
from auralarchive.audio.numbering import natural, scan
from auralarchive.audio.ordering import Place, places, stem
from auralarchive.audio.packs import Pack, is_complete, is_m4b, stands_alone
from auralarchive.audio.probe import Probe

#: A file that plays nearly as long as all the others together is the whole book beside its parts.
_NEARLY_ALL = 0.9
_LEAST_PARTS = 3


def divide(probes: Sequence[Probe]) -> tuple[list[Pack], list[LeftOut]]:
    """The packs that are a book each, and what is left out."""
    files: dict[Place, list[Probe]] = defaultdict(list)
    for probe, place in zip(probes, places(probes), strict=True):
        files[place[:-1]].append(probe)
    folders = {folder[:depth] for folder in files for depth in range(len(folder) + 1)}
    waiting: dict[Place, list[Pack]] = defaultdict(list)
    left: list[LeftOut] = []
    for folder in sorted(folders, key=lambda folder: (-len(folder), folder)):
        name = folder[-1] if folder else _root(probes)
        own, twins = without_twins(files.get(folder, []))
        packs, editions = without_editions([*_own(folder, name, own), *waiting.pop(folder, [])])
        waiting[folder[:-1]] += _joined(folder, name, packs)
        left += [*twins, *editions]
    return waiting[()], left


def _root(probes: Sequence[Probe]) -> str:
    """The name of the folder that was given, where it was one."""
    roots = {probe.source.path.parts[: -len(probe.source.relative.parts)] for probe in probes}
    root = roots.pop() if len(roots) == 1 else ()
    return root[-1] if len(root) > 1 else ""


# --- the files of one folder ---------------------------------------------------------------------


def _own(folder: Place, name: str, probes: Sequence[Probe]) -> list[Pack]:
    """Each file that may be a book is a pack; the others are one, or one for each album."""
    if len(probes) == 1:
        return [_single(folder, probes[0])]
    alone = {id(probe) for probe in _standing_alone(probes)}
    packs = [_single(folder, probe) for probe in probes if id(probe) in alone]
    rest = [probe for probe in probes if id(probe) not in alone]
    return packs + [
        _single(folder, members[0]) if len(members) == 1 else Pack(tuple(members), label, folder)
        for label, members in _sets(name, rest)
    ]


def _single(folder: Place, probe: Probe) -> Pack:
    return Pack((probe,), stem(probe.source.path.name), folder)


def _standing_alone(probes: Sequence[Probe]) -> list[Probe]:
    total = sum(probe.seconds for probe in probes)
    only_m4b = all(stands_alone(probe) for probe in probes)

    def alone(probe: Probe) -> bool:
        if is_complete(probe) or (only_m4b and is_m4b(probe)):
            return True
        return len(probes) > _LEAST_PARTS and probe.seconds >= _NEARLY_ALL * (total - probe.seconds)

    return [probe for probe in probes if alone(probe)]


def _sets(name: str, probes: Sequence[Probe]) -> list[tuple[str, list[Probe]]]:
    """`probes` by album where several albums are real, else by name where several names count from 1; else all."""
    if not probes:
        return []
    named = albums(probes)
    real = _real_albums(probes, named)
    if len(real) > 1:
        return _by_album(probes, named, real)
    return _by_name(name, probes) if not any(named) else [(name, list(probes))]


def _real_albums(probes: Sequence[Probe], named: Sequence[str]) -> list[str]:
    """Albums that more than one file names, or a file that is called like its album and begins it."""
    count = Counter(album for album in named if album)
    lone = {
        album
        for probe, album in zip(probes, named, strict=True)
        if album and count[album] == 1 and probe.tags.track in (None, 1) and album in key(stem(probe.source.path.name))
    }
    real = [album for album in count if count[album] > 1 or album in lone]
    return [] if _counted_through(probes, named, real) else real


def _counted_through(probes: Sequence[Probe], named: Sequence[str], real: Sequence[str]) -> bool:
    """Whether all albums are one by another name ("Dune", "Dune: A Novel"), since their tracks go on counting."""
    shortest = min(real, key=len, default="")
    if not all(album.startswith(shortest) for album in real):
        return False
    members = [probe for probe, album in zip(probes, named, strict=True) if album in real]
    tracks = {(probe.tags.disc, probe.tags.track) for probe in members if probe.tags.track is not None}
    return len(tracks) == len(members)


def _by_album(probes: Sequence[Probe], named: Sequence[str], real: Sequence[str]) -> list[tuple[str, list[Probe]]]:
    """What names no real album goes where its own name tells, else it stays apart."""
    found: dict[str, list[Probe]] = {album: [] for album in real}
    for probe, album in zip(probes, named, strict=True):
        found.setdefault(album if album in real else _album_in_name(probe, real), []).append(probe)
    return [(album, members) for album, members in found.items() if members]


def _album_in_name(probe: Probe, real: Sequence[str]) -> str:
    words = f" {key(stem(probe.source.path.name))} "
    fitting = [album for album in real if f" {album} " in words]
    return max(fitting, key=len, default="")


def _by_name(name: str, probes: Sequence[Probe]) -> list[tuple[str, list[Probe]]]:
    """Without albums: "Dune 1, 2, 3, Emma 1, 2, 3" are two books, if each counts from its own beginning."""
    found: dict[str, list[Probe]] = defaultdict(list)
    calls = [call(stem(probe.source.path.name)) for probe in probes]
    for probe, called in zip(probes, calls, strict=True):
        found[called.before if called.number else ""].append(probe)
    numbers = Counter((called.before, called.number) for called in calls)
    tracks = {(probe.tags.disc, probe.tags.track) for probe in probes}
    fronts = {scan(stem(probe.source.path.name))[:1] for probe in probes}
    through = len(probes) in (len(tracks), len({front[0].value for front in fronts if front}))
    counted = all(len(members) >= _LEAST_PARTS and numbers[before, (1, "")] for before, members in found.items())
    if len(found) < 2 or "" in found or not counted or through:
        return [(name, list(probes))]
    labels = {called.before: called.leading for called in calls}
    return [(labels[before], members) for before, members in found.items()]


# --- joining -------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Book:
    """Packs that belong together, so far."""

    packs: list[Pack] = field(default_factory=list)
    album: str = ""
    series_part: str = ""
    positions: set[Hashable] = field(default_factory=set)

    def may_take(self, pack: Pack) -> bool:
        facts = pack.facts
        return (
            facts.album in ("", self.album or facts.album)
            and facts.series_part in ("", self.series_part or facts.series_part)
            and (pack.position is None or pack.position not in self.positions)
        )

    def take(self, pack: Pack) -> None:
        self.packs.append(pack)
        self.album = self.album or pack.facts.album
        self.series_part = self.series_part or pack.facts.series_part
        self.positions.add(pack.position)

    @property
    def substantial(self) -> bool:
        return len(self.packs) > 1 or self.packs[0].substantial


def _joined(folder: Place, name: str, packs: Sequence[Pack]) -> list[Pack]:
    """The packs of one folder after it is known which belong together."""
    if not packs:
        return []
    books = _with_extras(_tied(packs))
    if len(books) > 1:
        return [_as_pack(book.packs, _name_among(name, book.packs), folder, settled=True) for book in books]
    return [_as_pack(books[0].packs, _name_of(name, books[0].packs), folder[:-1], folder=bool(name))]


def _as_pack(packs: Sequence[Pack], label: str, place: Place, *, folder: bool = False, settled: bool = False) -> Pack:
    is_folder = folder or any(pack.is_folder for pack in packs)
    probes = tuple(probe for pack in packs for probe in pack.probes)
    return Pack(probes, label, place, is_folder, settled or any(pack.settled for pack in packs))


def _name_of(folder: str, packs: Sequence[Pack]) -> str:
    """The folder's name, unless that of its content says more."""
    first = max(packs, key=lambda pack: pack.facts.seconds)
    around = call(folder)
    telling = first.call.before or (not first.call.is_part and first.call.words)
    if not telling or (around.number is not None and (around.words or around.is_part)):
        return folder
    if around.number is not None:
        return f"{folder} - {first.label}"
    shared = sum(pack.call.before == first.call.before for pack in packs) > 1
    return first.call.leading if shared and first.call.before else first.label


def _name_among(folder: str, packs: Sequence[Pack]) -> str:
    """The name of one of several: "Volume 1" alone says too little, its folder's name too much."""
    name = _name_of(folder, packs)
    return f"{folder}, {packs[0].label}" if name == folder and len(packs) == 1 and packs[0].label != folder else name


def _tied(packs: Sequence[Pack]) -> list[_Book]:
    books: list[_Book] = []
    by_tie: dict[Hashable, list[_Book]] = defaultdict(list)
    # Those with an album first: they say what the ones without may join.
    for pack in sorted(packs, key=lambda pack: (not pack.facts.album, natural(pack.label), pack.label)):
        ties = [] if pack.settled else list(pack.ties)
        book = next((book for tie in ties for book in by_tie[tie] if book.may_take(pack)), None)
        if book is None:
            book = _Book()
            books.append(book)
        book.take(pack)
        for tie in ties:
            if book not in by_tie[tie]:
                by_tie[tie].append(book)
    return books


def _with_extras(books: list[_Book]) -> list[_Book]:
    """What could be no book by itself goes with the only one that is there."""
    whole = [book for book in books if book.substantial]
    if len(whole) > 1:
        return books
    main = whole[0] if whole else books[0]
    apart = []
    for book in books:
        if book is main:
            continue
        fits = book.album in ("", main.album or book.album) or all(pack.is_extra for pack in book.packs)
        if fits or not whole:
            for pack in book.packs:
                main.take(pack)
        else:
            apart.append(book)
    return [main, *apart]
