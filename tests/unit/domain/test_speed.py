"""Speed limits as values."""

from __future__ import annotations

from auralarchive.domain.speed import SpeedLimits


def test_nothing_said_is_no_limit() -> None:
    """0 would be a standstill: it is never what somebody means who says nothing."""
    assert SpeedLimits() == SpeedLimits(download=None, upload=None)
    assert SpeedLimits(download=1) != SpeedLimits(upload=1)
