"""A reverse proxy that shows a server under a path, as people set one up: HTTP and websockets, one way or the other.

with PrefixProxy(server.port, "/books", strip=True) as proxy:
    page.goto(f"{proxy.url}/books/")
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

_MOST = 64 * 1024


class PrefixProxy:
    """Listens on a free port of 127.0.0.1 for as long as the `with` block lasts; all but the prefix is 404."""

    def __init__(self, port: int, prefix: str, *, strip: bool) -> None:
        self._port, self._prefix, self._strip = port, prefix.encode(), strip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="prefix-proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(browser,), daemon=True).start()

    def _serve(self, browser: socket.socket) -> None:
        with browser, contextlib.suppress(OSError):
            head, rest = _head(browser)
            asked = self._rewritten(head)
            if asked is None:
                browser.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                self._remember(browser, server)
                server.sendall(asked + rest)
                back = threading.Thread(target=_pump, args=(server, browser), daemon=True)
                back.start()
                _pump(browser, server)
                back.join()
                self._forget(browser, server)

    def _rewritten(self, head: bytes) -> bytes | None:
        method, path, version_and_headers = head.split(b" ", 2)
        if path != self._prefix and not path.startswith(self._prefix + b"/"):
            return None
        if self._strip:
            path = path[len(self._prefix) :] or b"/"
        if b"upgrade: websocket" not in head.lower():
            # One request a connection: nothing has to be parsed but the first line.
            version, headers = version_and_headers.split(b"\r\n", 1)
            kept = [line for line in headers.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            version_and_headers = b"\r\n".join([version, b"Connection: close", *kept])
        return b" ".join((method, path, version_and_headers))

    def _remember(self, *both: socket.socket) -> None:
        with self._lock:
            self._open.update(both)

    def _forget(self, *both: socket.socket) -> None:
        with self._lock:
            self._open.difference_update(both)


def _head(browser: socket.socket) -> tuple[bytes, bytes]:
    """The request's first lines with the empty one, and what has come of its body."""
    read = b""
    while b"\r\n\r\n" not in read and len(read) < _MOST:
        more = browser.recv(_MOST)
        if not more:
            raise ConnectionResetError
        read += more
    head, rest = read.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_MOST):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
