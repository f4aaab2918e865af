"""Hostile clients of the live gateway: refused, rate limited, forgotten; the healthy one beside them still hears."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata

import pytest
import socketio
from packaging.version import Version
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from auralarchive.domain import events as e
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.ports.store import NewDownload
from tests.support.records import a_book
from tests.support.sockets import listening
from tests.support.web import API_KEY, World, make_world, serving, wait_until

KEY = {"X-Api-Key": API_KEY}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(make_world(tmp_path_factory.mktemp("sockets"))) as running:
        yield running


@contextmanager
def raw(world: World, **headers: str) -> Iterator[ClientConnection]:
    """A websocket that speaks Engine.IO by hand, signed in."""
    address = world.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    with connect(address, additional_headers=headers, max_size=None, proxy=None) as socket:
        assert str(socket.recv(timeout=5)).startswith("0{")
        yield socket


def closed(socket: ClientConnection) -> bool:
    try:
        while True:
            socket.recv(timeout=0.01)
    except TimeoutError:
        return False
    except ConnectionClosed:
        return True


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "wrong"}, {"Cookie": "auralarchive=wrong"}])
def test_without_credentials_nobody_gets_in(world: World, headers: dict[str, str]) -> None:
    """Refused before any room is joined."""
    with pytest.raises(socketio.exceptions.ConnectionError), listening(world, headers=headers):
        pass
    assert not world.gateway._connections.guests()


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1.evil.test"])
def test_another_sites_page_gets_no_socket(world: World, origin: str) -> None:
    """Its browser sends our cookie along; that is not enough."""
    browser = world.signed_in()
    headers = {"Cookie": f"auralarchive={browser.cookies['auralarchive']}", "Origin": origin}
    for transport in ("websocket", "polling"):
        with (
            pytest.raises(socketio.exceptions.ConnectionError),
            listening(world, headers=headers, transport=transport),
        ):
            pass


def test_a_flood_of_events_is_hung_up_on_and_others_still_hear(world: World) -> None:
    """A thousand events a second from one, and the one beside it notices nothing."""
    with listening(world, headers=KEY) as healthy, raw(world, **KEY) as socket:
        socket.send("40")
        try:
            for _ in range(1000):
                socket.send('42["flood",{}]')
        except ConnectionClosed:
            pass
        wait_until(lambda: closed(socket), "the flood is cut off")
        world.store.downloads.create(NewDownload(a_book("Beside a flood"), manual=False))
        assert healthy.wait_for("queue:item_added")


@pytest.mark.parametrize(
    "message",
    [
        "4" + "x" * 1_000_001,
        "x" * 65_537,
        b"\x00" * 70_000,
    ],
)
def test_large_messages_end_the_connection(world: World, message: str | bytes) -> None:
    """More than 64 KiB is nothing that a page of ours would say."""
    with raw(world, **KEY) as socket:
        try:
            socket.send(message)
        except ConnectionClosed:
            return
        wait_until(lambda: closed(socket), "the connection ends")


@pytest.mark.parametrize(
    "messages",
    [
        ["40", '455000-["x",{"_placeholder":true,"num":0}]'],
        ["40", '42["' + "[" * 30_000],
        ["40", "42" + "[" * 60_000 + "]" * 1],
        ["40/admin,"],
        ["44{}"],
        ["9"],
        [""],
        ["4"],
        ["40{" + '"a":{' * 5000],
        ['40{"seq":"x"}'],
        ['40{"seq":-5}'],
        ['40{"seq":1e400}'],
        ["40[1,2]"],
        ["40", '42["connect"]', '42["disconnect"]', "43999[]", "41"],
    ],
)
def test_nonsense_breaks_nothing(world: World, messages: list[str]) -> None:
    """Whatever it says, the server goes on and the next client comes in."""
    with raw(world, **KEY) as socket:
        try:
            for message in messages:
                socket.send(message)
            closed(socket)
        except ConnectionClosed:
            pass
    with listening(world, headers=KEY) as healthy:
        assert healthy.of("ready")


def test_a_client_that_does_not_read_is_let_go(world: World) -> None:
    """What it has not read does not pile up: after a while it is forgotten, with all that waits for it."""
    with raw(world, **KEY) as socket:
        before = set(world.gateway._connections._named)
        socket.send("40")
        wait_until(lambda: set(world.gateway._connections._named) - before, "it is in")
        (eio,) = set(world.gateway._connections._named) - before
        waiting = world.gateway._sio.eio.sockets[eio].queue
        padding = "x" * 20_000
        number = world.store.downloads.create(NewDownload(a_book("Unread"), manual=False)).id
        give_up = time.monotonic() + 30
        while eio in world.gateway._sio.eio.sockets:
            assert time.monotonic() < give_up
            for _ in range(20):
                world.recorder.record(number, e.Waiting(reason=f"{time.monotonic()} {padding}"))
                world.recorder.record(number, e.StageFailed(failure(padding)))
                world.recorder.record(number, e.RetryRequested())
        assert waiting.qsize() < 5 * world.gateway._limits.waiting_packets


def test_missed_while_away_equals_the_queue(world: World) -> None:
    """After 500 changes in its absence, replay and queue tell the same."""
    with listening(world, headers=KEY) as listener:
        seen = listener.of("ready")[0]["seq"]
    ids = [world.store.downloads.create(NewDownload(a_book(f"Away {n}"), manual=False)).id for n in range(250)]
    for number in ids[::2]:
        world.commands.cancel(number)
    with listening(world, headers=KEY, auth={"seq": seen}) as listener:
        state = {data["download_id"]: data["new_status"] for data in listener.of("download:state_changed")}
    rows = [row for row in (world.store.downloads.get(number) for number in ids) if row is not None]
    assert state == {row.id: row.acquisition.value for row in rows}


def test_polling_with_a_foreign_id_is_refused(world: World) -> None:
    """An id of Engine.IO is not guessed."""
    client = world.client()
    for sid in ("x", "../../etc", "0" * 5000):
        answer = client.get("/socket.io/", params={"EIO": "4", "transport": "polling", "sid": sid})
        assert answer.status_code == 400


def test_versions_have_the_known_holes_mended() -> None:
    """Pickles on the bus, and memory for announced attachments: fixed from these on."""
    assert Version(metadata.version("python-engineio")) >= Version("4.13.3")
    assert Version(metadata.version("python-socketio")) >= Version("5.16.3")
    assert Version(metadata.version("starlette")) >= Version("1.3.1")


def failure(words: str) -> Failure:
    return Failure(FailureKind.NOTHING_FOUND, words, "", Disposition.PERMANENT)


def test_it_is_quick_to_refuse(world: World) -> None:
    """A hundred refusals cost less than a second each way."""
    started = time.monotonic()
    client = world.client(Origin="https://evil.test")
    for _ in range(100):
        assert client.get("/socket.io/?EIO=4&transport=polling").status_code in (403, 429)
    assert time.monotonic() - started < 5
