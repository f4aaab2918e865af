"""What one peer may ask of the live gateway."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps. Messages that a client sends are few: it connects, answers pings and asks for what it missed."""

    message_bytes: int = 64 * 1024
    messages_burst: int = 60
    messages_per_second: float = 10.0
    connections: int = 1000
    connections_per_peer: int = 256
    nameless_per_peer: int = 16
    nameless_seconds: float = 10.0
    waiting_packets: int = 400
    waiting_packets_progress: int = 20
    replay: int = 1000


class Bucket:
    """Lets a burst through and then a steady rate. Times in seconds of one clock."""

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst = burst
        self._rate = per_second
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more is fine now."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Buckets:
    """A bucket a key, the keys unused longest forgotten first."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._rate = burst, per_second
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> bool:
        """Whether this key may have one more now."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._burst, self._rate, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        return bucket.take(now)
