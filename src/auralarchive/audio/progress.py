"""Progress that only ever grows, put together from the parts of the work."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from auralarchive.audio.plan import Coder
from auralarchive.audio.settings import ProofOfCopies
from auralarchive.ports.work import CancelToken, Progress

_STEP = 0.0005
#: What an encode of some sound takes, where listening to it takes 1; and the other work that either brings. Measured.
_ENCODE: dict[str, float] = {"fast": 12.0, "twoloop": 22.0}
_BESIDES = 0.45
#: Of a copy: the part that listening to it takes, and those of writing it where it is, and is not, listened to.
LISTEN_SHARE = 0.85
_COPY_SHARES: dict[ProofOfCopies, float] = {"decode": 0.07, "packets": 0.4}
_AT_FIRST_SECONDS = 1.0
_WINDOW_SECONDS = 60.0


def encode_share(coder: Coder, part: float = 1.0) -> float:
    """The share of the whole work that is the encode, where this `part` of the sound is encoded."""
    work = _ENCODE.get(coder, _ENCODE["twoloop"]) * part
    return work / (work + 1 + _BESIDES)


def copy_share(proof: ProofOfCopies) -> float:
    """The share of the whole work that is the writing, where all is copied."""
    return _COPY_SHARES[proof]


class Meter:
    """Maps parts of the work onto 0.0 to 1.0; every step also looks whether the work is cancelled.

    `watch` is called with every step, and may raise to end the work.
    """

    def __init__(self, report: Progress, cancel: CancelToken, watch: Callable[[], None] = lambda: None) -> None:
        self._report = report
        self._cancel = cancel
        self._watch = watch
        self._lock = threading.Lock()
        self._highest = -1.0

    def at(self, part: float) -> None:
        """So much is done. Never goes back. Raises `Cancelled`, and what `watch` raises."""
        self._cancel.check()
        self._watch()
        with self._lock:
            self._show(min(1.0, part))

    def _show(self, part: float) -> None:
        if part - self._highest >= _STEP or (part == 1.0 and self._highest < 1.0):
            self._highest = part
            self._report(part)

    def span(self, start: float, end: float, total: float) -> Callable[[float], None]:
        """A function for any thread that adds up amounts of a known total, and shows them between the two ends."""
        lock = threading.Lock()
        done = 0.0

        def add(amount: float) -> None:
            nonlocal done
            with lock:
                done += amount
            self.at(start + (end - start) * min(1.0, done / total if total else 1.0))

        return add


class Pace:
    """How fast the part done grows, by the last minute, and so how long the rest will take.

    What is there in the first second may be of an earlier attempt: that is no pace.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._seen: deque[tuple[float, float]] = deque()

    def at(self, part: float) -> None:
        """So much is done now."""
        now = self._clock()
        self._began = now if self._began is None else self._began
        if now - self._began < _AT_FIRST_SECONDS:
            self._seen.clear()
        while len(self._seen) > 1 and now - self._seen[1][0] >= _WINDOW_SECONDS:
            self._seen.popleft()
        self._seen.append((now, part))

    @property
    def rate(self) -> float | None:
        """Parts a second; None until that is known."""
        if len(self._seen) < 2:
            return None
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return (after - before) / (last - first) if last > first and after > before else None

    @property
    def left(self) -> float | None:
        """Seconds from now to the end; None until that is known."""
        rate = self.rate
        if rate is None:
            return None
        last, part = self._seen[-1]
        return max(0.0, (1.0 - part) / rate - (self._clock() - last))


class Rising:
    """Turns a figure that grows into the amounts by which it grew."""

    def __init__(self, on_more: Callable[[float], None]) -> None:
        self._on_more = on_more
        self._told = 0.0

    def to(self, figure: float) -> None:
        """It has come to this; less than before counts for nothing."""
        if figure > self._told:
            self._on_more(figure - self._told)
            self._told = figure


class LinkedToken(CancelToken):
    """Cancelled by itself or by the one that it hangs on: ends helpers without ending the whole work."""

    def __init__(self, outer: CancelToken) -> None:
        super().__init__()
        self._outer = outer

    @property
    def cancelled(self) -> bool:
        return super().cancelled or self._outer.cancelled
