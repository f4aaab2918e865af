"""Speed limits, in bytes per second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """What may be downloaded and uploaded in a second; None is no limit."""

    download: int | None = None
    upload: int | None = None
