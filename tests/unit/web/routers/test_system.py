"""How the application is doing, over HTTP."""

from __future__ import annotations

from auralarchive.ports.clients import Finding
from tests.support.web import World


def test_anybody_learns_one_word_and_no_more(world: World) -> None:
    """Details need sign-in."""
    assert world.client().get("/api/health").json() == {"status": "ok"}
    world.findings.append(Finding(False, "disk", "It is full.", "Free some space."))
    assert world.client().get("/api/health").json() == {"status": "degraded"}
    details = world.keyed().post("/api/system/health/check").json()
    world.findings.pop()
    found = details["findings"][-1]
    assert found.pop("since") <= details["checked_at"]
    assert found == {
        "ok": False, "subject": "disk", "message": "It is full.", "remedy": "Free some space.", "group": "Checks",
    }  # fmt: skip
    folders = [{"role": "library", "path": str(world.root / "library")}]
    assert details["disks"] == [{"folders": folders, "free": 250, "total": 1000}]


def test_versions_and_counters(world: World) -> None:
    """For reports and for Prometheus."""
    assert world.keyed().get("/api/system/status").json()["version"] == "0.0.test"
    answer = world.keyed().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "auralarchive_http_requests_total" in answer.text


def test_what_is_at_work_here(world: World) -> None:
    """For the report of a bug."""
    told = world.keyed().get("/api/system/about").json()
    assert told["database"].startswith("SQLite")
    assert told["licence"] == "GPL-3.0-or-later"


def test_the_system_is_the_administrators_affair(world: World) -> None:
    """A member learns the version and the one word, and nothing else of it."""
    world.signed_in()
    name, password = "mia", "a sentence of a member"
    made = world.keyed().post("/api/users", json={"name": name, "password": password, "role": "member"})
    assert made.status_code in (200, 201), made.text
    member = world.client(**{"Sec-Fetch-Site": "same-origin"})
    member.post("/api/auth/login", json={"name": name, "password": password}).raise_for_status()
    assert member.get("/api/system/status").status_code == 200
    for method, path in (
        ("GET", "/api/system/health"),
        ("POST", "/api/system/health/check"),
        ("GET", "/api/system/about"),
        ("GET", "/api/system/logs"),
        ("GET", "/api/system/logs/download"),
        ("GET", "/api/system/tasks"),
        ("POST", "/api/system/tasks/check/run"),
        ("GET", "/api/system/events"),
        ("POST", "/api/system/backup"),
        ("GET", "/api/system/backups"),
        ("GET", "/api/system/backups/auralarchive-20260101-000000.zip"),
        ("DELETE", "/api/system/backups/auralarchive-20260101-000000.zip"),
        ("POST", "/api/system/backups/auralarchive-20260101-000000.zip/restore"),
        ("GET", "/api/system/restore"),
        ("POST", "/api/system/restore"),
        ("DELETE", "/api/system/restore"),
    ):
        answer = member.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "admins_only"), path
    answer = member.post("/api/system/restore/upload", content=b"x", headers={"Content-Type": "application/zip"})
    assert answer.json()["code"] == "admins_only"
