"""Whether all is well."""

from __future__ import annotations

from auralarchive.observability.health import Health
from auralarchive.ports.clients import Finding
from tests.support.web import SystemClock


def test_probes_are_asked_once_in_a_while() -> None:
    """Anybody may ask, as often as they like."""
    clock, asked = SystemClock(), []

    def probe() -> list[Finding]:
        asked.append(1)
        return [Finding(True, "disk", "Space enough.")]

    health = Health({"disk": probe}, clock, max_age=10)
    assert health.ok
    assert health.findings() == (Finding(True, "disk", "Space enough."),)
    assert len(asked) == 1
    clock.ahead += 11
    health.findings()
    assert len(asked) == 2


def test_a_broken_probe_is_a_finding_and_hides_no_other() -> None:
    """A check that cannot be made is not well."""

    def broken() -> list[Finding]:
        raise ZeroDivisionError

    health = Health({"bad": broken, "good": lambda: [Finding(True, "good", "Fine.")]}, SystemClock())
    assert not health.ok
    assert [(one.subject, one.ok) for one in health.findings()] == [("bad", False), ("good", True)]
