"""Phases add up, also when they fail."""

from __future__ import annotations

import time

import pytest

from auralarchive.audio.timing import Timing


def _fail() -> None:
    time.sleep(0.02)
    raise ZeroDivisionError


def test_phases_of_one_name_add_up() -> None:
    timing = Timing()
    with timing.phase("write"):
        time.sleep(0.02)
    with pytest.raises(ZeroDivisionError), timing.phase("write"):
        _fail()
    assert list(timing.seconds) == ["write"]
    assert timing.seconds["write"] >= 0.04
