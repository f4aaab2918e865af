"""What has to be done now and then: reconcile, forget old search results."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.ports.clients import Finding
from auralarchive.ports.store import Releases
from auralarchive.ports.work import Clock
from auralarchive.runtime.tasks import Chore, Chores

INTERVAL_SECONDS = 300.0
#: A result can be downloaded for at least a day; a week costs little.
RESULTS_LIVE = timedelta(days=7)


class Housekeeper:
    """Runs what is due at start, at least every five minutes, and when told to. `run` blocks until `stop`."""

    def __init__(
        self, reconciler: Reconciler, releases: Releases, clock: Clock, settle: Callable[[], str] = lambda: ""
    ) -> None:
        """`settle` finishes what a crash has left of changes of books; first, for clients may be slow to answer."""
        self._reconciler, self._releases, self._clock = reconciler, releases, clock
        self._wake, self._stopping = threading.Event(), threading.Event()
        self.findings: tuple[Finding, ...] = ()
        self.chores = Chores(clock, self._wake.set)
        self.chores.add(Chore("settle", settle, INTERVAL_SECONDS))
        self.chores.add(Chore("reconcile", self._reconcile, INTERVAL_SECONDS))
        self.chores.add(Chore("forget", self._forget, INTERVAL_SECONDS))

    def wake(self) -> None:
        """Reconcile soon: a client that was away has come back."""
        self.chores.want("reconcile")

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self.round()
            self._wake.wait(INTERVAL_SECONDS)

    def round(self) -> None:
        self.chores.round()

    def _reconcile(self) -> str:
        self.findings = self._reconciler.run()
        bad = sum(not finding.ok for finding in self.findings)
        return f"Things that need a person: {bad}. See Health." if bad else "Database, clients and disk agree."

    def _forget(self) -> str:
        forgotten = self._releases.forget_before(self._clock.now() - RESULTS_LIVE)
        return f"Old search results forgotten: {forgotten}."
