"""How long each phase of a conversion took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Timing:
    """Seconds of wall time by phase; `on_phase` hears the name of each that begins."""

    def __init__(self, on_phase: Callable[[str], None] = lambda name: None) -> None:
        self.seconds: dict[str, float] = {}
        self._on_phase = on_phase

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Whatever happens in this block belongs to `name`; phases of one name add up."""
        self._on_phase(name)
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 4)
