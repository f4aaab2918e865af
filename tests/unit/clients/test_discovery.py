"""Clients on this machine are found by what they say of themselves, and nothing else is taken for one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auralarchive.clients.discovery import KINDS, Found, Kind, find_clients
from auralarchive.clients.registry import CLIENT_TYPES
from tests.support.processes import free_port
from tests.support.qbittorrent import GENERATIONS, Generation, QBittorrent

(QBITTORRENT,) = (kind for kind in KINDS if kind.type == "qbittorrent")


def on(*ports: int) -> tuple[Kind, ...]:
    return (Kind(QBITTORRENT.type, QBITTORRENT.title, ports, QBITTORRENT.recognise),)


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
    "generation",
    [pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS],
)
def test_a_real_qbittorrent_is_found(generation: Generation, tmp_path: Path) -> None:
    """Without a password; between ports where nobody listens."""
    with QBittorrent(tmp_path, generation.argv()) as server:
        found = find_clients(on(free_port(), server.web_port))
    assert found == (Found("qbittorrent", "qBittorrent", "127.0.0.1", server.web_port),)


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
        assert find_clients(on(port)) == ()


@pytest.mark.parametrize(
    "pages",
    [
        {"version": (200, b"v4.6.7")},
        {"version": (403, b"Forbidden"), "page": (200, b"<title>VueTorrent</title>")},
    ],
)
def test_one_that_asks_nobody_and_one_with_another_face(pages: dict[str, tuple[int, bytes]]) -> None:
    with answering(**pages) as port:
        assert [one.port for one in find_clients(on(port))] == [port]


def test_every_kind_can_be_added_when_it_is_found() -> None:
    """Its type is that of an adapter, and host and port are settings of it."""
    types = {one.type: one.settings_model.model_fields for one in CLIENT_TYPES}
    for kind in KINDS:
        assert {"host", "port"} <= set(types[kind.type])
        assert kind.ports
