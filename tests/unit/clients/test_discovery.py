"""Clients on this machine are found by what they say of themselves, and nothing else is taken for one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auralarchive.clients.discovery import KINDS, Kind, find_clients
from auralarchive.clients.registry import CLIENT_TYPES
from tests.contract.clients.kinds import KINDS as CLIENTS
from tests.contract.clients.rig import Kind as Client
from tests.contract.clients.rig import RemoteRig
from tests.support.processes import free_port


def only(type_: str, *ports: int) -> tuple[Kind, ...]:
    """One kind of client, looked for on these ports."""
    return tuple(replace(kind, ports=ports) for kind in KINDS if kind.type == type_)


@contextmanager
def answering(**pages: tuple[int, bytes]) -> Iterator[int]:
    """A server that knows these pages by their first words; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get("version" if "version" in self.path else "page", (404, b""))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else [])
        for each in CLIENTS
        if each.remote
    ],
)
def test_each_real_client_is_found_for_what_it_is(client: Client, tmp_path: Path) -> None:
    """Without a password, between ports where nobody listens, and none for another."""
    running = client.make(tmp_path)
    assert isinstance(running, RemoteRig)
    try:
        found = find_clients(tuple(replace(kind, ports=(free_port(), running.port)) for kind in KINDS))
    finally:
        running.close()
    assert [(one.type, one.host, one.port) for one in found] == [(running.client.type, "127.0.0.1", running.port)]


@pytest.mark.parametrize(
    "pages",
    [
        {},
        {"page": (200, b"<title>qBittorrent WebUI</title>")},
        {"version": (403, b"Forbidden"), "page": (200, b"<title>Something else</title>")},
        {"version": (200, b"<html>any page for any address</html>"), "page": (200, b"qBittorrent")},
        {"version": (302, b""), "page": (200, b"qBittorrent")},
        {"version": (403, b""), "page": (200, b"x" * 70_000 + b"qBittorrent")},
    ],
)
def test_another_program_is_not_taken_for_one(pages: dict[str, tuple[int, bytes]]) -> None:
    """Nor is a redirect followed, nor an answer read that has no end."""
    with answering(**pages) as port:
        assert find_clients(only("qbittorrent", port)) == ()


@pytest.mark.parametrize(
    "pages",
    [
        {"version": (200, b"v4.6.7")},
        {"version": (403, b"Forbidden"), "page": (200, b"<title>VueTorrent</title>")},
    ],
)
def test_one_that_asks_nobody_and_one_with_another_face(pages: dict[str, tuple[int, bytes]]) -> None:
    with answering(**pages) as port:
        assert [one.port for one in find_clients(only("qbittorrent", port))] == [port]


@pytest.mark.parametrize(
    "page",
    [
        (200, b'{"version": "5.1.0"}', True),
        (200, b'{"version": "5.1.0", "name": "somebody else"}', False),
        (200, b'{"version": 5}', False),
        (200, b'["version"]', False),
        (200, b"[" * 60_000, False),
        (403, b'{"version": "5.1.0"}', False),
    ],
)
def test_sabnzbd_is_known_by_the_version_that_it_tells_anybody(page: tuple[int, bytes, bool]) -> None:
    status, body, is_one = page
    with answering(version=(status, body)) as port:
        assert bool(find_clients(only("sabnzbd", port))) is is_one


@pytest.mark.parametrize(("status", "title"), [(200, b"<title>NZBGet</title>"), (403, b"<title>NZBGet</title>")])
def test_an_nzbget_without_a_password_is_known_by_its_page(status: int, title: bytes) -> None:
    with answering(page=(status, title)) as port:
        assert bool(find_clients(only("nzbget", port))) is (status == 200)


def test_nobody_who_speaks_otherwise_is_taken_for_a_deluge() -> None:
    """Its daemon is asked over TLS: who answers plainly, or says nothing, is none."""
    with answering(page=(200, b"Deluge")) as port:
        assert find_clients(only("deluge", port)) == ()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert find_clients(only("deluge", silent.getsockname()[1])) == ()


def test_every_kind_can_be_added_when_it_is_found() -> None:
    """Its type is that of an adapter, and host and port are settings of it."""
    types = {one.type: one.settings_model.model_fields for one in CLIENT_TYPES}
    for kind in KINDS:
        assert {"host", "port"} <= set(types[kind.type])
        assert kind.ports


def test_a_user_name_that_is_offered_is_a_setting() -> None:
    """Only where the client signs in by name."""
    types = {one.type: one.settings_model.model_fields for one in CLIENT_TYPES}
    assert [kind.type for kind in KINDS if kind.username and "username" not in types[kind.type]] == []
