"""What a process costs: its share of a core, and its resident memory, read from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """`share` of one core over the time watched; `resident_mb` at its end, of the process alone."""

    share: float
    resident_mb: float

    @classmethod
    def over(cls, pid: int, seconds: float) -> Self:
        """Watch the process for so long."""
        started, before = time.monotonic(), processor_seconds(pid)
        time.sleep(seconds)
        return cls((processor_seconds(pid) - before) / (time.monotonic() - started), _resident(pid))


def processor_seconds(pid: int) -> float:
    """What it has had of the processor so far, however long it had to wait for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
