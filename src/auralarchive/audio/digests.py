"""SHA-256 of whole files, taken while other work goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from auralarchive.audio.sources import Source

_STEP = 1024 * 1024


def file_digest(fd: int, heartbeat: Callable[[], None]) -> str:
    """SHA-256 over the whole file open as `fd`, in hex; `heartbeat` may raise to stop."""
    state = hashlib.sha256()
    buffer = bytearray(_STEP)
    view = memoryview(buffer)
    at = 0
    while count := os.preadv(fd, [buffer], at):
        state.update(view[:count])
        at += count
        heartbeat()
    return state.hexdigest()


class Digests:
    """The sources' digests, made in a thread of their own from `begin` on."""

    def __init__(self, start: Callable[[], Sequence[Future[str]]]) -> None:
        self._start = start
        self._running: Sequence[Future[str]] | None = None

    def begin(self) -> Sequence[Future[str]]:
        """Now, if not before: best while others wait for the disk."""
        if self._running is None:
            self._running = self._start()
        return self._running

    def all(self) -> tuple[str, ...]:
        """One for each source, in order; waits for them. Raises what reading raises."""
        return tuple(one.result() for one in self.begin())

    def ordered(self, order: Sequence[int]) -> Digests:
        """The same of the sources in another order."""
        return Digests(lambda: [self.begin()[at] for at in order])


@contextmanager
def digests(sources: Sequence[Source], heartbeat: Callable[[], None]) -> Iterator[Digests]:
    """Those of `sources`, which are read one after another."""

    def digest(source: Source) -> str:
        with source.open() as fd:
            return file_digest(fd, heartbeat)

    pool = ThreadPoolExecutor(1, "digest")
    try:
        yield Digests(lambda: [pool.submit(digest, source) for source in sources])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
