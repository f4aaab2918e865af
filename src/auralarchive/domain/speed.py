"""Speed limits, in bytes per second."""

from __future__ import annotations

from dataclasses import dataclass

#: The coarsest step in which clients keep a limit: whole KiB.
STEP = 1024


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """What may be downloaded and uploaded in a second; None is no limit."""

    download: int | None = None
    upload: int | None = None

    def alike(self, other: SpeedLimits) -> bool:
        """Whether a client that rounds to its own steps would tell the one where the other was set."""
        return _alike(self.download, other.download) and _alike(self.upload, other.upload)


def _alike(one: int | None, other: int | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < STEP
