"""How much speed is allowed, and how much there is; by a held clock."""

from __future__ import annotations

import threading
import time

import pytest

from auralarchive.clients.direct_pace import Bucket, Meter, pay
from auralarchive.ports.errors import Cancelled
from auralarchive.ports.work import CancelToken


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_came_is_paid_for_afterwards() -> None:
    """A second's worth may come at once; beyond it, the next read waits."""
    clock = Clock()
    bucket = Bucket(1_000, clock)
    bucket.take(1_000)
    assert bucket.wait() == 0
    bucket.take(500)
    assert bucket.wait() == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.wait() == 0
    clock.now += 3_600  # what was not used is not saved up
    bucket.take(2_000)
    assert bucket.wait() == pytest.approx(1.0)


def test_without_a_limit_nobody_waits() -> None:
    for bucket in (Bucket(None), Bucket(0)):
        bucket.take(10**12)
        assert bucket.wait() == 0
        assert bucket.rate is None


def test_a_lifted_limit_forgives() -> None:
    """Who owes an hour under the old limit goes on at once; the same limit again changes nothing."""
    bucket = Bucket(1, Clock())
    bucket.take(3_600)
    bucket.allow(1)
    assert bucket.wait() > 3_000
    bucket.allow(1_000)
    assert bucket.wait() == 0
    bucket.allow(None)
    assert bucket.rate is None


def test_all_limits_hold_and_a_cancel_ends_the_wait() -> None:
    """The general limit and the item's own."""
    cancel = CancelToken()
    slow = Bucket(1)
    timer = threading.Timer(0.1, cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        pay(10_000, (Bucket(None), slow), cancel)
    timer.join()
    assert slow.wait() > 1_000


def test_a_limit_that_is_lifted_while_somebody_waits_is_seen() -> None:
    slow = Bucket(1)
    timer = threading.Timer(0.1, slow.allow, [None])
    timer.start()
    begun = time.monotonic()
    pay(10_000, (slow,), CancelToken())
    timer.join()
    assert time.monotonic() - begun < 60


def test_the_speed_is_that_of_the_last_seconds() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert meter.speed() == 0
    for _ in range(20):
        clock.now += 0.1
        meter.count(1_000)
    assert meter.speed() == pytest.approx(10_000, rel=0.1)
    clock.now += 3
    assert 0 < meter.speed() < 6_000
    clock.now += 10
    assert meter.speed() == 0


def test_a_burst_costs_no_memory() -> None:
    """A fast line brings thousands of chunks a second."""
    clock = Clock()
    meter = Meter(clock)
    for _ in range(10_000):
        clock.now += 0.001
        meter.count(65_536)
    assert len(meter._slices) < 50
    assert meter.speed() == pytest.approx(65_536_000, rel=0.1)
