"""The base path: everything is below it, whether a proxy strips it or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive import settings
from auralarchive.web.boundary import Boundary
from tests.support.sockets import listening
from tests.support.web import API_KEY, PASSWORD, World, make_world, serving

INDEX = '<!doctype html><link rel="icon" href="/favicon.svg"><script src="/assets/a.js"></script>'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, boundary=Boundary(base_path="/books"))
    (tmp_path / "static" / "index.html").write_text(INDEX)
    with serving(made):
        yield made


@pytest.mark.parametrize("prefix", ["", "/books"])
def test_everything_is_there_with_and_without_the_prefix(world: World, prefix: str) -> None:
    """A proxy that keeps the base path and one that strips it reach the same; pages lead below it."""
    keyed = world.keyed()
    page = keyed.get(f"{prefix}/downloads/3")
    assert page.text == INDEX.replace('="/', '="/books/')
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert keyed.get(f"{prefix}/api/downloads/queue").json()["total"] == 0
    assert keyed.get(f"{prefix}/api/openapi.json").json()["servers"] == [{"url": "/books"}]
    assert 'href="/books/api/openapi.json"' in keyed.get(f"{prefix}/api/docs").text
    assert keyed.get(f"{prefix}/metrics").is_success


def test_the_base_path_alone_leads_to_its_page(world: World) -> None:
    """Only to our own: what a request says of its prefix leads nowhere."""
    answer = world.client().get("/books", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (308, "/books/")
    assert "evil" not in world.client().get("/", headers={"X-Forwarded-Prefix": "//evil.example"}).text


@pytest.mark.parametrize("path", ["/books/api/clients", "/api/clients", "/books/metrics", "/books/socket.io"])
def test_the_gate_stands_below_the_prefix(world: World, path: str) -> None:
    """A prefix is no way around it."""
    assert world.client().get(path).status_code in (400, 401)


def test_it_is_taken_off_once(world: World) -> None:
    """What only looks like the prefix is an address as any other."""
    for path in ("/books/books/api/health", "/booksapi/health", "/books2/"):
        assert world.client().get(path).status_code == 404


def test_signing_in_and_live_events_work_below_it(world: World) -> None:
    """The cookie belongs to the base path."""
    browser = world.client(**{"Sec-Fetch-Site": "same-origin"})
    made = browser.post("/books/api/auth/setup", json={"name": "ann", "password": PASSWORD})
    assert "; Path=/books;" in made.headers["set-cookie"]
    assert browser.get("/books/api/auth/status").json()["signed_in"]
    assert not browser.get("/api/auth/status").json()["signed_in"]
    with listening(world, headers={"X-Api-Key": API_KEY}) as listener:
        listener.wait_for("ready")


@pytest.mark.parametrize("written", ["auralarchive", "/auralarchive/", " /auralarchive "])
def test_it_may_be_written_with_any_slashes(written: str) -> None:
    assert settings.ServerSection(base_path=written).base_path == "/auralarchive"


@pytest.mark.parametrize("wrong", ["/../x", "/a b", '/"><script>', "/api", "/socket.io/x", "//evil.example?", "/a%2fb"])
def test_what_would_break_addresses_is_refused(wrong: str) -> None:
    """At the start, with words, rather than by pages that do not work."""
    with pytest.raises(ValueError, match=r"choose another|a path of"):
        settings.ServerSection(base_path=wrong)
