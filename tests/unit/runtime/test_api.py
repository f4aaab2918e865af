"""How the terminal finds the running server, and what it says where there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from auralarchive.runtime.api import ApiError, LocalApi, NoServer, remember_server, server_file
from tests.support.processes import free_port


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that gives this answer to everything; its address, and the keys it was shown."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(self.headers.get("X-Api-Key", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal of the tests."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", keys
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    """Also where an earlier file stood open: it is made anew."""
    server_file(tmp_path).write_text("{}")
    server_file(tmp_path).chmod(0o666)
    remember_server(tmp_path, "http://127.0.0.1:1", "key")
    assert server_file(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"url": "http://127.0.0.1:1"}', '"x"'])
def test_without_a_server_it_says_how_to_start_one(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        server_file(tmp_path).write_text(content)
    with pytest.raises(NoServer, match="auralarchive serve --data-dir"):
        LocalApi.of(tmp_path)


def test_a_file_of_a_server_that_was_killed_leads_nowhere(tmp_path: Path) -> None:
    remember_server(tmp_path, f"http://127.0.0.1:{free_port()}", "key")
    with pytest.raises(NoServer):
        LocalApi.of(tmp_path).get("/api/health")


def test_another_program_at_that_port_is_not_our_server(tmp_path: Path) -> None:
    with answering(200, b"<html>hello</html>") as (url, _):
        remember_server(tmp_path, url, "key")
        with pytest.raises(NoServer):
            LocalApi.of(tmp_path).get("/")


def test_an_answer_and_a_refusal(tmp_path: Path) -> None:
    with answering(200, b'{"a": 1}') as (url, keys):
        remember_server(tmp_path, url, "key")
        assert LocalApi.of(tmp_path).get("/") == {"a": 1}
        assert keys == ["key"]
    problem = {"title": "Conflict", "detail": "It is there already.", "remedy": "See download 3."}
    with answering(409, json.dumps(problem).encode()) as (url, _):
        remember_server(tmp_path, url, "key")
        with pytest.raises(ApiError, match=r"It is there already\. See download 3\."):
            LocalApi.of(tmp_path).get("/")
    with answering(500, b"[]") as (url, _):
        remember_server(tmp_path, url, "key")
        with pytest.raises(ApiError, match="answered 500"):
            LocalApi.of(tmp_path).get("/")
