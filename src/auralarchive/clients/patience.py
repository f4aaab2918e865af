"""Waits until a client shows what it was told to do: its yes comes before its deed."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY = 0.1  # seconds


def wait_until(condition: Callable[[], bool], patience: float) -> bool:
    """Whether the condition came true within `patience` seconds; it is looked at once at least."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY)
    return True
