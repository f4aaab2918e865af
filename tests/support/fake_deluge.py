"""A daemon of a few lines that speaks Deluge's protocol and says what a real one would not.

with FakeDeluge(tmp_path) as daemon:
    daemon.answers["core.get_config_value"] = lambda *arguments: 7
    daemon.raw = b"whatever comes over the line instead of answers"
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from deluge_client.rencode import dumps, loads

from tests.support.certificates import SelfSigned


class Raised(Exception):
    """Raised by an answer: Deluge's own error of this class, with these arguments."""

    def __init__(self, kind: str, *arguments: object) -> None:
        super().__init__(kind)
        self.kind, self.arguments = kind, arguments


def message(content: object) -> bytes:
    """As it goes over the line."""
    body = zlib.compress(dumps(content))
    return struct.pack("!BI", 1, len(body)) + body


class FakeDeluge:
    """Listens on a free port of 127.0.0.1 for as long as the `with` block lasts, and writes down what it was asked.

    `before` goes out ahead of each answer. `raw` is said instead of all answers but that to the login; `hangs_up`
    then ends the connection.
    """

    def __init__(self, folder: Path) -> None:
        self.certificate = SelfSigned.make(folder).file
        self.calls: list[tuple[Any, ...]] = []
        self.messages = 0
        self.connections = 0
        self.answers: dict[str, Callable[..., object]] = {"daemon.login": lambda *_: 10}
        self.before, self.raw, self.hangs_up = b"", b"", False
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def hang_up(self) -> None:
        """End every connection, as a restart does.

        Its own thread closes each: who closes it while that one reads gives its number to the next connection, and the
        two would read and write on one.
        """
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._lines.clear()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(raw,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        gone = contextlib.suppress(OSError, struct.error)
        with gone, self._context.wrap_socket(raw, server_side=True) as line:
            self._lines.append(line)
            while True:
                _, size = struct.unpack("!BI", _exactly(line, 5))
                self.messages += 1
                self._answer(line, loads(zlib.decompress(_exactly(line, size)), decode_utf8=True))

    def _answer(self, line: ssl.SSLSocket, requests: Any) -> None:
        for number, method, arguments, named in requests:
            self.calls.append((method, *arguments, *named.values()))
            if method != "daemon.login" and (self.raw or self.hangs_up):
                line.sendall(self.raw)
                if self.hangs_up:
                    line.shutdown(socket.SHUT_RDWR)
                return
            line.sendall(self.before + message(self._answer_to(number, method, arguments)))

    def _answer_to(self, number: int, method: str, arguments: Any) -> object:
        try:
            return (1, number, self.answers[method](*arguments))
        except Raised as error:
            return (2, number, error.kind, error.arguments, {}, "Traceback ...")
        except KeyError:
            told = (f"RPC call on invalid function: {method}", "AttributeError", "Traceback ...")
            return (2, number, "WrappedException", told, {}, "Traceback ...")


def _exactly(line: ssl.SSLSocket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = line.recv(size - len(got))
        if not part:
            raise OSError("the other side has gone")
        got += part
    return got
