"""The handshake and the refusals, against a server of a few lines that says what no generation would."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import httpx2
import pytest

from auralarchive.clients.transmission_api import Api, Declined
from auralarchive.ports.errors import AuthRefused, Unreachable

Reply = Callable[[httpx2.Request], httpx2.Response]
Make = Callable[..., Api]
YES = {"result": "success", "arguments": {"version": "4"}}


@pytest.fixture
def api() -> Iterator[Make]:
    """Makes an `Api` whose requests a function answers."""
    made: list[Api] = []

    def make(reply: Reply, username: str = "me", password: str = "secret") -> Api:
        one = Api("http://tm.invalid/transmission", username, password, verify=True)
        headers = dict(one._wire._http.headers)
        one._wire._http.close()
        one._wire._http = httpx2.Client(transport=httpx2.MockTransport(reply), headers=headers)
        made.append(one)
        return one

    yield make
    for each in made:
        each.close()


def test_the_session_is_taken_over_and_kept(api: Make) -> None:
    """One request more at first and after a change, none later; the login goes with each."""
    current = ["one"]
    asked: list[tuple[str, str]] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.headers["X-Transmission-Session-Id"], request.headers["Authorization"]))
        if asked[-1][0] != current[0]:
            return httpx2.Response(409, headers={"X-Transmission-Session-Id": current[0]})
        return httpx2.Response(200, json=YES)

    one = api(reply)
    for session in ("one", "one", "two"):
        current[0] = session
        assert one.call("session-get") == {"version": "4"}
        assert one.session == session
    login = "Basic " + base64.b64encode(b"me:secret").decode()
    assert asked == [(session, login) for session in ("", "one", "one", "one", "two")]


def test_a_handshake_without_end_is_tried_once(api: Make) -> None:
    """A proxy that swallows the header: said, not repeated."""
    asked: list[httpx2.Request] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(409)

    with pytest.raises(Unreachable, match="handshake") as caught:
        api(reply).call("session-get")
    assert "X-Transmission-Session-Id" in caught.value.remedy
    assert len(asked) == 2


@pytest.mark.parametrize(("username", "message"), [("me", "refuses"), ("", "wants a user name")])
def test_a_wrong_password_is_tried_once(api: Make, username: str, message: str) -> None:
    """Transmission locks itself after a hundred."""
    asked: list[httpx2.Request] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(401)

    one = api(reply, username, "")
    for _ in range(3):
        with pytest.raises(AuthRefused, match=message) as caught:
            one.call("session-get")
        assert caught.value.remedy
    assert len(asked) == 1
    assert ("authorization" in asked[0].headers) == bool(username)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(403, "rpc-whitelist"), (421, "rpc-host-whitelist"), (301, "base path"), (404, "base path"), (502, "base path")],
)
def test_every_refusal_has_its_remedy(api: Make, status: int, remedy: str) -> None:
    """They end as soon as somebody has mended the cause, so they are asked again."""
    with pytest.raises(Unreachable, match=str(status)) as caught:
        api(lambda _: httpx2.Response(status)).call("session-get")
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"result": 1}', b"<html>", b'{"result": "succ', b"[" * 50_000])
def test_answers_that_make_no_sense(api: Make, body: bytes) -> None:
    """A router's page, half an answer, another program's JSON."""
    with pytest.raises(Unreachable) as caught:
        api(lambda _: httpx2.Response(200, content=body)).call("session-get")
    assert caught.value.remedy


def test_a_no_is_told_in_its_own_words(api: Make) -> None:
    """And cleaned: it goes into our log."""
    with pytest.raises(Declined, match="torrent-add: bad torrent") as caught:
        api(lambda _: httpx2.Response(200, json={"result": "bad \x1b torrent"})).call("torrent-add")
    assert caught.value.result == "bad torrent"


def test_what_is_asked_is_one_small_object(api: Make) -> None:
    """The older protocol, which every generation speaks."""
    asked: list[bytes] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.read())
        return httpx2.Response(200, json={"result": "success", "arguments": None})

    assert api(reply).call("torrent-stop", {"ids": ["a"]}) == {}
    assert json.loads(asked[0]) == {"method": "torrent-stop", "arguments": {"ids": ["a"]}}
