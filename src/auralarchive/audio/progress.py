"""Progress that only ever grows, put together from the parts of the work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from auralarchive.ports.work import CancelToken, Progress

_STEP = 0.0005


class Meter:
    """Maps parts of the work onto 0.0 to 1.0; every step also looks whether the work is cancelled."""

    def __init__(self, report: Progress, cancel: CancelToken) -> None:
        self._report = report
        self._cancel = cancel
        self._lock = threading.Lock()
        self._highest = -1.0

    def at(self, part: float) -> None:
        """So much is done. Never goes back. Raises `Cancelled`."""
        self._cancel.check()
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
