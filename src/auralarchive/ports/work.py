"""Small things that every port shares: the clock, cancelling, progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from auralarchive.ports.errors import Cancelled

#: Called with the part done, 0.0 to 1.0, as often as the work likes; it must return at once.
Progress = Callable[[float], None]


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """The time of day, aware, UTC: for records and deadlines that outlive the process."""

    def monotonic(self) -> float:
        """Seconds that never jump: for time-outs."""


class CancelToken:
    """Set once by whoever takes the work away; looked at by whoever does it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; True as soon as the work is cancelled."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise `Cancelled` once the work is taken away."""
        if self.cancelled:
            raise Cancelled
