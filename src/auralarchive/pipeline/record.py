"""THE ONE WRITE PATH of a download's state: read, apply the table, commit guarded, or try again."""

from __future__ import annotations

from dataclasses import dataclass

from auralarchive.domain import lifecycle
from auralarchive.domain.download import Download
from auralarchive.domain.events import Event, Waiting
from auralarchive.failpoints import failpoint
from auralarchive.ports.store import Downloads, StaleRecord
from auralarchive.ports.work import Clock

#: A row moves under us only when somebody else made progress: a handful of rounds is plenty.
_ROUNDS = 20


class UnknownDownload(LookupError):
    """There is no download with this id."""


class ClaimLost(Exception):
    """The work was taken away from this worker: whatever it found out counts no more."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Turns events into rows. `token` fences a worker's events: without its claim it changes nothing."""

    downloads: Downloads
    clock: Clock

    def get(self, download_id: int) -> Download:
        """Raises `UnknownDownload`."""
        download = self.downloads.get(download_id)
        if download is None:
            raise UnknownDownload(f"There is no download {download_id}.")
        return download

    def record(
        self, download_id: int, event: Event, *, token: str | None = None, expected_version: int | None = None
    ) -> Download:
        """The record after `event`, committed together with its row in the log.

        With `token` only under that claim, with `expected_version` only where nothing has changed since.

        Raises: `UnknownDownload`, `ClaimLost`, `IllegalTransition`, `ports.store.Conflict`,
        `ports.store.StaleRecord` (only with `expected_version`).
        """
        name = type(event).__name__
        for _ in range(_ROUNDS):
            before = self.get(download_id)
            if token is not None and before.claim_token != token:
                raise ClaimLost(f"The claim on download {download_id} is gone.")
            if expected_version is not None and before.version != expected_version:
                raise StaleRecord(f"Download {download_id} has moved on.")
            if isinstance(event, Waiting) and event.reason == before.reason:
                return before
            after = lifecycle.apply(before, event, self.clock.now())
            failpoint(f"record.before.{name}")
            try:
                self.downloads.commit(before, after, event)
            except StaleRecord:
                continue
            failpoint(f"record.after.{name}")
            return after
        raise StaleRecord(f"Download {download_id} would not hold still.")
