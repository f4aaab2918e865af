"""Browsers hear what was committed: all of it, in order, soon."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from auralarchive.domain import events as e
from auralarchive.live import gateway
from auralarchive.pipeline.live import Live
from auralarchive.ports.errors import Unreachable
from auralarchive.ports.store import NewDownload
from tests.support.records import a_book
from tests.support.sockets import listening
from tests.support.web import API_KEY, World, make_world, serving, wait_until

KEY = {"X-Api-Key": API_KEY}


def add(world: World, title: str) -> int:
    return world.store.downloads.create(NewDownload(a_book(title), manual=False)).id


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_change_is_heard_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    """By the commit's own word, for the next look without it is an hour away; with ids, statuses and nothing secret."""
    monkeypatch.setattr(gateway, "_SAFETY_NET", 3600)
    with (
        serving(make_world(tmp_path)) as world,
        listening(world, headers=KEY, transport=transport) as listener,
    ):
        number = add(world, f"Heard by {transport}")
        (added,) = listener.wait_for("queue:item_added")
        assert (added["download_id"], added["new_status"], added["version"]) == (number, "QUEUED", 1)
        world.commands.cancel(number)
        assert listener.wait_for("download:cancelled")[0]["reason"]
        assert number in listener.wait_for("queue:updated", 2)[-1]["download_ids"]


def test_events_do_not_wait_for_slow_neighbours(tmp_path: Path) -> None:
    """Threads that all share may all be with slow indexers: the gateway begins, and lets people in, all the same."""
    world = make_world(tmp_path)

    async def main() -> None:
        shared = anyio.to_thread.current_default_thread_limiter()
        shared.total_tokens = 1
        async with shared, anyio.create_task_group() as tasks:
            tasks.start_soon(world.gateway.run)
            with anyio.fail_after(10):
                while world.gateway._tasks is None:  # noqa: ASYNC110 - it tells nobody that it has begun
                    await anyio.sleep(0.01)
                headers = [(b"host", b"127.0.0.1"), (b"x-api-key", API_KEY.encode())]
                scope = {"type": "http", "scheme": "http", "headers": headers, "client": ("127.0.0.1", 5)}
                await world.gateway._connect("sid", {"asgi.scope": {**scope, "path": "/", "method": "GET"}})
            tasks.cancel_scope.cancel()

    anyio.run(main)
    world.store.close()


def test_the_key_may_come_in_the_payload(world: World) -> None:
    """Libraries in browsers cannot send headers."""
    with listening(world, auth={"api_key": API_KEY}) as listener:
        assert listener.of("ready")


def test_what_was_missed_is_told_on_return(world: World) -> None:
    """From the last number seen, each line once and in order."""
    with listening(world, headers=KEY) as listener:
        seen = listener.of("ready")[0]["seq"]
    numbers = [add(world, f"Missed {n}") for n in range(150)]
    with listening(world, headers=KEY, auth={"seq": seen}) as listener:
        assert [data["download_id"] for data in listener.of("queue:item_added")] == numbers
        sequence = [data["seq"] for data in listener.of("download:state_changed")]
        assert sequence == sorted(set(sequence))
        number = add(world, "After the missed ones")
        wait_until(lambda: listener.of("queue:item_added")[-1]["download_id"] == number, "the next one comes")
        assert not listener.of("resync")


def test_too_much_missed_is_a_resync(world: World) -> None:
    """A list is asked for anew; so is it for a number from the future."""
    first = add(world, "Busy")
    seen = world.store.downloads.last_seq()
    for number in range(1, 1003):
        world.recorder.record(first, e.Adjusted(priority=number % 100))
    for number_seen in (seen, 10**9):
        with listening(world, headers=KEY, auth={"seq": number_seen}) as listener:
            assert listener.of("resync")[0]["seq"] >= seen
            assert not listener.of("download:state_changed")


def test_progress_comes_as_one_batch(world: World) -> None:
    """At most once a second, and only what moved."""
    with listening(world, headers=KEY) as listener:
        world.monitor.board.put({number: Live(float(number), 1000) for number in range(50)})
        (batch, *_) = listener.wait_for("download:progress")
        assert len(batch["rows"]) == 50
        time.sleep(1.2)
        assert len(listener.of("download:progress")) == 1


def test_connections_end_with_their_session(world: World) -> None:
    """Signing out closes the sockets of that session, and only those."""
    browser = world.signed_in()
    cookie = {"Cookie": f"auralarchive={browser.cookies['auralarchive']}"}
    with listening(world, headers=KEY) as other, listening(world, headers=cookie) as mine:
        assert browser.post("/api/auth/logout").status_code == 200
        wait_until(lambda: not mine.client.connected, "the session's socket closes")
        assert other.client.connected


def test_a_database_that_is_away_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server goes on, and tells what was committed once it can read it again."""
    faults = [Unreachable("The database does not answer.")]
    read = world.store.downloads.events_after

    def away_once(seq: int, limit: int) -> object:
        if faults:
            raise faults.pop()
        return read(seq, limit)

    with listening(world, headers=KEY) as listener:
        monkeypatch.setattr(world.store.downloads, "events_after", away_once)
        number = add(world, "Told later")
        (added,) = listener.wait_for("queue:item_added")
        assert added["download_id"] == number
        assert not faults
