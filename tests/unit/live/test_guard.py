"""What stands before Socket.IO."""

from __future__ import annotations

import pytest

from tests.support.web import API_KEY, World

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.test", "X-Api-Key": API_KEY}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.test"}, 403),
        ({"Host": "a b"}, 400),
        ({"X-Api-Key": API_KEY}, 200),
    ],
)
def test_hosts_and_origins_are_judged_before_the_library(world: World, headers: dict[str, str], status: int) -> None:
    """By the same rules as everywhere."""
    assert world.client(**headers).get(HANDSHAKE).status_code == status


def test_large_messages_are_refused_unread(world: World) -> None:
    """64 KiB is plenty for somebody who has nothing to say."""
    answer = world.client().post(f"{HANDSHAKE}&sid=x", content=b"4" * 70_000)
    assert answer.status_code == 413


def test_other_addresses_go_on_to_the_pages(world: World) -> None:
    """Also those that only look alike."""
    assert world.client().get("/api/health").status_code == 200
    assert world.client().get("/socket.iox/").status_code == 404
