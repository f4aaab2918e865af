"""Accounts and everybody's keys over HTTP."""

from __future__ import annotations

import pytest

from auralarchive.ports.store import Role
from tests.support.web import PASSWORD, World


def test_people_are_let_in_changed_and_removed(world: World) -> None:
    """A member unless told otherwise; the list says who asks and how many keys each has."""
    admin = world.signed_in()
    made = admin.post("/api/users", json={"name": "  Bob\u00a0the  reader ", "password": PASSWORD})
    assert made.status_code == 201
    bob = made.json()
    assert (bob["name"], bob["role"], bob["own"], bob["keys"]) == ("Bob the reader", "member", False, 0)
    assert "password" not in made.text
    world.signed_in("Bob the reader").post("/api/auth/keys", json={"label": "phone"})
    listed = admin.get("/api/users").json()["items"]
    assert [(one["name"], one["own"], one["keys"]) for one in listed] == [
        ("ann", True, 0),
        ("Bob the reader", False, 1),
    ]
    changed = admin.patch(f"/api/users/{bob['id']}", json={"role": "admin"})
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")
    assert admin.patch(f"/api/users/{bob['id']}", json={"password": "another good one"}).status_code == 200
    assert admin.delete(f"/api/users/{bob['id']}").status_code == 204
    assert admin.patch(f"/api/users/{bob['id']}", json={}).status_code == 404
    assert admin.delete(f"/api/users/{bob['id']}").json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 300, "password": PASSWORD}, "body.name"),
        ({"name": "\r\n\t ", "password": PASSWORD}, "body.name"),
        ({"name": "carol", "password": "short"}, "body.password"),
        ({"name": "carol", "password": PASSWORD, "role": "owner"}, "body.role"),
        ({"name": "carol", "password": PASSWORD, "admin": True}, "body.admin"),
    ],
)
def test_what_does_not_fit_is_named(world: World, body: dict[str, object], field: str) -> None:
    """A name is refused rather than cut: it is typed at each sign-in."""
    answer = world.keyed().post("/api/users", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert PASSWORD not in answer.text
    assert "items" not in answer.json()["errors"][0]["message"]


def test_a_taken_name_is_a_conflict(world: World) -> None:
    """In any spelling."""
    world.keyed().post("/api/users", json={"name": "dora", "password": PASSWORD})
    answer = world.keyed().post("/api/users", json={"name": "DORA", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


def test_everybodys_keys_are_seen_and_withdrawn(world: World) -> None:
    """With whose they are, and when they were used, to the hour; never the key itself."""
    world.person("emil", Role.MEMBER)
    made = world.signed_in("emil").post("/api/auth/keys", json={"label": "tablet"}).json()
    admin = world.keyed()
    (key,) = [one for one in admin.get("/api/keys").json()["items"] if one["account"] == "emil"]
    assert (key["label"], key["last_used_at"]) == ("tablet", None)
    script = world.client(**{"X-Api-Key": made["key"]})
    assert script.get("/api/downloads/queue").status_code == 200
    listed = admin.get("/api/keys")
    (key,) = [one for one in listed.json()["items"] if one["account"] == "emil"]
    assert key["last_used_at"]
    assert made["key"] not in listed.text
    assert admin.delete(f"/api/keys/{made['id']}").status_code == 204
    assert script.get("/api/downloads/queue").status_code == 401
    assert admin.delete(f"/api/keys/{made['id']}").status_code == 404
