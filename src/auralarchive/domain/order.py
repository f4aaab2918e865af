"""The order of the queue: the higher priority comes first, among equals the older download.

Whoever moves a download in it means a place, not a number. Here the place becomes numbers: as few priorities
change as that takes, and whoever reads between two of them sees all others in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """One download of the queue."""

    id: int
    priority: int


def in_order(queue: Sequence[Place]) -> list[Place]:
    return sorted(queue, key=lambda place: (-place.priority, place.id))


def moved(queue: Sequence[Place], wanted: int, *, before: int | None = None, after: int | None = None) -> list[Place]:
    """The priorities that put `wanted` right before, or right after, another, in the order to write them down.

    Either those above make room, or those below: whichever are fewer. The moved one is written last.
    Raises ValueError where one of them is not in the queue, or there is not exactly one neighbour.
    """
    one = _find(queue, wanted)
    neighbour = _find(queue, _only(before, after))
    if neighbour.id == wanted:
        raise ValueError("nothing stands beside itself")
    others = [place for place in in_order(queue) if place.id != wanted]
    at = others.index(neighbour) + (after is not None)
    above, below = others[:at], others[at:]
    ways = []
    if below:
        ways.append(_lifted(one, above, below[0]))
    if above:
        ways.append(_lowered(one, above[-1], below))
    fewest = min(ways, key=len)
    return [place for place in fewest if place not in queue]


def _only(before: int | None, after: int | None) -> int:
    given = [one for one in (before, after) if one is not None]
    if len(given) != 1:
        raise ValueError("exactly one neighbour is needed")
    return given[0]


def _find(queue: Sequence[Place], wanted: int) -> Place:
    found = next((place for place in queue if place.id == wanted), None)
    if found is None:
        raise ValueError(f"download {wanted} is not in the queue")
    return found


def _lifted(one: Place, above: Sequence[Place], below: Place) -> list[Place]:
    """Each gets the least priority that stands before the one below it, up to where they stand so already."""
    changes = [replace(one, priority=_least_before(one, below))]
    for place in reversed(above):
        least = _least_before(place, changes[-1])
        if place.priority >= least:
            break
        changes.append(replace(place, priority=least))
    return changes[::-1]


def _lowered(one: Place, above: Place, below: Sequence[Place]) -> list[Place]:
    """The same downwards."""
    changes = [replace(one, priority=_most_after(one, above))]
    for place in below:
        most = _most_after(place, changes[-1])
        if place.priority <= most:
            break
        changes.append(replace(place, priority=most))
    return changes[::-1]


def _least_before(place: Place, below: Place) -> int:
    return below.priority if place.id < below.id else below.priority + 1


def _most_after(place: Place, above: Place) -> int:
    return above.priority if place.id > above.id else above.priority - 1
