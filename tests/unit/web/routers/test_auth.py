"""Signing in and out over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import PASSWORD, World, make_world, serving


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """A server without an account."""
    with serving(make_world(tmp_path)) as running:
        yield running


def test_from_first_start_to_sign_out(fresh: World) -> None:
    """No password before one is set; afterwards none but the right one."""
    browser = fresh.client(**{"Sec-Fetch-Site": "same-origin"})
    assert browser.get("/api/auth/status").json() == {
        "setup_needed": True, "needs_token": False, "signed_in": False, "name": None, "role": None, "welcome": False,
    }  # fmt: skip
    assert browser.post("/api/auth/login", json={"name": "admin", "password": "adminadmin"}).status_code == 401
    assert browser.post("/api/auth/setup", json={"name": "ann", "password": "short"}).status_code == 422
    made = browser.post("/api/auth/setup", json={"name": "ann", "password": PASSWORD})
    assert made.status_code == 201
    assert "HttpOnly" in made.headers["set-cookie"]
    status = browser.get("/api/auth/status").json()
    assert (status["name"], status["role"]) == ("ann", "admin")
    assert browser.post("/api/auth/setup", json={"name": "eve", "password": PASSWORD}).status_code == 409
    assert browser.get("/api/downloads/queue").status_code == 200
    old = dict(browser.cookies)
    assert browser.post("/api/auth/logout").status_code == 200
    assert not browser.cookies
    assert fresh.client(Cookie=f"auralarchive={old['auralarchive']}").get("/api/downloads/queue").status_code == 401


def test_keys_over_http(world: World) -> None:
    """Made once, listed by label, withdrawn for good."""
    browser = world.signed_in()
    made = browser.post("/api/auth/keys", json={"label": "script"}).json()
    script = world.client(**{"X-Api-Key": made["key"], "Origin": "https://anything.test"})
    assert script.post("/api/downloads/service/start").status_code == 200
    listed = browser.get("/api/auth/keys")
    assert [one["label"] for one in listed.json()["items"]] == ["script"]
    assert made["key"] not in listed.text
    assert browser.delete(f"/api/auth/keys/{made['id']}").status_code == 204
    assert script.get("/api/downloads/queue").status_code == 401
    assert browser.delete(f"/api/auth/keys/{made['id']}").status_code == 404


def test_a_password_is_changed(fresh: World) -> None:
    """This browser stays, every other goes."""
    here, elsewhere = fresh.signed_in(), fresh.signed_in()
    wrong = here.post("/api/auth/password", json={"current": "not that one", "new": "another good one"})
    assert wrong.status_code == 401
    assert here.post("/api/auth/password", json={"current": PASSWORD, "new": "another good one"}).status_code == 200
    assert here.get("/api/downloads/queue").status_code == 200
    assert elsewhere.get("/api/downloads/queue").status_code == 401


def test_one_can_sign_out_everywhere(fresh: World) -> None:
    """Every browser goes, with the one that asks; keys stay, and a key of no account has nothing to end."""
    here, elsewhere = fresh.signed_in(), fresh.signed_in()
    key = here.post("/api/auth/keys", json={"label": "script"}).json()["key"]
    assert here.post("/api/auth/logout-everywhere").status_code == 200
    assert not here.cookies
    assert elsewhere.get("/api/downloads/queue").status_code == 401
    assert fresh.client(**{"X-Api-Key": key}).get("/api/downloads/queue").status_code == 200
    assert fresh.keyed().post("/api/auth/logout-everywhere").status_code == 409
