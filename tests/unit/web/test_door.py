"""The live gateway's door keeps the pages' rules."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.ports.door import Refused
from auralarchive.web.door import SocketDoor
from tests.support.web import API_KEY, World


def scope(**headers: str) -> dict[str, Any]:
    sent = {"host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return {"client": ("127.0.0.1", 1), "headers": [(k.encode(), v.encode()) for k, v in sent.items()]}


@pytest.fixture
def door(world: World) -> SocketDoor:
    return SocketDoor(world.services.boundary, world.services.authenticator)


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.test"}, {"host": "a b"}, {"origin": "https://evil.test"}, {"origin": "null"},
     {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-origin", "origin": "https://evil.test"}],
)  # fmt: skip
def test_other_hosts_and_origins_are_refused(door: SocketDoor, headers: dict[str, str]) -> None:
    """A websocket knows no CORS: any page can open one and the cookie comes along."""
    with pytest.raises(Refused):
        door.peer(scope(**headers))


def test_our_page_and_scripts_come_in(door: SocketDoor) -> None:
    """With the header, or with the key that a browser library can only send in its own payload."""
    assert door.peer(scope(origin="http://localhost")) == door.peer(scope()) == "127.0.0.1"
    assert door.admit(scope(), None) is None
    assert door.admit(scope(), {"api_key": "wrong"}) is None
    for guest in (door.admit(scope(x_api_key=API_KEY), None), door.admit(scope(), {"api_key": API_KEY})):
        assert guest is not None
        assert door.still_valid(guest)
