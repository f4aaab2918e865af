"""Takes decoded sound in order and encodes it in units: for sources that cannot be cut exactly by FFmpeg.

Each unit's samples lie in a work file till it is encoded, so that the length of a book costs no memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auralarchive.audio.ffmpeg import pcm_input
from auralarchive.audio.grid import FRAME, Unit, unit_at
from auralarchive.audio.plan import Format
from auralarchive.audio.unitencoder import Made, UnitEncoder

_ENDLESS = 1 << 62


@dataclass(slots=True)
class Spool:
    """A work file of 32-bit samples; `unit` says which of the book's."""

    path: Path
    unit: Unit
    fd: int
    state: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: memoryview) -> None:
        self.state.update(data)
        while data:
            data = data[os.write(self.fd, data) :]

    @contextmanager
    def opened(self) -> Iterator[list[int]]:
        yield [self.fd]

    def arguments(self, target: Format, fds: Sequence[int]) -> tuple[list[str], str]:
        return pcm_input(target.rate, target.channels, fds[0]), "[0:a:0]"

    def identity(self) -> object:
        return self.state.hexdigest()

    def remove(self) -> None:
        os.close(self.fd)
        self.path.unlink(missing_ok=True)


class Spooler:
    """Cuts a stream into units of `own` frames, and encodes `jobs` of them at a time."""

    def __init__(self, encoder: UnitEncoder, folder: Path, own: int, jobs: int) -> None:
        self._encoder = encoder
        self._folder = folder
        self._own = own
        self._jobs = jobs
        self._bytes = 4 * encoder.target.channels
        self._pool = ThreadPoolExecutor(jobs, "encode")
        self._running: list[Future[Made]] = []
        self._filling: list[Spool] = []
        self._spools: list[Spool] = []
        self._made: list[Made] = []
        self._begun = 0
        self.samples = 0

    def take(self, data: bytes) -> None:
        """More samples; blocks while all workers are busy and one unit waits."""
        begin = self.samples
        self.samples += len(data) // self._bytes
        while self._next().begin < self.samples:
            self._begin()
        view = memoryview(data)
        for spool in list(self._filling):
            inside = slice(max(0, spool.unit.begin - begin), spool.unit.stop - begin)
            spool.write(view[inside.start * self._bytes : inside.stop * self._bytes])
            if spool.unit.stop <= self.samples:
                self._filling.remove(spool)
                self._submit(spool)

    def finish(self) -> list[Made]:
        """All samples are in: encode what is left. Returns all units in order."""
        frames = -(-self.samples // FRAME)
        for spool in self._filling:
            if spool.unit.start < frames:
                spool.unit = unit_at(spool.unit.start, min(spool.unit.end, frames), self.samples)
                self._submit(spool)
        while self._running:
            self._collect()
        return self._made

    def close(self) -> None:
        """Wait until no worker runs any more (after a cancel they end by themselves), and remove the work files."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for spool in self._spools:
            spool.remove()

    def _next(self) -> Unit:
        start = self._begun * self._own
        return unit_at(start, start + self._own, _ENDLESS)

    def _begin(self) -> None:
        unit = self._next()
        path = self._folder / f"unit-{self._begun:05d}.f32"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        spool = Spool(path, unit, fd)
        self._spools.append(spool)
        self._filling.append(spool)
        self._begun += 1

    def _submit(self, spool: Spool) -> None:
        self._running.append(self._pool.submit(self._work, spool))
        while len(self._running) > self._jobs:
            self._collect()

    def _work(self, spool: Spool) -> Made:
        made = self._encoder.encode(spool.unit, spool)
        os.ftruncate(spool.fd, 0)  # the room is wanted for the next one
        return made

    def _collect(self) -> None:
        self._made.append(self._running.pop(0).result())
