"""Speed: how much of it is allowed, and how much there is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from auralarchive.ports.work import CancelToken

_WINDOW = 5.0  # seconds over which a speed is told
_LOOK_UP = 0.25  # seconds after which who waits looks whether the limit was lifted


class Bucket:
    """A limit in bytes per second, shared by all threads that load; a second's worth may come at once.

    What has arrived is paid for afterwards: nobody knows before how much a read will bring.
    """

    def __init__(self, rate: int | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rate = rate or None
        self._left = float(rate or 0)
        self._at = monotonic()

    @property
    def rate(self) -> int | None:
        return self._rate

    def allow(self, rate: int | None) -> None:
        """Another limit from now on; None or 0 is none. What was owed under the old one is forgiven."""
        with self._lock:
            if self._rate != (rate or None):
                self._rate, self._left, self._at = rate or None, float(rate or 0), self._monotonic()

    def take(self, amount: int) -> None:
        with self._lock:
            if self._rate is not None:
                self._refill(self._rate)
                self._left -= amount

    def wait(self) -> float:
        """Seconds until the next read is allowed."""
        with self._lock:
            if self._rate is None:
                return 0.0
            self._refill(self._rate)
            return max(0.0, -self._left / self._rate)

    def _refill(self, rate: int) -> None:
        now = self._monotonic()
        self._left = min(float(rate), self._left + (now - self._at) * rate)
        self._at = now


def pay(amount: int, buckets: Iterable[Bucket], cancel: CancelToken) -> None:
    """Take `amount` from all, and wait until each allows more. Raises `Cancelled`."""
    buckets = tuple(buckets)
    for bucket in buckets:
        bucket.take(amount)
    while (wait := max(bucket.wait() for bucket in buckets)) > 0:
        cancel.wait(min(wait, _LOOK_UP))
        cancel.check()


class Meter:
    """The speed of the last seconds. Written by several threads under their own lock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._slices: deque[tuple[float, int]] = deque()

    def count(self, amount: int) -> None:
        now = self._monotonic()
        if self._slices and now - self._slices[-1][0] < _WINDOW / 20:
            since, before = self._slices.pop()
            self._slices.append((since, before + amount))
        else:
            self._slices.append((now, amount))
            self._forget(now)

    def speed(self) -> int:
        """Bytes per second."""
        now = self._monotonic()
        self._forget(now)
        if not self._slices:
            return 0
        # From a standing start the window is as short as the time since.
        return int(sum(amount for _, amount in self._slices) / max(1.0, now - self._slices[0][0]))

    def _forget(self, now: float) -> None:
        while self._slices and now - self._slices[0][0] > _WINDOW:
            self._slices.popleft()
