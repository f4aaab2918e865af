"""The wire to Deluge's daemon: messages over TLS, signing in, and what its answers mean.

A message is a byte with the protocol's version, four with the length, and a zlib-compressed list of calls or one
answer in rencode. Of `deluge-client` we take that encoding only. Its connection would get in the way: it reads
answers ten bytes at a time and without a limit, repeats calls whose answer was lost (an add, too), believes
that any answer is to its own call, guesses at old protocols first, and knows no certificate.

The daemon makes its own certificate, which nobody vouches for: the line is encrypted in any case, and where a copy
of that certificate is named in the settings nothing else is accepted. One connection serves all threads in turn.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deluge_client.rencode import dumps, loads

from auralarchive.clients.display import display_text
from auralarchive.clients.wire import NothingSent, Refusals
from auralarchive.ports.errors import AuthRefused, Misconfigured, Unreachable

MAX_ANSWER = 32 * 1024 * 1024  # forty thousand torrents
CONNECT_TIMEOUT = 5.0
TIMEOUT = 20.0  # seconds of silence
_WHOLE_ANSWER = 60.0  # seconds for an answer that trickles
_HEADER = struct.Struct("!BI")
_PROTOCOL = 1
_ANSWERED, _REFUSED = 1, 2  # what kind of message it is; others tell of events that nobody asked for
_CLIENT = "2.0.0"  # Deluge wants to hear a version, and takes any
_NO_SENSE = "Check that the port is that of the daemon (58846), not of the web page (8112), and that it is Deluge 2."

#: Name and arguments of one call.
Call = tuple[Any, ...]


class Refused(Exception):
    """Deluge's own answer to a call is an error: its class there, and its words."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message

    @property
    def item_is_gone(self) -> bool:
        return self.kind in ("KeyError", "InvalidTorrentError")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and password of its file `auth`, and the file of its certificate where that is to be checked."""

    username: str
    password: str
    certificate: str = ""


class Api:
    """One daemon. Thread-safe. Raises `Unreachable`, `AuthRefused`, `Misconfigured` and `Refused`."""

    def __init__(self, host: str, port: int, credentials: Credentials) -> None:
        self._host, self._port, self._credentials = host, port, credentials
        self._lock = threading.Lock()
        self._refusals = Refusals()
        self._line: ssl.SSLSocket | None = None
        self._number = 0
        self.level = 0  # of the account, once signed in: 10 may do everything, 5 sees its own torrents

    def call(self, method: str, *arguments: Any) -> Any:
        """The answer to one call, its bytes as text."""
        (answer,) = self.calls((method, *arguments))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def calls(self, *calls: Call) -> list[Any]:
        """The answers to several calls in one message; a refusal stands in the place of its answer."""
        with self._lock:
            self._refusals.check()
            line = self._standing()
            with self._hanging_up():
                return self._exchange(line, calls)

    def close(self) -> None:
        with self._lock:
            self._hang_up()

    # --- the connection ---------------------------------------------------------------------------

    def _standing(self) -> ssl.SSLSocket:
        """A connection that is signed in. What was sent is never sent again, so a stale one is replaced before."""
        if self._line is not None and _is_stale(self._line):
            self._hang_up()
        if self._line is None:
            self._line = self._connected()
            with self._hanging_up():
                self._sign_in(self._line)
        return self._line

    def _connected(self) -> ssl.SSLSocket:
        raw: socket.socket | None = None
        try:
            raw = socket.create_connection((self._host, self._port), CONNECT_TIMEOUT)
            line = _tls().wrap_socket(raw)
        except ssl.SSLError as error:
            raise NothingSent(f"What answers at {self._place} does not speak Deluge's TLS.", _NO_SENSE) from error
        except (OSError, ValueError) as error:
            if raw is not None:
                raw.close()
            raise NothingSent(
                f"Deluge cannot be reached at {self._place}: {error}.",
                "Start its daemon, allow remote connections where it runs elsewhere, and check address and port.",
            ) from error
        line.settimeout(TIMEOUT)
        self._check_certificate(line)
        return line

    @property
    def _place(self) -> str:
        return f"{self._host}:{self._port}"

    def _check_certificate(self, line: ssl.SSLSocket) -> None:
        if self._credentials.certificate and line.getpeercert(binary_form=True) != self._known_certificate(line):
            line.close()
            raise AuthRefused(
                f"{self._place} shows another certificate than the one in the settings.",
                "Copy the daemon's ssl/daemon.cert anew if it was made anew; else ask who answers there.",
            )

    def _known_certificate(self, line: ssl.SSLSocket) -> bytes:
        try:
            return ssl.PEM_cert_to_DER_cert(Path(self._credentials.certificate).read_text("ascii"))
        except (OSError, ValueError) as error:
            line.close()
            raise Misconfigured(
                f"The certificate {self._credentials.certificate} cannot be read: {error}.",
                "Name a copy of the daemon's ssl/daemon.cert.",
            ) from error

    def _sign_in(self, line: ssl.SSLSocket) -> None:
        given = (self._credentials.username, self._credentials.password)
        (answer,) = self._exchange(line, (("daemon.login", *given),), client_version=_CLIENT)
        if isinstance(answer, Refused):
            if answer.kind in ("BadLoginError", "AuthenticationRequired"):
                raise self._refusals.refused("Deluge refuses the user name or password.")
            raise Unreachable(f"Deluge does not let us in: {display_text(answer.message)}.", _NO_SENSE)
        self.level = answer if isinstance(answer, int) else 0

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        """After any trouble the next call begins a connection of its own: a late answer could be taken for another."""
        try:
            yield
        except OSError as error:
            self._hang_up()
            raise Unreachable(
                f"The connection to Deluge broke: {error or type(error).__name__}.",
                "Check that its daemon runs; the next attempt follows by itself.",
            ) from error
        except (Unreachable, AuthRefused):
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    # --- messages ---------------------------------------------------------------------------------

    def _exchange(self, line: ssl.SSLSocket, calls: tuple[Call, ...], **named: str) -> list[Any]:
        first, self._number = self._number + 1, self._number + len(calls)
        requests = [(first + place, call[0], call[1:], named) for place, call in enumerate(calls)]
        # 64 bits: with Deluge's own 32 a limit of 20,000,001 bytes would not arrive as such.
        body = zlib.compress(dumps(requests, 64))
        line.sendall(_HEADER.pack(_PROTOCOL, len(body)) + body)
        deadline, answers = time.monotonic() + _WHOLE_ANSWER, dict[int, Any]()
        while len(answers) < len(calls):
            number, answer = _read(_message(line, deadline))
            if first <= number <= self._number:
                answers[number] = answer
        return [answers[number] for number in sorted(answers)]


def _tls() -> ssl.SSLContext:
    """Encrypted, and open to the daemon's own certificate, which is compared afterwards where we know it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_stale(line: ssl.SSLSocket) -> bool:
    """Whether it was closed there, or says what nobody asked for: between two calls there is nothing to read."""
    try:
        return bool(line.pending()) or bool(select.select([line], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _message(line: ssl.SSLSocket, deadline: float) -> bytes:
    version, length = _HEADER.unpack(_exactly(line, _HEADER.size, deadline))
    if version != _PROTOCOL or length > MAX_ANSWER:
        raise Unreachable("What answers there does not speak Deluge's protocol.", _NO_SENSE)
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(_exactly(line, length, deadline), MAX_ANSWER)
    except zlib.error as error:
        raise Unreachable("Deluge's answer is no message of its protocol.", _NO_SENSE) from error
    if not unpacker.eof:
        raise Unreachable("Deluge's answer does not end.", _NO_SENSE)
    return body


def _exactly(line: ssl.SSLSocket, size: int, deadline: float) -> bytes:
    got = bytearray()
    while len(got) < size:
        part = line.recv(min(size - len(got), 65_536))
        got += part
        if not part:
            raise Unreachable("Deluge closed the connection.", "Check that its daemon runs, and its log.")
        if time.monotonic() > deadline:
            raise Unreachable("Deluge's answer does not end.", _NO_SENSE)
    return bytes(got)


def _read(body: bytes) -> tuple[int, Any]:
    """Number and content of an answer; 0 for what is none."""
    try:
        message = _readable(loads(body))
        if not isinstance(message, list) or len(message) < 3:
            raise ValueError("too short")
        kind, number, *content = message
        if kind not in (_ANSWERED, _REFUSED) or not isinstance(number, int):
            return 0, None
        return number, content[0] if kind == _ANSWERED else _refusal(content)
    except (ValueError, LookupError, TypeError, RecursionError, struct.error) as error:
        raise Unreachable("Deluge's answer makes no sense.", _NO_SENSE) from error


def _refusal(content: list[Any]) -> Refused:
    """The error of Deluge's own, or the foreign one that it has wrapped."""
    kind, details = content[0], content[1] if len(content) > 1 and isinstance(content[1], list) else []
    if kind == "WrappedException" and len(details) > 1:
        kind = details[1]
    return Refused(str(kind), str(details[0]) if details else "")


def _readable(value: Any) -> Any:
    """Bytes as text, whatever is in them; tuples as lists."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {_readable(key): _readable(content) for key, content in value.items()}
    if isinstance(value, tuple):
        return [_readable(content) for content in value]
    return value
