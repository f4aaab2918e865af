"""Whoever guesses is slowed down, and nobody else."""

from __future__ import annotations

from auralarchive.web.throttle import Throttle
from tests.support.web import SystemClock


def test_waits_grow_and_end() -> None:
    """Free attempts first, then one, two, four … seconds, never more than five minutes."""
    clock = SystemClock()
    throttle = Throttle(clock, free_attempts=3)
    waits = []
    for _ in range(14):
        waits.append(round(throttle.wait_seconds("ann")))
        throttle.failed("ann")
        clock.ahead += 0.0
    assert waits[:3] == [0, 0, 0]
    assert waits[3:7] == [1, 2, 4, 8]
    assert max(waits) <= 300
    clock.ahead += 301
    assert throttle.wait_seconds("ann") == 0.0


def test_other_keys_do_not_wait() -> None:
    """The same account from another peer is another key."""
    throttle = Throttle(SystemClock(), free_attempts=1)
    for _ in range(9):
        throttle.failed("ann\n192.0.2.1")
    assert throttle.wait_seconds("ann\n192.0.2.1") > 0
    assert throttle.wait_seconds("ann\n192.0.2.2") == 0


def test_success_and_time_forget() -> None:
    """A right password, or an hour's quiet, begins anew."""
    clock = SystemClock()
    throttle = Throttle(clock, free_attempts=1)
    for _ in range(5):
        throttle.failed("ann")
    throttle.succeeded("ann")
    assert throttle.wait_seconds("ann") == 0
    for _ in range(5):
        throttle.failed("ann")
    clock.ahead += 4000
    throttle.failed("ann")
    assert throttle.wait_seconds("ann") <= 1


def test_memory_is_bounded() -> None:
    """Ever new names and peers cannot fill the memory."""
    throttle = Throttle(SystemClock(), free_attempts=1)
    for number in range(10_500):
        throttle.failed(str(number))
    assert len(throttle._failures) == 10_000
