"""A proxy in front of a real HTTP server that spoils what comes back, to prove what a bad wire does.

    with FaultProxy(server.url) as proxy:
        proxy.fault = Fault("reset", path="torrents/add")

The request always reaches the server first, but for `refuse`: a lost answer is not a lost request.
"""

from __future__ import annotations

import http.client
import http.server
import random
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit

Kind = Literal["none", "refuse", "reset", "delay", "garbage", "html", "truncate", "status", "body"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to answers whose path holds `path`, to requests that hold `asked`.

    refuse: reset before the server hears of it; reset: after `amount` bytes of the answer; delay: by
    `amount` seconds; garbage: `amount` random bytes instead of HTTP; html: a page; truncate: half of the
    body under the full length; status: `amount` as status; body: `content` instead.
    """

    kind: Kind = "none"
    path: str = ""
    amount: float = 0
    content: bytes = b""
    asked: bytes = b""  # where every call has the same path


class FaultProxy:
    """Listens on a free port of 127.0.0.1 for as long as the `with` block lasts, and counts requests."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.fault = Fault()
        self.requests: list[str] = []
        self.contents: list[bytes] = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.requests.append(self.path)
                proxy._serve(self, parts.hostname or "", parts.port or 80)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """The test counts requests itself."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, asked: http.server.BaseHTTPRequestHandler, host: str, port: int) -> None:
        content = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        self.contents.append(content)
        fault = self.fault if self.fault.path in asked.path and self.fault.asked in content else Fault()
        if fault.kind == "refuse":
            _reset(asked)
            return
        status, headers, body = _forward(asked, content, host, port)
        if fault.kind == "delay":
            time.sleep(fault.amount)
        length = len(body)
        if fault.kind == "status":
            status, body, length = int(fault.amount), b"", 0
        elif fault.kind in ("html", "body"):
            body = fault.content or b"<!DOCTYPE html><html><body>Welcome to the router</body></html>"
            length = len(body)
        elif fault.kind == "truncate":
            body = body[: length // 2]
        raw = _written(status, headers, body, length)
        if fault.kind == "garbage":
            raw = random.Random(1).randbytes(int(fault.amount) or 500)
        _answer(asked, raw[: int(fault.amount)] if fault.kind == "reset" else raw, reset=fault.kind == "reset")


def _forward(
    asked: http.server.BaseHTTPRequestHandler, content: bytes, host: str, port: int
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        # As if it had been asked directly: servers compare these with their own address.
        own = {"Host": f"{host}:{port}", "Referer": f"http://{host}:{port}", "Accept-Encoding": "identity"}
        connection.request(asked.command, asked.path, content, {**dict(asked.headers), **own})
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def _written(status: int, headers: list[tuple[str, str]], body: bytes, length: int) -> bytes:
    framing = {"content-length", "transfer-encoding", "connection", "content-encoding"}
    kept = [(name, value) for name, value in headers if name.lower() not in framing]
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in [*kept, ("Content-Length", str(length)), ("Connection", "close")]]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _answer(asked: http.server.BaseHTTPRequestHandler, raw: bytes, *, reset: bool) -> None:
    asked.close_connection = True
    try:
        asked.wfile.write(raw)
        asked.wfile.flush()
    except OSError:
        return  # the other side has lost its patience: that is what the test wanted
    if reset:
        _reset(asked)


def _reset(asked: http.server.BaseHTTPRequestHandler) -> None:
    """Close without a farewell: the other side sees a reset connection."""
    asked.close_connection = True
    asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.connection.close()
