"""Who is connected, and who has to go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from auralarchive.live.limits import Limits
from tests.support.sockets import listening
from tests.support.web import API_KEY, World, make_world, serving, wait_until


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[World]:
    """A server with room for few who have not said who they are, and hardly time."""
    with serving(make_world(tmp_path, limits=Limits(nameless_per_peer=3, nameless_seconds=0.5))) as running:
        yield running


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[World]:
    """A server with room for few."""
    with serving(make_world(tmp_path, limits=Limits(connections_per_peer=6))) as running:
        yield running


def test_half_open_connections_are_few_and_end(hasty: World) -> None:
    """Whoever never says who they are holds memory for a moment only."""
    stranger = hasty.client()
    address = "/socket.io/?EIO=4&transport=polling"
    answers = [stranger.get(address).status_code for _ in range(8)]
    assert answers == [200] * 3 + [429] * 5
    wait_until(lambda: stranger.get(address).status_code == 200, "the old ones are forgotten")
    assert len(hasty.gateway._sio.environ) <= 3


def test_a_silent_websocket_is_hung_up_on(hasty: World) -> None:
    """Also one that answers nothing."""
    with connect(hasty.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", proxy=None) as socket:
        assert str(socket.recv()).startswith("0{")
        wait_until(lambda: not hasty.gateway._sio.environ, "it is forgotten")


def test_connections_of_one_peer_are_counted(narrow: World) -> None:
    """No peer takes all the room; those who are in stay in."""
    key = {"X-Api-Key": API_KEY}
    address = "/socket.io/?EIO=4&transport=polling"
    with listening(narrow, headers=key) as a, listening(narrow, headers=key) as b, listening(narrow, headers=key) as c:
        with listening(narrow, headers=key), listening(narrow, headers=key), listening(narrow, headers=key):
            assert narrow.client().get(address).status_code == 429
        assert a.client.connected
        assert b.client.connected
        assert c.client.connected
