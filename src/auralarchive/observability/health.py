"""Whether all is well: every part's own check, asked at most once in a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from auralarchive.ports.clients import Finding
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)

Probe = Callable[[], Iterable[Finding]]

_HANGS = Finding(
    ok=False,
    subject="Checks",
    message="One of the checks does not end.",
    remedy="Usually a disk or network folder hangs: see that those of library, downloads and data answer.",
)


class Health:
    """Runs named probes. Answers are kept for `max_age` seconds: anybody may ask, as often as they like.

    One caller at a time runs them. A disk that hangs hangs that one; the others get their answer after
    `patience` seconds, or a server that is asked again and again would have no thread left for its pages.
    """

    def __init__(self, probes: Mapping[str, Probe], clock: Clock, max_age: float = 10.0, patience: float = 3.0) -> None:
        self._probes = dict(probes)
        self._clock = clock
        self._max_age = max_age
        self._patience = patience
        self._lock = threading.Lock()
        self._findings: tuple[Finding, ...] = ()
        self._checked_at: float | None = None

    def findings(self) -> tuple[Finding, ...]:
        """What the probes found, all of it."""
        if not self._lock.acquire(timeout=self._patience):
            return (*self._findings, _HANGS)
        try:
            now = self._clock.monotonic()
            if self._checked_at is None or now - self._checked_at >= self._max_age:
                self._findings = tuple(found for name, probe in self._probes.items() for found in _ask(name, probe))
                self._checked_at = now
            return self._findings
        finally:
            self._lock.release()

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings())


def _ask(name: str, probe: Probe) -> tuple[Finding, ...]:
    try:
        return tuple(probe())
    except Exception:  # noqa: BLE001 - a probe that breaks is itself a finding, and must not hide the others
        _log.exception("health check %s failed", name)
        return (Finding(ok=False, subject=name, message="The check itself failed.", remedy="See the server's log."),)
