"""The real clock."""

from __future__ import annotations

from datetime import UTC, datetime

from auralarchive.runtime.clock import SystemClock


def test_time_is_aware_and_goes_on() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    assert clock.monotonic() <= clock.monotonic()
