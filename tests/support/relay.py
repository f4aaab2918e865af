"""A TCP relay on 127.0.0.1 that is as slow as a test wants, so that a download can be caught in the middle.

with Relay(server.port) as relay:
    relay.limit = 200_000  # bytes per second towards the client, all connections together; 0 = no limit
    relay.sent  # bytes that the client has sent so far
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self

_PIECE = 16 * 1024


class Relay:
    """Passes on every connection to `target`, a port of this machine, for as long as the `with` block lasts."""

    def __init__(self, target: int, limit: int = 0) -> None:
        self.limit = limit
        self.sent = 0
        self._target = target
        self._due = 0.0  # when the next piece may be sent
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        # close() alone does not wake an accept() that another thread waits in.
        _hang_up(self._listener)
        self.drop()
        self._thread.join()

    def drop(self) -> None:
        """Cut every connection that stands."""
        with self._lock:
            standing, self._sockets = self._sockets, set()
        for one in standing:
            _hang_up(one)

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._sockets |= {near, far}
            for source, sink, slow in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass_on, args=(source, sink, slow), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, slow: bool) -> None:
        try:
            while data := source.recv(min(_PIECE, max(self.limit // 10, 512)) if slow and self.limit else _PIECE):
                if slow:
                    self._wait_for_turn(len(data))
                else:
                    self.sent += len(data)
                sink.sendall(data)
        except OSError:
            pass  # one side has gone: so must the other
        _hang_up(source)
        _hang_up(sink)
        with self._lock:
            self._sockets -= {source, sink}

    def _wait_for_turn(self, size: int) -> None:
        """Wait until `size` bytes fit into the rate; a limit that is lifted meanwhile counts at once."""
        with self._lock:
            limit = self.limit
            if not limit:
                return
            self._due = max(self._due, time.monotonic()) + size / limit
            due = self._due
        while self.limit == limit and not self._closed and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
