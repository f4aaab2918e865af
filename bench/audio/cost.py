"""What programs cost: wall clock, CPU of them and of all that they started, memory of the whole tree at its highest.

    runner = Runner()
    runner.run(["ffmpeg", ...], ["ffmpeg", ...], jobs=2)
    runner.cost.wall

CPU is what the kernel tells of a child that has ended, so nothing that it waited for is missing. Memory is looked at
ten times a second, as the sum over the tree: pages that several processes share count in each (`shared=True` counts
them once, which costs the machine more to find out and is no part of a timed run).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.1

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall clock and of CPU (user and system), and the tree's memory at its highest in MB."""

    wall: float
    cpu: float
    peak_mb: float

    def __add__(self, other: Cost) -> Cost:
        """First this, then the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_mb, other.peak_mb))


class CommandFailed(RuntimeError):
    """A program of the bench ended with an error; the message holds the end of what it said."""


@dataclass
class Runner:
    """Runs programs, alone or side by side, and adds up what they cost; `largest` is each program's memory in MB."""

    shared: bool = False
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    cost: Cost = Cost(0.0, 0.0, 0.0)
    largest: dict[str, float] = field(default_factory=dict)

    def run(self, *commands: Command, jobs: int = 1) -> list[str]:
        """Run them, `jobs` at a time; what each printed. Raises `CommandFailed`."""
        started = time.perf_counter()
        with _Watch(shared=self.shared) as watch, ThreadPoolExecutor(jobs) as pool:
            ended = list(pool.map(lambda command: self._one(command, watch), commands))
            wall = time.perf_counter() - started
        self.cost += Cost(wall, sum(cpu for cpu, _ in ended), watch.peak / 1e6)
        for program, size in watch.largest.items():
            self.largest[program] = max(self.largest.get(program, 0.0), size / 1e6)
        return [printed for _, printed in ended]

    def _one(self, command: Command, watch: _Watch) -> tuple[float, str]:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                env={**os.environ, **self.environment},
            )
            watch.add(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode:
                said = err.read()[-2000:].decode(errors="replace")
                raise CommandFailed(f"{command[0]} ended with {process.returncode}:\n{said}")
            return usage.ru_utime + usage.ru_stime, out.read().decode(errors="replace")


class _Watch:
    """Looks at the memory of processes and of all that they started, until it is left."""

    def __init__(self, *, shared: bool) -> None:
        self._memory = _share if shared else _resident
        self._pids: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.peak = 0
        self.largest: dict[str, int] = {}

    def add(self, pid: int) -> None:
        self._pids.add(pid)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY):
            tree = [pid for root in list(self._pids) for pid in [root, *descendants(root)]]
            self._note({pid: self._memory(pid) for pid in tree})

    def _note(self, sizes: Mapping[int, int]) -> None:
        self.peak = max(self.peak, sum(sizes.values()))
        for pid, size in sizes.items():
            name = _name(pid)
            if name:
                self.largest[name] = max(self.largest.get(name, 0), size)


def descendants(pid: int) -> list[int]:
    """All processes below this one; of a process that is gone, none."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in listed.read_text().split()]
        except OSError:  # a thread or a process that has just ended
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # ended meanwhile
        return ""


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:  # ended meanwhile
        return 0


def _share(pid: int) -> int:
    """Its pages, each divided by the number of processes that hold it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
