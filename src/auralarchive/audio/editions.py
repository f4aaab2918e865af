"""Recognises the same book in two formats, or twice, and chooses the better one.

Two packs are the same content when they are called alike, play equally long within 1 % or 30 seconds, and are not
numbered as different parts. Whatever differs more stays, and a person is asked.

The better one needs no key; is a complete M4B with chapters, since it is kept as it is while all others lose a
little when they are encoded; is lossless; sounds audibly better; comes in fewer files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from auralarchive.audio.identity import key
from auralarchive.audio.numerals import fold
from auralarchive.audio.ordering import stem
from auralarchive.audio.packs import Pack
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import printable

_SHARE, _SECONDS, _MOST_SHARE = 0.01, 30.0, 0.05
#: Within one format nothing is added or cut off by a conversion: only the same is equally long.
_SAME_SECONDS, _SECONDS_OF_A_FILE = 0.1, 1.0
#: Sound that is worth a tenth more is audibly better; less than that is not.
_STEP = 1.1
_MOST_STEPS = 200
#: What a kbit/s is worth, against MP3's.
_WORTH = {"aac": 1.3, "vorbis": 1.4, "opus": 2.0, "wma": 0.9}
_WORTH_OF_HE_AAC = 2.0
#: An M4B of fewer weighted kbit/s is taken only where there is nothing better.
_LEAST_READY = 40.0
_MOST_COMPARED = 8
_REASONS = (
    "it needs no key",
    "it is a complete M4B with chapters, which is kept without a loss",
    "it is lossless",
    "it sounds better",
    "it comes in fewer files",
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that are not used, and why."""

    probes: tuple[Probe, ...]
    reason: str


def without_editions(packs: Sequence[Pack]) -> tuple[list[Pack], list[LeftOut]]:
    """`packs` without those that hold the same as another one, in the same order; and what was left out, and why."""
    gone: dict[int, LeftOut] = {}
    for one, other in _candidates(packs):
        if one not in gone and other not in gone and _hold_the_same(packs[one], packs[other]):
            better, worse = (one, other) if _is_better(packs[one], packs[other]) else (other, one)
            gone[worse] = LeftOut(packs[worse].probes, _told(packs[worse], packs[better]))
    return [pack for index, pack in enumerate(packs) if index not in gone], [gone[index] for index in sorted(gone)]


def without_twins(probes: Sequence[Probe]) -> tuple[list[Probe], list[LeftOut]]:
    """One folder's files without those that lie there in a better format under the same name ("01.mp3", "01.flac")."""
    named: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        named[fold(stem(probe.source.path.name))].append(probe)
    twins = [found for found in named.values() if _are_twins(found)]
    if not twins:
        return list(probes), []
    # One decision for all of them: a book that changes its format from file to file would be worse than either.
    formats: dict[str, list[Probe]] = defaultdict(list)
    for probe in (probe for found in twins for probe in found):
        formats[_suffix(probe)].append(probe)
    packs = {suffix: Pack(tuple(members), suffix) for suffix, members in formats.items()}
    best = max(packs, key=lambda suffix: (len(packs[suffix].probes), *_rank(packs[suffix]), suffix))
    left = [_left_twin(probe, found, packs, best) for found in twins for probe in found]
    gone = {id(each.probes[0]) for each in left if each}
    return [probe for probe in probes if id(probe) not in gone], [each for each in left if each]


# --- the same? -----------------------------------------------------------------------------------


def _candidates(packs: Sequence[Pack]) -> list[tuple[int, int]]:
    """Pairs whose lengths are next to each other: only those may be the same."""
    order = sorted(range(len(packs)), key=lambda index: (packs[index].facts.seconds, index))
    pairs = (sorted((one, other)) for at, one in enumerate(order) for other in order[at + 1 : at + _MOST_COMPARED])
    return [(one, other) for one, other in sorted(pairs) if _equally_long(packs[one], packs[other])]


def _hold_the_same(left: Pack, right: Pack) -> bool:
    if left.settled and right.settled and left.place == right.place:
        return False  # their own folder has compared them already
    return not (left.is_extra or right.is_extra) and not _numbered_apart(left, right) and _called_alike(left, right)


def _equally_long(left: Pack, right: Pack) -> bool:
    one, other = left.facts.seconds, right.facts.seconds
    apart, longer = abs(one - other), max(one, other)
    share = max(_SHARE * longer, min(_SECONDS, _MOST_SHARE * longer))
    if apart > share:
        return False
    if len(left.probes) != len(right.probes) or left.form != right.form:
        return True
    return _file_by_file(left, right, _SAME_SECONDS)


def _same_files_in_two_formats(left: Pack, right: Pack) -> bool:
    counts = len(left.probes), len(right.probes)
    return left.form != right.form and counts[0] == counts[1] > 1 and _file_by_file(left, right, _SECONDS_OF_A_FILE)


def _file_by_file(left: Pack, right: Pack, seconds: float) -> bool:
    """Whether both have files of the same lengths, to so many seconds."""
    lengths = (sorted(probe.seconds for probe in pack.probes) for pack in (left, right))
    return all(abs(one - other) <= seconds for one, other in zip(*lengths, strict=True))


def _numbered_apart(left: Pack, right: Pack) -> bool:
    """Disc 1 and disc 2 are often equally long, and volumes of a series are no editions of one another."""
    pairs: list[tuple[object, object]] = [
        (left.call.number, right.call.number),
        (left.facts.series_part or None, right.facts.series_part or None),
    ]
    if left.is_single and right.is_single:
        one, other = left.probes[0].tags, right.probes[0].tags
        pairs += [(one.track, other.track), (one.disc, other.disc)]
    else:
        pairs.append((_disc(left), _disc(right)))
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _disc(pack: Pack) -> int | None:
    discs = {probe.tags.disc for probe in pack.probes}
    return discs.pop() if len(discs) == 1 else None


def _called_alike(left: Pack, right: Pack) -> bool:
    albums = (left.facts.album, right.facts.album)
    if "" not in albums and albums[0] != albums[1]:
        return False
    if left.facts.title and right.facts.title and left.facts.title != right.facts.title:
        return False
    one, other = left.call.words, right.call.words
    if one and one == other and ("" not in albums or _lie_alike(left, right)):
        return True
    # One file and a set of files, equally long: a set is never a part of what lies beside it as one file.
    one_and_many = left.is_single != right.is_single
    if "" not in albums:
        within = set(one.split()) <= set(other.split()) or set(other.split()) <= set(one.split())
        return one_and_many or within or _same_files_in_two_formats(left, right)
    # Without tags: a file beside a set of another format, or folders that are called by their format only.
    beside = left.place == right.place and left.form != right.form
    return beside and (one_and_many or not (one or other))


def _lie_alike(left: Pack, right: Pack) -> bool:
    """Whether two files of one name, without an album, may be the same: in "1" and "2" they hardly are."""
    if not (left.is_single and right.is_single) or left.form != right.form:
        return True
    one, other = (set(key(pack.probes[0].source.path.parent.name).split()) for pack in (left, right))
    return one <= other or other <= one


def _are_twins(found: Sequence[Probe]) -> bool:
    suffixes = {_suffix(probe) for probe in found}
    seconds = [probe.seconds for probe in found]
    slack = max(1.0, _SHARE * max(seconds))
    return len(found) == len(suffixes) > 1 and max(seconds) - min(seconds) <= min(slack, _MOST_SHARE * max(seconds))


def _left_twin(probe: Probe, found: Sequence[Probe], packs: dict[str, Pack], best: str) -> LeftOut | None:
    """What is told of a file that stands behind its twin; None for the one that stays."""
    kept = next((twin for twin in found if _suffix(twin) == best), found[0])
    if probe is kept:
        return None
    why = _why(packs[_suffix(probe)], packs[_suffix(kept)])
    return LeftOut((probe,), f"{probe.source.name} holds the same as {kept.source.name}: {why}.")


# --- the better ----------------------------------------------------------------------------------


def _is_better(one: Pack, other: Pack) -> bool:
    left, right = _rank(one), _rank(other)
    # Of packs that are equal in everything the one with the plainer name stays.
    return left > right if left != right else (len(one.label), one.label) <= (len(other.label), other.label)


def _rank(pack: Pack) -> tuple[bool, bool, bool, int, int]:
    """The higher, the better; see `_REASONS`."""
    quality, steps = _quality(pack), 0
    first = pack.probes[0]
    ready = pack.is_single and first.codec == "aac" and len(first.chapters) > 1 and quality >= _LEAST_READY
    while quality >= _STEP and steps < _MOST_STEPS:
        quality, steps = quality / _STEP, steps + 1
    return (
        not any(probe.encrypted for probe in pack.probes),
        ready,
        all(probe.lossless for probe in pack.probes),
        steps,
        -len(pack.probes),
    )


def _quality(pack: Pack) -> float:
    """Thousands of bits a second, weighted by what each codec makes of them."""
    bits = sum(probe.bitrate_kbps * _worth(probe) * probe.seconds for probe in pack.probes)
    return bits / max(pack.facts.seconds, 0.001)


def _worth(probe: Probe) -> float:
    if probe.aac is not None and probe.aac.config.sbr:
        return _WORTH_OF_HE_AAC
    return _WORTH.get(probe.codec, 1.0)


# --- in words ------------------------------------------------------------------------------------


def _suffix(probe: Probe) -> str:
    return probe.source.path.suffix.casefold()


def _told(worse: Pack, better: Pack) -> str:
    verb = "holds" if worse.is_single else "hold"
    return f"{_described(worse)} {verb} the same as {_described(better)}: {_why(worse, better)}."


def _described(pack: Pack) -> str:
    first = pack.probes[0]
    form = f"{first.codec.upper()}, {first.bitrate_kbps:.0f} kbit/s"
    if pack.is_single:
        return f"{first.source.name} ({form})"
    return f"{len(pack.probes)} files in {printable(first.source.path.parent.name)} ({form})"


def _why(worse: Pack, better: Pack) -> str:
    pairs = zip(_REASONS, _rank(worse), _rank(better), strict=True)
    found = next((why for why, low, high in pairs if low != high), None)
    return f"the latter was taken, {found}" if found else "one of them is enough"
