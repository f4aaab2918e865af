"""How much of everything one run of the bench works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.audio.books import Books


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes a chapter of the books that are copied and of those that are encoded, and the sizes of the others.

    `rounds` are those of a measured pair, `few` of a peer that is no reference. `folder` takes what is made.
    """

    folder: Path
    rounds: int = 5
    few: int = 3
    copied: Books = field(default_factory=lambda: Books(15))
    encoded: Books = field(default_factory=lambda: Books(6))
    megabytes: int = 500
    parts: int = 400
    hours: float = 20.0

    @classmethod
    def quick(cls, folder: Path) -> Plan:
        """One small round of each: whether everything runs, not what it costs."""
        small = Books(0.5)
        return cls(folder, 1, 1, small, small, megabytes=30, parts=100, hours=0.25)
