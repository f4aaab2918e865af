"""A week of speed limits: which ones hold at a moment.

Hours are those of the wall clock. When the clocks go forward, an hour that does not exist is left out; when they
go back, the hour that comes twice counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from auralarchive.domain.speed import SpeedLimits

#: As `datetime.weekday` counts them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Span:
    """Some hours of some days, in minutes since midnight. One that ends where or before it begins goes on into the
    next day; it belongs to the day on which it begins."""

    days: frozenset[int]
    begins: int
    ends: int
    limits: SpeedLimits

    def holds(self, weekday: int, minute: int) -> bool:
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= minute < self.ends
        return (weekday in self.days and minute >= self.begins) or (
            (weekday - 1) % 7 in self.days and minute < self.ends
        )


@dataclass(frozen=True, slots=True)
class SpeedPlan:
    """The spans, of which the first that holds counts, and what holds at all other times; None: nothing does.

    `zone` of None is the machine's own.
    """

    spans: Sequence[Span] = ()
    otherwise: SpeedLimits | None = None
    zone: tzinfo | None = None


def minute_of(hour: str) -> int:
    """`07:30` in minutes since midnight."""
    hours, _, minutes = hour.partition(":")
    return int(hours) * 60 + int(minutes)


def limits_at(plan: SpeedPlan, moment: datetime) -> SpeedLimits | None:
    """What is wanted at this moment; None: nothing is, and the clients keep their own limits."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone could be any")
    local = moment.astimezone(plan.zone)
    weekday, minute = local.weekday(), local.hour * 60 + local.minute
    return next((span.limits for span in plan.spans if span.holds(weekday, minute)), plan.otherwise)
