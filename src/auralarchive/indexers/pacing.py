"""Keeps our manners: a pause between two requests to one indexer, and silence after it asked for it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from auralarchive.indexers.values import parse_date
from auralarchive.ports.errors import RateLimited
from auralarchive.ports.work import CancelToken, Clock

LONGEST_PAUSE = 24 * 3600.0
DEFAULT_PAUSE = 3600.0
_LOOK_UP = 0.1  # seconds after which one who waits looks whether it is still wanted


class Pace:
    """The pauses of one indexer; shared by all threads that ask it. Times in seconds."""

    def __init__(self, name: str, clock: Clock, min_interval: float) -> None:
        self._name = name
        self._clock = clock
        self._min_interval = min_interval
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._next = -math.inf
        self._cool_until = -math.inf
        self._why = ""

    def check(self) -> None:
        """Raise `RateLimited` while the indexer cools down."""
        left = self._cool_until - self._clock.monotonic()
        if left > 0:
            raise RateLimited(
                f"{self._name} is left alone for another {_spoken(left)}: {self._why}",
                "It is asked again by itself afterwards.",
                retry_after=left,
            )

    def wait(self, cancel: CancelToken) -> None:
        """Wait for our turn. Raises `RateLimited` while it cools down, `Cancelled`."""
        self.check()
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._min_interval
        if turn > now:
            cancel.wait(turn - now)
        cancel.check()
        self.check()

    @contextmanager
    def turn(self, cancel: CancelToken) -> Iterator[None]:
        """Ask inside of this: nobody else does so meanwhile. Raises what `wait` raises."""
        while not self._asking.acquire(timeout=_LOOK_UP):
            cancel.check()
        try:
            self.wait(cancel)
            yield
        finally:
            with self._lock:  # the pause begins when an answer ends, however long that took
                self._next = max(self._next, self._clock.monotonic() + self._min_interval)
            self._asking.release()

    def cool(self, seconds: float | None, why: str) -> RateLimited:
        """Begin a silence, at most a day; returns the error to raise."""
        pause = DEFAULT_PAUSE if seconds is None else min(max(seconds, 1.0), LONGEST_PAUSE)
        self._why = why
        self._cool_until = self._clock.monotonic() + pause
        return RateLimited(
            f"{self._name} asks not to be asked for {_spoken(pause)}: {why}",
            "It is asked again by itself afterwards.",
            retry_after=pause,
        )


class Manners:
    """The paces of hosts that belong to everybody: one each, whichever of our indexers asks it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, float], Pace] = {}

    def towards(self, host: str, min_interval: float) -> Pace:
        """The pace of this host. With another pause it is another one: an owner's own server, most likely."""
        with self._lock:
            return self._paces.setdefault((host, min_interval), Pace(host, self._clock, min_interval))


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header, a number or a date; None where it makes no sense."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_PAUSE) or None
    moment = parse_date(text)
    if moment is None or moment <= now:
        return None
    return min((moment - now).total_seconds(), LONGEST_PAUSE)


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
