"""Whether all is well."""

from __future__ import annotations

import threading

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


def test_a_probe_that_hangs_holds_up_one_caller_only() -> None:
    """Whoever asks meanwhile is told so: the server keeps its threads."""
    begun, released = threading.Event(), threading.Event()

    def hanging() -> list[Finding]:
        begun.set()
        released.wait(10)
        return [Finding(True, "disk", "Back again.")]

    health = Health({"disk": hanging}, SystemClock(), patience=0.01)
    first = threading.Thread(target=health.findings)
    first.start()
    assert begun.wait(10)
    assert [(one.subject, one.ok) for one in health.findings()] == [("Checks", False)]
    released.set()
    first.join(10)
    assert [one.message for one in health.findings()] == ["Back again."]


def test_since_when_it_is_so() -> None:
    """Other figures are the same finding; a relapse begins anew; who asks anew need not wait."""
    clock, free, well = SystemClock(), [9], [True]
    health = Health({"Disks": lambda: [Finding(well[0], "disk", f"{free[0]} GB free.")]}, clock)
    (first,) = health.checked()
    clock.ahead += 60
    free[0] = 8
    (second,) = health.checked(anew=True)
    assert (second.group, second.finding.message, second.since) == ("Disks", "8 GB free.", first.since)
    well[0] = False
    (bad,) = health.checked(anew=True)
    assert bad.since > second.since
    clock.ahead += 60
    well[0] = True
    (again,) = health.checked(anew=True)
    assert again.since > bad.since
    assert health.checked_at == again.since
