"""Whether all is well: every part's own check, asked at most once in a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Checked:
    """A finding, the probe that it is of, and since when it is so, good or bad, without a break."""

    group: str
    finding: Finding
    since: datetime


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
        self._checked: tuple[Checked, ...] = ()
        self._since: dict[tuple[str, str, bool], datetime] = {}
        self._asked: float | None = None
        self.checked_at: datetime | None = None

    def findings(self) -> tuple[Finding, ...]:
        """What the probes found, all of it."""
        return tuple(one.finding for one in self.checked())

    def checked(self, *, anew: bool = False) -> tuple[Checked, ...]:
        """The same with its history; `anew` asks now, however young the last answers are."""
        if not self._lock.acquire(timeout=self._patience):
            return (*self._checked, Checked(_HANGS.subject, _HANGS, self._clock.now()))
        try:
            asked = self._clock.monotonic()
            if anew or self._asked is None or asked - self._asked >= self._max_age:
                self._asked, self.checked_at = asked, self._clock.now()
                self._checked = self._ask_all(self.checked_at)
            return self._checked
        finally:
            self._lock.release()

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings())

    def _ask_all(self, now: datetime) -> tuple[Checked, ...]:
        found = [(name, finding) for name, probe in self._probes.items() for finding in _ask(name, probe)]
        before = self._since
        # By subject and verdict, not by words: free space is told in other figures each time.
        keys = [(name, finding.subject, finding.ok) for name, finding in found]
        self._since = {key: before.get(key, now) for key in keys}
        return tuple(Checked(name, finding, self._since[key]) for (name, finding), key in zip(found, keys, strict=True))


def _ask(name: str, probe: Probe) -> tuple[Finding, ...]:
    try:
        return tuple(probe())
    except Exception:  # noqa: BLE001 - a probe that breaks is itself a finding, and must not hide the others
        _log.exception("health check %s failed", name)
        return (Finding(ok=False, subject=name, message="The check itself failed.", remedy="See the server's log."),)
