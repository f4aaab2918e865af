"""Which client gets a download: the one place that decides it, from values alone.

A client that a person chose comes before everything. Else only those count that take the protocol and whose rule
lets the download in; one with a rule of its own comes before those that take anything, then the smaller priority
number. Among equals they take turns by the download's id: nothing has to be remembered, so that a crash between
two steps, or a second process, comes to the same client again. One that is in trouble is passed over; where
nobody is left, the download waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadType

#: Newznab's numbers: 3000 stands for all of 3000 to 3999. Indexers' own numbers from here on stand for themselves.
_OWN_CATEGORIES = 100_000


class Why(StrEnum):
    """What made it this client; the pages have the words."""

    CHOSEN = "chosen"  # by a person
    RULE = "rule"  # its rule names this download
    ONLY = "only"  # no other one takes it
    PREFERRED = "preferred"  # its priority
    TURN = "turn"  # it was its turn among equals
    STAND_IN = "stand_in"  # whoever comes before it is in trouble


@dataclass(frozen=True, slots=True)
class Rule:
    """What a client is for. Each part that is not empty has to fit; within a part, one of its values."""

    indexers: frozenset[str] = frozenset()
    categories: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.indexers or self.categories or self.tags)

    def admits(self, download: Download) -> bool:
        """Whether the download may go there; an empty rule lets everything in."""
        categories = [one for own in self.categories for one in download.categories if _covers(own, one)]
        return (
            (not self.indexers or bool(_folded([download.indexer or ""]) & _folded(self.indexers)))
            and (not self.categories or bool(categories))
            and (not self.tags or bool(_folded(download.tags) & _folded(self.tags)))
        )


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def _covers(wanted: int, category: int) -> bool:
    whole = 0 < wanted < _OWN_CATEGORIES and wanted % 1000 == 0
    return category == wanted or (whole and category < _OWN_CATEGORIES and category // 1000 == wanted // 1000)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client that is switched on, as far as the choice goes. `trouble` says why it is left alone at the moment."""

    name: str
    protocols: frozenset[DownloadType]
    priority: int = 1
    rule: Rule = field(default_factory=Rule)
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """This one gets it."""

    client: str
    why: Why


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody could take it, but not now."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoClient:
    """Nobody can take it: a setting has to be mended."""

    reason: str
    remedy: str


Choice = Chosen | Wait | NoClient


def choose(download: Download, candidates: Sequence[Candidate]) -> Choice:
    """The client for this download, or why there is none now."""
    if download.chosen_client is not None:
        return _as_chosen(download, download.chosen_client, candidates)
    able = [one for one in candidates if download.download_type in one.protocols]
    if not able:
        return NoClient(
            f"No download client for {download.download_type} is enabled.", "Enable one in the settings, then retry."
        )
    fitting = [one for one in able if one.rule.admits(download)]
    if not fitting:
        return NoClient(
            f"The rules of {_names(able)} let this download in nowhere.",
            "Choose a client for it, give it a tag that a rule names, or change a rule in the settings; then retry.",
        )
    return _first_well(_in_order(download.id, fitting)) or _waiting(fitting)


def _as_chosen(download: Download, name: str, candidates: Sequence[Candidate]) -> Choice:
    chosen = next((one for one in candidates if one.name == name), None)
    if chosen is None:
        return Wait(
            f"Waiting for {name}: this client was chosen, but it is switched off or no longer there."
            " Enable it in the settings, or choose another one."
        )
    if download.download_type not in chosen.protocols:
        return NoClient(
            f"The client {name} takes no {download.download_type}.", "Choose another client for it, then retry."
        )
    return _waiting([chosen]) if chosen.trouble is not None else Chosen(name, Why.CHOSEN)


def _in_order(download_id: int, fitting: Sequence[Candidate]) -> list[tuple[Candidate, Why]]:
    """Whoever comes first, and why it would be the one. Each round of equals begins with another of them."""
    order: list[tuple[Candidate, Why]] = []
    for _, group in groupby(sorted(fitting, key=_rank), key=_rank):
        equals = sorted(group, key=lambda one: one.name)
        first = download_id % len(equals)
        order += [(one, _reason(one, equals, fitting)) for one in (*equals[first:], *equals[:first])]
    return order


def _rank(candidate: Candidate) -> tuple[bool, int]:
    return not candidate.rule, candidate.priority


def _reason(candidate: Candidate, equals: Sequence[Candidate], fitting: Sequence[Candidate]) -> Why:
    if candidate.rule:
        return Why.RULE
    if len(fitting) == 1:
        return Why.ONLY
    return Why.TURN if len(equals) > 1 else Why.PREFERRED


def _first_well(order: Sequence[tuple[Candidate, Why]]) -> Chosen | None:
    for place, (candidate, why) in enumerate(order):
        if candidate.trouble is None:
            return Chosen(candidate.name, Why.STAND_IN if place else why)
    return None


def _waiting(clients: Sequence[Candidate]) -> Wait:
    return Wait("Waiting for " + "; ".join(f"{one.name}: {one.trouble}" for one in clients))


def _names(candidates: Sequence[Candidate]) -> str:
    return ", ".join(one.name for one in candidates)
