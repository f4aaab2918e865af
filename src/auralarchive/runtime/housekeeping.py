"""What has to be done now and then: reconcile, forget old search results."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import Releases
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 300.0
#: A result can be downloaded for at least a day; a week costs little.
RESULTS_LIVE = timedelta(days=7)


class Housekeeper:
    """Runs a round at start, every five minutes, and when told to. `run` blocks until `stop`."""

    def __init__(
        self, reconciler: Reconciler, releases: Releases, clock: Clock, settle: Callable[[], None] = lambda: None
    ) -> None:
        """`settle` finishes what a crash has left of changes of books."""
        self._reconciler, self._releases, self._clock, self._settle = reconciler, releases, clock, settle
        self._wake, self._stopping = threading.Event(), threading.Event()
        self.findings: tuple[Finding, ...] = ()

    def wake(self) -> None:
        """Do a round soon: a client that was away has come back."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.round()
            except (AuralError, OSError) as error:  # database, disk or a folder is away: the next round does it
                _log.warning("housekeeping has to wait: %s", error)
            self._wake.wait(INTERVAL_SECONDS)

    def round(self) -> None:
        self._settle()
        self.findings = self._reconciler.run()
        forgotten = self._releases.forget_before(self._clock.now() - RESULTS_LIVE)
        if forgotten:
            _log.debug("forgot %d old search results", forgotten)
