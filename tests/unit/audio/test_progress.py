"""Progress grows, and every step hears of a cancel."""

from __future__ import annotations

import pytest

from auralarchive.audio.progress import LinkedToken, Meter
from auralarchive.ports.errors import Cancelled, NoSpace
from auralarchive.ports.work import CancelToken


def test_it_never_goes_back_and_ends_at_one() -> None:
    seen: list[float] = []
    meter = Meter(seen.append, CancelToken())
    step = meter.span(0.2, 0.6, 100)
    for amount in (0.5, 30, 0.001, 90):
        step(amount)
    meter.at(0.1)
    meter.at(1.0)
    meter.at(1.0)
    assert seen == sorted(set(seen))
    assert (seen[-2], seen[-1]) == (0.6, 1.0)


def test_nothing_to_do_is_done_at_once() -> None:
    seen: list[float] = []
    Meter(seen.append, CancelToken()).span(0.0, 0.5, 0)(0)
    assert seen == [0.5]


def test_a_cancel_is_heard() -> None:
    cancel = CancelToken()
    step = Meter(lambda part: None, cancel).span(0.0, 1.0, 10)
    cancel.cancel()
    with pytest.raises(Cancelled):
        step(1)


def test_every_step_watches() -> None:
    """Whatever must end the work, such as a disk that is filling up, is asked by all that goes on."""

    def full() -> None:
        raise NoSpace("full")

    step = Meter(lambda part: None, CancelToken(), full).span(0.0, 1.0, 10)
    with pytest.raises(NoSpace):
        step(1)


def test_helpers_can_be_ended_alone() -> None:
    outer = CancelToken()
    one, other = LinkedToken(outer), LinkedToken(outer)
    one.cancel()
    assert (one.cancelled, other.cancelled, outer.cancelled) == (True, False, False)
    outer.cancel()
    with pytest.raises(Cancelled):
        other.check()
