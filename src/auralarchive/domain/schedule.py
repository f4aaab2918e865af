"""When to try again: back-off with growing, slightly scattered waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auralarchive.domain.download import Attempts, Download
from auralarchive.domain.failures import SURROUNDINGS, Disposition, Failure
from auralarchive.domain.status import Stage

#: Waits after the first, second, third ... failure of a stage, in seconds; the last one repeats.
WAITS = (60, 300, 900, 3600, 3 * 3600, 6 * 3600)
#: Faults of the surroundings are waited for with doubling waits up to this one, in seconds: what is mended
#: is soon noticed, and each try writes to a disk that may be the very one that is full.
MOST_FOR_SURROUNDINGS = 900


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often each stage is tried again by itself, and how waits are scaled (1.0: as in `WAITS`)."""

    limits: Mapping[Stage, int]
    scale: float = 1.0

    def retry_at(self, download: Download, failure: Failure, now: datetime, scatter: float) -> datetime | None:
        """When the stage that has just failed is tried again; None: a person has to act.

        `scatter` between 0 and 1 lengthens the wait by up to a tenth, so that many do not return at once.
        """
        if failure.disposition is not Disposition.TRANSIENT:
            return None
        wait = self._wait(download, failure)
        return None if wait is None else now + timedelta(seconds=wait * self.scale * (1 + scatter / 10))

    def _wait(self, download: Download, failure: Failure) -> float | None:
        if failure.kind in SURROUNDINGS:
            return backoff(download.attempts.surroundings + 1, first=WAITS[0], most=MOST_FOR_SURROUNDINGS)
        stage = download.acquisition.stage
        failed_before = attempts_of(download.attempts, stage)
        return WAITS[min(failed_before, len(WAITS) - 1)] if failed_before < self.limits[stage] else None


def attempts_of(attempts: Attempts, stage: Stage) -> int:
    """Failures of `stage` so far."""
    match stage:
        case Stage.SEARCH:
            return attempts.search
        case Stage.DOWNLOAD:
            return attempts.download
        case Stage.CONVERSION:
            return attempts.conversion
        case Stage.IMPORT:
            return attempts.import_


def backoff(failures: int, *, first: float, most: float) -> float:
    """Seconds to leave a failing neighbour alone after `failures` failures in a row: doubling, capped."""
    return min(most, first * 2.0 ** min(max(failures - 1, 0), 30))
