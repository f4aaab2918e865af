"""A week of speed limits, by the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.speed_plan import DAYS, Span, SpeedPlan, limits_at, minute_of

BERLIN = ZoneInfo("Europe/Berlin")
SLOW, FAST, GENERAL = SpeedLimits(100_000, 50_000), SpeedLimits(), SpeedLimits(1_000_000)
MONDAY = datetime(2026, 1, 5, tzinfo=BERLIN)


def span(begins: str, ends: str, *days: str, limits: SpeedLimits = SLOW) -> Span:
    return Span(frozenset(DAYS.index(day) for day in days or DAYS), minute_of(begins), minute_of(ends), limits)


def at(day: str, hour: str) -> datetime:
    return MONDAY + timedelta(days=DAYS.index(day), minutes=minute_of(hour))


def plan(*spans: Span, otherwise: SpeedLimits | None = None) -> SpeedPlan:
    return SpeedPlan(spans, otherwise, BERLIN)


def test_without_a_plan_nothing_is_wanted() -> None:
    """Clients keep their own limits."""
    assert limits_at(SpeedPlan(), MONDAY) is None
    assert limits_at(plan(span("08:00", "18:00")), at("mon", "07:59")) is None


@pytest.mark.parametrize(
    ("day", "hour", "held"),
    [
        ("mon", "07:59", False),
        ("mon", "08:00", True),
        ("fri", "17:59", True),
        ("fri", "18:00", False),
        ("sat", "12:00", False),
    ],
)
def test_hours_begin_with_the_first_minute_and_end_before_the_last(day: str, hour: str, held: bool) -> None:
    office = plan(span("08:00", "18:00", "mon", "tue", "wed", "thu", "fri"), otherwise=GENERAL)
    assert limits_at(office, at(day, hour)) == (SLOW if held else GENERAL)


@pytest.mark.parametrize(
    ("day", "hour", "held"),
    [
        ("sat", "23:00", True),
        ("sun", "05:59", True),
        ("sun", "06:00", False),
        ("sun", "23:00", False),
        ("sat", "05:00", False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(day: str, hour: str, held: bool) -> None:
    """Over the end of the week, too."""
    assert (limits_at(plan(span("22:00", "06:00", "sat")), at(day, hour)) == SLOW) is held


def test_sunday_night_goes_on_into_monday() -> None:
    assert limits_at(plan(span("22:00", "06:00", "sun")), at("mon", "05:00")) == SLOW


def test_the_same_hour_twice_is_a_whole_day() -> None:
    whole = plan(span("00:00", "00:00", "tue"))
    assert [limits_at(whole, at(day, "12:00")) for day in ("mon", "tue", "wed")] == [None, SLOW, None]
    from_noon = plan(span("12:00", "12:00", "tue"))
    assert limits_at(from_noon, at("wed", "11:59")) == SLOW
    assert limits_at(from_noon, at("tue", "11:59")) is None


def test_the_first_that_holds_counts() -> None:
    """Also where it says that nothing is limited."""
    week = plan(span("01:00", "05:00", limits=FAST), span("00:00", "00:00"), otherwise=GENERAL)
    assert limits_at(week, at("mon", "02:00")) == FAST
    assert limits_at(week, at("mon", "06:00")) == SLOW


def test_hours_are_those_of_the_plans_own_zone() -> None:
    evening = plan(span("20:00", "21:00", "mon"))
    assert limits_at(evening, datetime(2026, 1, 5, 19, 30, tzinfo=UTC)) == SLOW
    assert limits_at(evening, datetime(2026, 7, 6, 18, 30, tzinfo=UTC)) == SLOW, "an hour earlier in summer"
    assert limits_at(evening, datetime(2026, 7, 6, 19, 30, tzinfo=UTC)) is None


def test_the_machines_zone_where_none_is_named() -> None:
    moment = datetime(2026, 1, 5, 12, tzinfo=UTC)
    local = moment.astimezone()
    minute = local.hour * 60 + local.minute
    own = SpeedPlan((Span(frozenset({local.weekday()}), minute, minute + 1, SLOW),))
    assert limits_at(own, moment) == SLOW
    assert limits_at(own, moment + timedelta(minutes=1)) is None


def test_when_the_clocks_change() -> None:
    """The hour that comes twice counts twice, the one that is left out does not come."""
    early = plan(span("02:00", "03:00", "sun"))
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    held = [limits_at(early, autumn + timedelta(hours=hours)) for hours in range(-1, 3)]
    assert held == [None, SLOW, SLOW, None]
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert [limits_at(early, spring + timedelta(hours=hours)) for hours in range(3)] == [None, None, None]


def test_a_moment_without_a_zone_could_be_any() -> None:
    with pytest.raises(ValueError, match="time zone"):
        limits_at(plan(), datetime(2026, 1, 5))  # noqa: DTZ001 - that is the point


spans = st.builds(
    Span,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.builds(SpeedLimits, st.integers(1024, 10**9)),
)
minutes = st.integers(0, 7 * 1440 - 1)


@given(spans, minutes)
def test_a_span_holds_for_as_long_as_it_says(one: Span, minute: int) -> None:
    """Told another way: minute by minute from the beginning of each of its days."""
    long = (one.ends - one.begins) % 1440 or 1440
    held = {(day * 1440 + one.begins + passed) % (7 * 1440) for day in one.days for passed in (0, long - 1)}
    for edge in held:
        assert one.holds(*divmod(edge, 1440))
    inside = any((minute - day * 1440 - one.begins) % (7 * 1440) < long for day in one.days)
    assert one.holds(*divmod(minute, 1440)) is inside


@given(st.lists(spans, max_size=5), minutes)
def test_what_holds_is_the_first_entry_or_the_rest(entries: list[Span], minute: int) -> None:
    moment = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=minute)
    held = [entry.limits for entry in entries if entry.holds(*divmod(minute, 1440))]
    assert limits_at(SpeedPlan(entries, GENERAL, UTC), moment) == (held[0] if held else GENERAL)
