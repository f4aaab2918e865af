"""The guided set-up: begun by the page of the first account, left and taken up again, and done with for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import World, make_world, serving


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """A server without an account."""
    with serving(make_world(tmp_path)) as running:
        yield running


def test_it_is_begun_and_remembers_where_it_was_left(fresh: World) -> None:
    """Who made the account by a script is not asked."""
    browser = fresh.signed_in()
    assert browser.get("/api/welcome").json() == {"pending": False, "step": "library"}
    assert browser.put("/api/welcome", json={"pending": True}).json() == {"pending": True, "step": "library"}
    assert browser.get("/api/auth/status").json()["welcome"] is True
    assert browser.put("/api/welcome", json={"step": "indexer"}).json() == {"pending": True, "step": "indexer"}
    assert browser.put("/api/welcome", json={"pending": False}).json() == {"pending": False, "step": "indexer"}
    assert browser.get("/api/auth/status").json()["welcome"] is False
    assert browser.put("/api/welcome", json={"step": "elsewhere"}).status_code == 422


def test_who_had_an_account_before_is_not_asked(world: World) -> None:
    """An older instance knows nothing of the set-up: nothing is pending there."""
    assert world.store.settings.all() == {}
    assert world.keyed().get("/api/welcome").json() == {"pending": False, "step": "library"}


def test_a_client_on_this_machine_is_found_once(world: World) -> None:
    """What is configured already is told as such."""
    keyed = world.keyed()
    found = {"type": "qbittorrent", "title": "qBittorrent", "settings": {"host": "127.0.0.1", "port": 8080}}
    assert keyed.post("/api/welcome/clients").json() == {"items": [{**found, "configured": False}]}
    body = {"type": "qbittorrent", "name": "mine", "settings": {"host": "localhost", "port": 8080}}
    keyed.post("/api/clients", json=body).raise_for_status()
    assert keyed.post("/api/welcome/clients").json() == {"items": [{**found, "configured": True}]}
