"""Seeding goals: how long a torrent stays for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class SeedGoal:
    """A seed ratio, a seeding time in seconds, or both; reaching either is enough. None is unset."""

    ratio: float | None = None
    seconds: int | None = None


def choose_goal(per_indexer: SeedGoal, general: SeedGoal, floor: SeedGoal) -> SeedGoal:
    """The goal of one torrent: the indexer's setting over the general one, never below the feed's floor.

    The floor is what the tracker demands of everyone (`minimumratio`, `minimumseedtime`). Where it
    demands more than the goal, its own value becomes the goal; where no goal is set, there is none.
    """
    ratio = per_indexer.ratio if per_indexer.ratio is not None else general.ratio
    seconds = per_indexer.seconds if per_indexer.seconds is not None else general.seconds
    return SeedGoal(_at_least(ratio, floor.ratio), _at_least(seconds, floor.seconds))


def goal_reached(goal: SeedGoal, ratio: float | None, seconds: int | None) -> bool:
    """Whether `ratio` or `seconds` meets the goal. A goal without any value is never reached."""
    by_ratio = goal.ratio is not None and ratio is not None and ratio >= goal.ratio
    by_time = goal.seconds is not None and seconds is not None and seconds >= goal.seconds
    return by_ratio or by_time


def _at_least(value: Number | None, floor: Number | None) -> Number | None:
    return value if value is None or floor is None else max(value, floor)
