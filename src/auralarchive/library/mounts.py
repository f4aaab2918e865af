"""On which file system a folder lies, as Linux tells it; elsewhere nothing is known."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system is mounted, and its kind: `ext4`, `nfs4`."""

    point: Path
    kind: str

    def __str__(self) -> str:
        return f"{self.point} ({self.kind})"


def mount_of(folder: Path) -> Mount | None:
    """The mount that holds the folder; None where the system does not tell."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    real = Path(os.path.realpath(folder))
    holding = [mount for mount in map(_parsed, lines) if mount is not None and real.is_relative_to(mount.point)]
    # Of two mounted in the same place, the later one is seen.
    return max(enumerate(holding), key=lambda one: (len(one[1].point.parts), one[0]))[1] if holding else None


def _parsed(line: str) -> Mount | None:
    head, _, tail = line.partition(" - ")
    fields = head.split(" ")
    if len(fields) < 5 or not tail:
        return None
    return Mount(Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4])), tail.split(" ")[0])
