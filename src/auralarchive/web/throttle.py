"""Slows down whoever guesses passwords, and nobody else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from auralarchive.ports.work import Clock

#: So many keys are remembered; the ones unused longest go first.
_MOST_KEYS = 10_000
_LONGEST_WAIT = 300.0
#: After such a pause a peer begins anew.
_FORGET_AFTER = 3600.0


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Exponential delay by key (an account as one peer tries it): free attempts, then 1, 2, 4 … 300 seconds.

    The key contains the peer, so that nobody can lock an account's owner out from elsewhere.
    """

    def __init__(self, clock: Clock, free_attempts: int) -> None:
        self._clock = clock
        self._free = free_attempts
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_seconds(self, key: str) -> float:
        """How long this key has to wait before the next attempt counts; 0.0 for not at all."""
        with self._lock:
            failures = self._failures.get(key)
            if failures is None or failures.count < self._free:
                return 0.0
            delay = min(_LONGEST_WAIT, 2.0 ** min(failures.count - self._free, 30))
            return max(0.0, failures.last + delay - self._clock.monotonic())

    def failed(self, key: str) -> None:
        """Count a failed attempt."""
        now = self._clock.monotonic()
        with self._lock:
            failures = self._failures.setdefault(key, _Failures(0, now))
            if now - failures.last > _FORGET_AFTER:
                failures.count = 0
            failures.count += 1
            failures.last = now
            self._failures.move_to_end(key)
            if len(self._failures) > _MOST_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget this key's failures."""
        with self._lock:
            self._failures.pop(key, None)
