"""The demo over HTTP; that it is one, tests/unit/demo shows."""

from __future__ import annotations

from tests.support.web import World


def test_it_is_started_told_and_ended_as_often_as_one_likes(world: World) -> None:
    keyed = world.keyed()
    assert keyed.get("/api/demo").json() == {"running": False, "search": "three fables"}
    for _ in range(2):
        assert keyed.post("/api/demo").json()["running"] is True
    assert keyed.get("/api/demo").json()["running"] is True
    for _ in range(2):
        assert keyed.delete("/api/demo").json()["running"] is False
