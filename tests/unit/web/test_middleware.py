"""What stands before every route."""

from __future__ import annotations

import anyio
import anyio.to_thread
import pytest
from starlette.types import Message, Receive, Scope, Send

from auralarchive.web.middleware import PUBLIC, Gate, is_guarded
from tests.support.web import API_KEY, World


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/docs", "/api/unknown", "/metrics", "/api/health/", "/api/HEALTH"]
)
def test_all_but_a_few_exact_paths_are_guarded(path: str) -> None:
    """No prefix, no pattern: an address is in the list, or it is closed."""
    assert is_guarded(path)


def test_pages_are_open() -> None:
    """They hold nothing; what they show they have to ask for."""
    assert not is_guarded("/")
    assert not is_guarded("/apiary")
    assert not any(map(is_guarded, PUBLIC))


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/downloads/queue", "/nothing", "/api/nothing"])
def test_safeguards_are_on_every_answer(world: World, path: str) -> None:
    """Also on errors, also without sign-in."""
    headers = world.client().get(path).headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src-attr")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers


def test_answers_of_the_api_are_not_kept(world: World) -> None:
    """Neither by browsers nor by proxies."""
    assert world.keyed().get("/api/downloads/queue").headers["cache-control"] == "no-store"


def test_requests_are_counted_by_pattern(world: World) -> None:
    """Ids and nonsense make no series of their own."""
    keyed = world.keyed()
    keyed.get("/api/downloads/queue/41")
    keyed.get("/api/nonsense-path")
    text = keyed.get("/metrics").text
    assert 'route="/api/downloads/queue/{download_id}",status="404"' in text
    assert "nonsense" not in text


def test_who_comes_is_known_however_slow_the_neighbours_are(world: World) -> None:
    """Threads that all routes share may all wait for an indexer: nobody waits at the gate for them."""
    passed: list[Scope] = []

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)

    async def receive() -> Message:
        raise AssertionError("nothing is read of a GET")

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def main() -> None:
        shared = anyio.to_thread.current_default_thread_limiter()
        shared.total_tokens = 1
        gate = Gate(inside, world.services.boundary, world.services.authenticator, str)
        headers = [(b"host", b"127.0.0.1"), (b"x-api-key", API_KEY.encode())]
        scope = {"type": "http", "scheme": "http", "headers": headers, "client": ("127.0.0.1", 5)}
        async with shared:
            with anyio.fail_after(10):
                await gate({**scope, "path": "/metrics", "method": "GET"}, receive, send)

    anyio.run(main)
    assert passed[0]["state"]["identity"] is not None


def test_a_bug_is_an_id_and_nothing_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, no class name, and the server goes on."""

    def broken() -> object:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(world.monitor, "live_all", broken)
    answer = world.keyed().get("/api/downloads/queue")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert len(answer.json()["incident"]) == 12
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    monkeypatch.undo()
    assert world.keyed().get("/api/downloads/queue").status_code == 200
