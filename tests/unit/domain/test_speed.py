"""Speed limits as values."""

from __future__ import annotations

from auralarchive.domain.speed import SpeedLimits


def test_nothing_said_is_no_limit() -> None:
    """0 would be a standstill: it is never what somebody means who says nothing."""
    assert SpeedLimits() == SpeedLimits(download=None, upload=None)
    assert SpeedLimits(download=1) != SpeedLimits(upload=1)


def test_what_a_client_rounds_is_the_same() -> None:
    """Some keep whole KiB; none and a limit are never the same, however small it is."""
    assert SpeedLimits(100_000, None).alike(SpeedLimits(99_328, None))
    assert not SpeedLimits(100_000).alike(SpeedLimits(98_000))
    assert not SpeedLimits(None, 500).alike(SpeedLimits(None, None))
    assert SpeedLimits().alike(SpeedLimits())
