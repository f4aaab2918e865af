"""Logins and answers, against a server of a few lines that says what no generation would."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from auralarchive.clients import wire as wires
from auralarchive.clients.qbittorrent_api import Api, Credentials
from auralarchive.ports.errors import AuthRefused

Reply = Callable[[httpx2.Request], httpx2.Response]
_ME = Credentials("me", "secret")


@pytest.fixture
def api() -> Iterator[Callable[[Reply, Credentials], Api]]:
    """Makes an `Api` whose requests a function answers."""
    made: list[Api] = []

    def make(reply: Reply, credentials: Credentials) -> Api:
        wire = Api("http://qb.invalid", credentials, verify=True)
        wire._wire._http.close()
        wire._wire._http = httpx2.Client(transport=httpx2.MockTransport(reply))
        made.append(wire)
        return wire

    yield make
    for each in made:
        each.close()


Make = Callable[[Reply, Credentials], Api]


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [(200, "Ok.", False), (204, "", False), (200, "Fails.", True), (401, "", True), (403, "banned", True)],
)
def test_the_login_of_each_generation(api: Make, status: int, body: str, refused: bool) -> None:
    """Its body and status have changed over time; a refusal is never tried again."""
    paths: list[str] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.path)
        return httpx2.Response(status, text=body) if "login" in request.url.path else httpx2.Response(200, text="{}")

    wire = api(reply, _ME)
    if not refused:
        assert wire.get("app/version").ok
        return
    for _ in range(3):
        with pytest.raises(AuthRefused):
            wire.get("app/version")
    assert len(paths) == 1


def test_a_refusal_is_forgotten_after_a_while(api: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour later the next attempt may be right: the ban is over, or the password was put back."""
    monkeypatch.setattr(wires, "REFUSAL_LASTS", 0.0)
    answers = iter([httpx2.Response(401), httpx2.Response(204), httpx2.Response(200, text="v9")])
    wire = api(lambda _: next(answers), _ME)
    with pytest.raises(AuthRefused):
        wire.get("app/version")
    assert wire.get("app/version").text == "v9"


def test_without_a_name_nobody_signs_in(api: Make) -> None:
    """A client that asks nobody is used as it is; when it does ask, that is said."""
    answers = iter([httpx2.Response(200, text="v9"), httpx2.Response(403)])
    wire = api(lambda _: next(answers), Credentials())
    assert wire.get("app/version").text == "v9"
    with pytest.raises(AuthRefused, match="wants a login"):
        wire.get("app/version")
