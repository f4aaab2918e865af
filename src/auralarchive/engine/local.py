"""The default runner: claims rows of the database and works on them in threads of this process.

One dispatcher thread looks for work whenever something was committed, and once a second besides;
one keeper thread renews leases and notices within half a second when a claim was taken away (by a
cancel, or because another worker took over after a freeze). Work itself runs in small pools, one a
kind, so that a long conversion never stands in the way of a cancel.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from auralarchive.domain import events as e
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.pipeline.record import ClaimLost
from auralarchive.pipeline.tools import Job
from auralarchive.pipeline.work import JobKind, Workshop, kind_of
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import Downloads
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)

#: FFmpeg already uses every core for one book; downloads are limited by places, not by threads.
PLACES: Mapping[JobKind, int] = {
    JobKind.SEARCH: 2,
    JobKind.GRAB: 4,
    JobKind.CONVERT: 1,
    JobKind.IMPORT: 2,
    JobKind.CLEANUP: 2,
}


@dataclass(slots=True)
class _Running:
    job: Job
    renewed_at: float
    kind: JobKind


class LocalRunner:
    """Runs stages until stopped. `run` blocks; `wake` may be called from any thread."""

    def __init__(
        self,
        workshop: Workshop,
        downloads: Downloads,
        clock: Clock,
        *,
        places: Mapping[JobKind, int] = PLACES,
        idle_seconds: float = 1.0,
        check_seconds: float = 0.5,
    ) -> None:
        self._workshop, self._downloads, self._clock = workshop, downloads, clock
        self._places, self._idle, self._check = places, idle_seconds, check_seconds
        self._work = threading.Event()
        self._look = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[int, _Running] = {}
        self._busy: dict[JobKind, int] = dict.fromkeys(JobKind, 0)

    def wake(self) -> None:
        """Something was committed: there may be work, or work that was taken away."""
        self._work.set()
        self._look.set()

    def stop(self) -> None:
        """Take no more work, stop what runs, give it back."""
        self._stopping.set()
        self.wake()

    @property
    def running(self) -> tuple[int, ...]:
        """Ids of the downloads that are worked on at this moment."""
        with self._lock:
            return tuple(self._running)

    @property
    def jobs(self) -> tuple[tuple[int, JobKind], ...]:
        """The same with the kind of work that each is at."""
        return tuple((running.job.download.id, running.kind) for running in self._snapshot())

    def run(self) -> None:
        """Block until `stop`. An error that gets out of here is a bug, and ends the process loudly."""
        self._take_over()
        keeping = ThreadPoolExecutor(1, thread_name_prefix="lease-keeper")
        keeper = keeping.submit(self._keep)
        pools = {kind: ThreadPoolExecutor(self._places[kind], thread_name_prefix=f"stage-{kind}") for kind in JobKind}
        try:
            while not self._stopping.is_set():
                self._work.clear()
                self._look_for_work(pools)
                self._work.wait(self._idle)
        finally:
            self._stopping.set()
            self._look.set()
            self._cancel_all()
            for pool in (*pools.values(), keeping):
                pool.shutdown(wait=True, cancel_futures=True)
        keeper.result()  # whatever ended it ends us: without it claims would run out under living work

    def _take_over(self) -> None:
        """Free what a killed process held, so that nobody has to wait for its leases to run out."""
        try:
            for download in self._downloads.abandoned():
                with suppress(ClaimLost, IllegalTransition):
                    self._workshop.recorder.record(download.id, e.Released(), token=download.claim_token)
        except AuralError as error:
            _log.warning("claims of the last run have to run out by themselves: %s", error)

    # --- dispatching ------------------------------------------------------------------------

    def _look_for_work(self, pools: Mapping[JobKind, ThreadPoolExecutor]) -> None:
        try:
            self._workshop.retry_due()
            self._dispatch(pools)
        except AuralError as error:  # the database is away, or its disk full: it is asked again
            _log.warning("no work can be taken at the moment: %s", error)

    def _dispatch(self, pools: Mapping[JobKind, ThreadPoolExecutor]) -> None:
        full: str | None = None
        for download in self._downloads.claimable(self._clock.now()):
            kind = kind_of(download)
            if kind is None or not self._has_place(kind, download):
                continue
            if kind is JobKind.GRAB:
                full = full or self._workshop.no_place()
                if full is not None and full == download.reason:
                    continue  # it knows: a thousand waiting rows cost no query each
            job = self._workshop.claim(download)
            if job is not None:
                self._enter(kind, job)
                pools[kind].submit(self._work_on, kind, job)

    def _has_place(self, kind: JobKind, download: Download) -> bool:
        with self._lock:
            # A download whose old work is still winding down here is left alone until that has ended.
            return self._busy[kind] < self._places[kind] and download.id not in self._running

    def _enter(self, kind: JobKind, job: Job) -> None:
        with self._lock:
            self._running[job.download.id] = _Running(job, self._clock.monotonic(), kind)
            self._busy[kind] += 1

    def _work_on(self, kind: JobKind, job: Job) -> None:
        try:
            self._workshop.run(job)
            if job.cancel.cancelled and self._stopping.is_set():
                self._give_back(job)
        except Exception:  # noqa: BLE001 - a bug here must not take a place of the pool for ever
            # The claim runs out by itself and somebody takes it over: nothing is lost, but it must be seen.
            _log.exception("download %s: the %s work broke off", job.download.id, kind)
        finally:
            with self._lock:
                del self._running[job.download.id]
                self._busy[kind] -= 1
            self.wake()

    def _give_back(self, job: Job) -> None:
        try:
            self._workshop.recorder.record(job.download.id, e.Released(), token=job.token)
        except (ClaimLost, IllegalTransition):
            return  # it had ended after all

    # --- leases -----------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            while not self._stopping.is_set():
                self._look.wait(self._check)
                self._look.clear()
                self._check_claims()
        finally:
            self.stop()

    def _check_claims(self) -> None:
        try:
            for running in self._snapshot():
                if not self._still_ours(running):
                    running.job.cancel.cancel()
        except AuralError as error:  # nobody can take a claim away meanwhile, either
            _log.warning("leases cannot be renewed at the moment: %s", error)

    def _snapshot(self) -> list[_Running]:
        with self._lock:
            return list(self._running.values())

    def _still_ours(self, running: _Running) -> bool:
        now = self._clock.monotonic()
        if now - running.renewed_at < self._workshop.lease_seconds / 3:
            return self._downloads.claim_held(running.job.download.id, running.job.token)
        running.renewed_at = now
        return self._workshop.renew(running.job)

    def _cancel_all(self) -> None:
        for running in self._snapshot():
            running.job.cancel.cancel()
