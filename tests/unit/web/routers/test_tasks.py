"""Tasks over HTTP."""

from __future__ import annotations

from auralarchive.runtime.tasks import Task, TaskState, Work
from tests.support.records import NOON
from tests.support.web import World


def test_tasks_are_listed_and_run(world: World) -> None:
    """With what each is at; only those that can be run by hand are."""
    ran: list[str] = []
    world.redactor.register("CANARY-OF-TASK")
    work = (Work("Emma", "convert", 42.5, 7),)
    state = TaskState(True, NOON, NOON, 1.23456, ok=False, result="It said CANARY-OF-TASK.", works=work)
    world.tasks.add(Task("reconcile", lambda: state, 300.0, lambda: ran.append("reconcile")))
    world.tasks.add(Task("live", TaskState))
    listed = world.keyed().get("/api/system/tasks").json()
    assert listed["total"] == 2
    first, second = listed["items"]
    assert first == {
        "name": "reconcile", "every": 300.0, "can_run": True, "running": True, "last_at": "2026-01-01T12:00:00Z",
        "next_at": "2026-01-01T12:00:00Z", "seconds": 1.235, "ok": False, "result": "It said ***.",
        "works": [{"what": "Emma", "stage": "convert", "progress": 42.5, "download_id": 7}],
    }  # fmt: skip
    assert (second["can_run"], second["works"]) == (False, [])
    answer = world.keyed().post("/api/system/tasks/reconcile/run")
    assert (answer.status_code, ran) == (202, ["reconcile"])
    for name in ("live", "nothing"):
        assert world.keyed().post(f"/api/system/tasks/{name}/run").json()["code"] == "not_found"
