"""From a claimable record to a finished stage: which stage it is, how it is claimed, how it ends.

A runner (`engine/`) decides when and where; this module is what every runner does with one claim.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import ModuleType

from auralarchive.domain import events as e
from auralarchive.domain.download import Download
from auralarchive.domain.failures import RELEASE_FAULTS, Disposition, Failure, FailureKind
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.schedule import RetryPolicy
from auralarchive.domain.status import DownloadStatus, Removal, SeedingStatus
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.record import ClaimLost, Recorder
from auralarchive.pipeline.stages import cancel, convert, grab, import_, search
from auralarchive.pipeline.tools import Job, Tools
from auralarchive.ports.errors import AuralError, Cancelled
from auralarchive.ports.store import Conflict, StaleRecord
from auralarchive.ports.work import CancelToken

_log = logging.getLogger(__name__)

S = DownloadStatus

#: So long a finished stage waits before it tells a database that was away once more.
AGAIN_SECONDS = 5.0
#: What a conversion has made is needed till it is imported; parts of an encode till it is whole.
NEED_WORK_FOLDER = frozenset({S.CONVERTING, S.CONVERTED, S.IMPORTING, S.IMPORT_FAILED})
NEED_UNITS = frozenset({S.COMPLETE, S.CONVERTING, S.CONVERSION_FAILED})


class JobKind(StrEnum):
    """A stage as work: each kind has its own number of places in a runner."""

    SEARCH = "search"
    GRAB = "grab"
    CONVERT = "convert"
    IMPORT = "import"
    CLEANUP = "cleanup"


_KIND_OF: Mapping[DownloadStatus, JobKind] = {
    S.QUEUED: JobKind.SEARCH,
    S.SEARCHING: JobKind.SEARCH,
    S.FOUND: JobKind.GRAB,
    S.COMPLETE: JobKind.CONVERT,
    S.CONVERTING: JobKind.CONVERT,
    S.CONVERTED: JobKind.IMPORT,
    S.IMPORTING: JobKind.IMPORT,
}

_CLAIM: Mapping[JobKind, type[e.Claimed]] = {
    JobKind.SEARCH: e.SearchStarted,
    JobKind.GRAB: e.GrabStarted,
    JobKind.CONVERT: e.ConversionStarted,
    JobKind.IMPORT: e.ImportStarted,
    JobKind.CLEANUP: e.CleanupStarted,
}

_STAGE: Mapping[JobKind, ModuleType] = {
    JobKind.SEARCH: search,
    JobKind.GRAB: grab,
    JobKind.CONVERT: convert,
    JobKind.IMPORT: import_,
    JobKind.CLEANUP: cancel,
}


def kind_of(download: Download) -> JobKind | None:
    """The work that this record waits for; None: it waits for somebody else."""
    if download.removal is Removal.WANTED:
        return JobKind.CLEANUP
    return _KIND_OF.get(download.acquisition)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Claims records and works on them. One is shared by all threads of a runner."""

    tools: Tools
    recorder: Recorder
    policy: RetryPolicy
    lease_seconds: float = 60.0
    max_concurrent_downloads: Callable[[], int] = lambda: 2

    def claim(self, download: Download) -> Job | None:
        """Take the work, or None: somebody else was quicker, or it has to wait (and now says why)."""
        kind = kind_of(download)
        if kind is None:
            return None
        if kind is JobKind.GRAB:
            return self._claim_grab(download)
        if kind is JobKind.CLEANUP and self._client_in_trouble(download):
            return None
        return self._take(download, kind)

    def no_place(self) -> str | None:
        """Why no further download may begin now; None: there is room.

        One that nobody shares at the moment holds no place: two dead torrents must not stop all others.
        """
        limit = self.max_concurrent_downloads()
        downloads = self.tools.store.downloads
        # In this order: one that goes over to its client between the two is counted twice, never not at all.
        grabbing = sum(1 for row in downloads.claimed() if row.acquisition is S.FOUND and _alive(row, self.tools))
        busy = grabbing + downloads.counts().get(S.DOWNLOADING, 0)
        if busy >= limit:
            busy -= self._idle()
        # The same words for every waiting row at any time: what changes by itself would fill the log.
        return f"Waiting for a free place: {limit} may download at once." if busy >= limit else None

    def _idle(self) -> int:
        """How many that are DOWNLOADING now get no bytes. The board alone is not to be trusted: one that was
        paused while its client does not answer still stands there as it was last seen."""
        rows = self.tools.store.downloads.get_many(tuple(self.tools.live.idle()))
        return sum(1 for row in rows if row.acquisition is S.DOWNLOADING)

    def run(self, job: Job) -> None:
        """Do the work of a claim and record how it ended. Never raises but for bugs of its own."""
        download = job.download
        kind = kind_of(download)
        assert kind is not None, "a claim is always for some work"
        event = self._outcome(job, kind)
        if event is None:
            return
        try:
            self._record(job, event)
        except Conflict as conflict:
            self._record_failure(job, grab.duplicate(conflict).failure)
        except (ClaimLost, IllegalTransition):
            self._undo(job, kind, event)
        if kind in (JobKind.CONVERT, JobKind.IMPORT) and download.seeding is not SeedingStatus.SEEDING:
            self.tools.live.forget(download.id)  # nobody else writes there any more
        if kind in (JobKind.IMPORT, JobKind.CLEANUP):
            failpoint(f"sweep.before.{kind}")
            self.sweep(download.id)
            failpoint(f"sweep.after.{kind}")

    def _record(self, job: Job, event: e.Event) -> None:
        """Tell how the work ended. A database that is away, or its full disk, is waited for: an hour's work is
        not done twice for that. Raises what `Recorder.record` raises, of the database only once we are to stop."""
        while True:
            try:
                self.recorder.record(job.download.id, event, token=job.token)
            except AuralError as error:
                _log.warning("download %s: %s cannot be recorded now: %s", job.download.id, type(event).__name__, error)
                if job.cancel.wait(AGAIN_SECONDS):
                    raise
            else:
                return

    def renew(self, job: Job) -> bool:
        """Keep the lease; False when the claim is no longer ours."""
        until = self.tools.clock.now() + timedelta(seconds=self.lease_seconds)
        return self.tools.store.downloads.claim_renewed(job.download.id, job.token, until)

    def sweep(self, download_id: int) -> None:
        """Remove work folders of this download that nothing needs any more."""
        # Listed before we ask: a folder that a claim makes after that is not among them.
        folders = list(self.tools.settings.work_root.glob(f"{download_id}-*"))
        units = convert.units_folder(self.tools, download_id)
        if not folders and not units.exists():
            return
        download = self.tools.store.downloads.get(download_id)
        if download is None or download.acquisition not in NEED_WORK_FOLDER:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        if download is None or download.acquisition not in NEED_UNITS:
            shutil.rmtree(units, ignore_errors=True)

    def retry_at(self, download: Download, failure: Failure) -> datetime | None:
        """When a stage that has just failed is tried again by itself; None: a person has to act."""
        now = self.tools.clock.now()
        if not download.manual and failure.kind in RELEASE_FAULTS:
            return now + timedelta(seconds=5)  # another release is chosen: there is nothing to wait for
        return self.policy.retry_at(download, failure, now, secrets.randbelow(100) / 100)

    def retry_due(self) -> int:
        """Send failed stages back whose timer ran out; how many."""
        due = self.tools.store.downloads.retries_due(self.tools.clock.now())
        for download in due:
            other = not download.manual and download.failure_kind in RELEASE_FAULTS
            try:
                self.recorder.record(download.id, e.RetryDue(other_release=other))
            except (IllegalTransition, StaleRecord):
                continue  # a person was quicker
            except Conflict as conflict:
                self._give_up(download, conflict)
        return len(due)

    # --- claiming ---------------------------------------------------------------------------

    def _take(self, download: Download, kind: JobKind) -> Job | None:
        token = secrets.token_hex(8)
        until = self.tools.clock.now() + timedelta(seconds=self.lease_seconds)
        failpoint(f"claim.before.{kind}")
        try:
            claimed = self._claim_unchanged(download, _CLAIM[kind](token, until))
        except (IllegalTransition, StaleRecord, Conflict):
            return None
        failpoint(f"claim.after.{kind}")
        return Job(claimed, token, CancelToken())

    def _claim_unchanged(self, download: Download, event: e.Claimed) -> Download:
        """Claim only the very version that we judged: another worker may have it by now."""
        return self.recorder.record(download.id, event, expected_version=download.version)

    def _claim_grab(self, download: Download) -> Job | None:
        if self._waits(download, grab.waiting_for(download, self.tools)):
            return None
        # Places are counted and taken by one process at a time, or two would take the last one.
        with self.tools.store.downloads.exclusive("grab"):
            return None if self._waits(download, self.no_place()) else self._take(download, JobKind.GRAB)

    def _waits(self, download: Download, reason: str | None) -> bool:
        """Whether there is something to wait for; the record tells it, once."""
        if reason is None:
            return False
        if reason != download.reason:
            with suppress(IllegalTransition, StaleRecord):  # it has moved on: nothing to explain
                self.recorder.record(download.id, e.Waiting(reason), expected_version=download.version)
        return True

    def _client_in_trouble(self, download: Download) -> bool:
        name = download.download_client
        return name is not None and self.tools.health.trouble(name) is not None

    # --- working ----------------------------------------------------------------------------

    def _outcome(self, job: Job, kind: JobKind) -> e.Event | None:
        """What the stage came to; None when it has nothing to say (the claim was taken away)."""
        try:
            event: e.Event = _STAGE[kind].run(job, self.tools)
        except (Cancelled, StaleRecord):  # the claim is gone: whoever took it knows why
            return None
        except AuralError as error:
            return self._failed(job, kind, error.failure)
        except Exception as error:  # noqa: BLE001 - a bug in one stage must not end the runner of all others
            _log.exception("download %s: bug in stage %s", job.download.id, kind)
            return self._failed(job, kind, _bug(error))
        if isinstance(event, e.StageFailed):
            return self._failed(job, kind, event.failure)
        return event

    def _failed(self, job: Job, kind: JobKind, failure: Failure) -> e.Event | None:
        if kind is JobKind.CLEANUP:
            # There is no failing to clean up: the claim runs out and it is tried again.
            _log.warning("download %s: cleaning up has to wait: %s", job.download.id, failure)
            return None
        if kind is JobKind.GRAB and failure.kind is FailureKind.CLIENT_AUTH:
            # The client is left alone until its settings change; the download waits at its door.
            return e.Released(str(failure))
        return e.StageFailed(failure, self.retry_at(job.download, failure))

    def _record_failure(self, job: Job, failure: Failure) -> None:
        try:
            self.recorder.record(job.download.id, e.StageFailed(failure), token=job.token)
        except (ClaimLost, IllegalTransition):
            _log.info("download %s: claim lost while failing", job.download.id)

    def _undo(self, job: Job, kind: JobKind, event: e.Event) -> None:
        """The claim was taken away in the midst of the work: leave nothing behind of it."""
        _log.info("download %s: claim lost in stage %s", job.download.id, kind)
        if kind is JobKind.CONVERT:
            shutil.rmtree(convert.work_folder(self.tools, job.download.id, job.token), ignore_errors=True)
        if isinstance(event, e.SentToClient):
            try:
                self._undo_add(job.download.id, event)
            except AuralError as error:  # the reconciler finds it later
                _log.warning("download %s: its item in %s stays for now: %s", job.download.id, event.client, error)

    def _undo_add(self, download_id: int, sent: e.SentToClient) -> None:
        """The client has an item that its download did not wait for: paused or cancelled meanwhile."""
        client = self.tools.clients.get(sent.client)
        if client is not None and self.recorder.get(download_id).acquisition is S.PAUSED:
            client.pause(sent.client_id)  # resumed, it is added again: the client then adopts it
        self.found_in_client(download_id)

    def found_in_client(self, download_id: int) -> None:
        """An item of ours is in a client though its download was cancelled: have it removed again."""
        with suppress(IllegalTransition):  # not cancelled, or its removal is still to come: all is well
            self.recorder.record(download_id, e.StrayFound())

    def _give_up(self, download: Download, conflict: Conflict) -> None:
        _log.warning("download %s cannot be retried: %s", download.id, conflict)
        with suppress(IllegalTransition, StaleRecord):  # a person was quicker
            self.recorder.record(download.id, e.RetryAbandoned(f"Not retried: {conflict}."))


def _alive(download: Download, tools: Tools) -> bool:
    return download.lease_until is not None and download.lease_until > tools.clock.now()


def _bug(error: Exception) -> Failure:
    return Failure(
        FailureKind.BUG,
        f"Unexpected error ({type(error).__name__}).",
        "This is a bug: see the log, and please report it.",
        Disposition.TRANSIENT,
    )
