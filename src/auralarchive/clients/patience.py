"""Waits until a client shows what it was told to do: its yes comes before its deed."""

from __future__ import annotations

import time
from collections.abc import Callable

from auralarchive.ports.errors import Unreachable

LOOK_EVERY = 0.1  # seconds


def wait_until(condition: Callable[[], bool], patience: float) -> bool:
    """Whether the condition came true within `patience` seconds; it is looked at once at least."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY)
    return True


def wait_until_gone(client: str, gone: Callable[[], bool], patience: float) -> None:
    """Raises `Unreachable` where a removed item is still there: what was not seen to go is removed once more."""
    if not wait_until(gone, patience):
        raise Unreachable(
            f"{client} does not let go of an item that it was told to remove.",
            "It is removed at the next attempt; see its log if that does not help.",
        )
