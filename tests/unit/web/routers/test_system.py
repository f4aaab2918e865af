"""How the application is doing, over HTTP."""

from __future__ import annotations

from auralarchive.ports.clients import Finding
from tests.support.web import World


def test_anybody_learns_one_word_and_no_more(world: World) -> None:
    """Details need sign-in."""
    assert world.client().get("/api/health").json() == {"status": "ok"}
    world.findings.append(Finding(False, "disk", "It is full.", "Free some space."))
    assert world.client().get("/api/health").json() == {"status": "degraded"}
    details = world.keyed().get("/api/system/health").json()
    world.findings.pop()
    assert details["findings"][-1] == {
        "ok": False, "subject": "disk", "message": "It is full.", "remedy": "Free some space.",
    }  # fmt: skip
    folders = [{"role": "library", "path": str(world.root / "library")}]
    assert details["disks"] == [{"folders": folders, "free": 250, "total": 1000}]


def test_versions_and_counters(world: World) -> None:
    """For reports and for Prometheus."""
    assert world.keyed().get("/api/system/status").json()["version"] == "0.0.test"
    answer = world.keyed().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "auralarchive_http_requests_total" in answer.text
