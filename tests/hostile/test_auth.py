"""Hostile sign-ins: nobody gets in without credentials, nobody keeps the owner out."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from auralarchive.web.boundary import Boundary
from tests.support.web import API_KEY, PASSWORD, World, make_world, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(make_world(tmp_path_factory.mktemp("auth"))) as running:
        running.signed_in()
        yield running


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[World]:
    """A server behind a proxy that it trusts."""
    with serving(make_world(tmp_path, boundary=Boundary.of(["books.example"], ["127.0.0.1"]))) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Remote-User": "admin"},
        {"X-Forwarded-User": "ann", "X-Real-IP": "127.0.0.1"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."},
        {"Authorization": "Basic YW5uOmFubg=="},
        {"X-Api-Key": ""},
        {"X-Api-Key": API_KEY + " x"},
        {"Cookie": "auralarchive=" + "x" * 8000},
        {"X-Original-URL": "/api/health"},
        {"X-HTTP-Method-Override": "GET"},
    ],
)
def test_no_header_opens_the_door(world: World, headers: dict[str, str]) -> None:
    """But a session or a key."""
    assert world.client(**headers).get("/api/downloads/queue").status_code == 401


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "x/api/health?", "127.0.0.1.nip.io", "a:b:c"])
def test_other_hosts_are_refused_even_with_the_key(world: World, host: str) -> None:
    """DNS rebinding, and hosts that try to be paths."""
    answer = world.client(Host=host, **{"X-Api-Key": API_KEY}).get("/api/downloads/queue")
    assert answer.status_code in (400, 403)
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}, {}]
)
def test_another_sites_page_changes_nothing(world: World, headers: dict[str, str]) -> None:
    """With the browser's cookie, but without the browser's word for our own page."""
    cookie = f"auralarchive={world.signed_in().cookies['auralarchive']}"
    stranger = world.client(Cookie=cookie, **headers)
    answer = stranger.post("/api/downloads/service/stop")
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert stranger.get("/api/downloads/queue").status_code == 200
    assert world.monitor.monitoring


@pytest.mark.parametrize(
    "foreign",
    ['theme={"dark":true,"list":[1,2]}', "a[0]=1", "b@d=1", "no equals sign", "=", '_ga="x"y', 'q="open', "x=\xe9",
     "auralarchive=of-another-program", "; ;;", "$Version=1"],
)  # fmt: skip
def test_cookies_of_other_programs_on_this_host_keep_nobody_out(world: World, foreign: str) -> None:
    """Cookies know no ports: whatever runs beside us has its own sent to us, in whatever form it likes."""
    ours = f"auralarchive={world.signed_in().cookies['auralarchive']}"
    for cookies in (f"{foreign}; {ours}", f"{ours}; {foreign}"):
        sent = world.client()
        sent.headers = httpx2.Headers([(b"Cookie", cookies.encode("latin-1"))])
        assert sent.get("/api/downloads/queue").status_code == 200, cookies


def test_a_flood_of_cookies_is_not_a_flood_of_guesses(world: World) -> None:
    """Only the first few of our name are looked up."""
    ours = f"auralarchive={world.signed_in().cookies['auralarchive']}"
    guesses = "; ".join(f"auralarchive=guess{n}" for n in range(500))
    assert world.client(Cookie=f"{guesses}; {ours}").get("/api/downloads/queue").status_code == 401


def test_guessing_is_slowed_down_for_the_guesser_only(proxied: World, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred guesses from one address; the owner elsewhere signs in at once; no password is logged."""
    token = proxied.services.authenticator.setup_token
    guesser = proxied.client(**{"X-Forwarded-For": "203.0.113.9"})
    owner = proxied.client(**{"X-Forwarded-For": "198.51.100.4"})
    body = {"name": "ann", "password": PASSWORD, "token": token}
    assert owner.post("/api/auth/setup", json=body | {"token": "guess"}).status_code == 403
    assert owner.post("/api/auth/setup", json=body).status_code == 201
    owner.cookies.clear()
    with caplog.at_level(logging.DEBUG):
        statuses = [
            guesser.post("/api/auth/login", json={"name": "ann", "password": f"guess-{n}"}).status_code
            for n in range(100)
        ]
    assert statuses[:3] == [401] * 3
    assert statuses.count(429) >= 90
    assert "guess-" not in caplog.text
    assert guesser.post("/api/auth/login", json={"name": "ann", "password": PASSWORD}).headers["retry-after"]
    started = time.monotonic()
    assert owner.post("/api/auth/login", json={"name": "ann", "password": PASSWORD}).status_code == 200
    assert time.monotonic() - started < 1


def test_behind_tls_the_cookie_is_tied_to_the_host(proxied: World) -> None:
    """The proxy's word counts, since it is trusted."""
    secured = proxied.client(Host="books.example", **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    body = {"name": "ann", "password": PASSWORD, "token": proxied.services.authenticator.setup_token}
    answer = secured.post("/api/auth/setup", json=body)
    assert answer.headers["set-cookie"].startswith("__Host-auralarchive=")
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("prefix", ["//evil.test", "/x", "https://evil.test"])
def test_a_forwarded_prefix_changes_nothing(proxied: World, prefix: str) -> None:
    """No address in any answer is made of it."""
    answer = proxied.client(**{"X-Forwarded-Prefix": prefix}).get("/login?next=//evil.test")
    assert answer.status_code == 200
    assert "evil" not in answer.text + str(answer.headers)
