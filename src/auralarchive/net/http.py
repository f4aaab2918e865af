"""The one HTTP client of indexers, of whoever fetches releases and their files, and of messages to addresses that
their owner typed.

Every request has its own connection, so that its deadline covers each byte of it: name, handshake,
headers and body. A file of gigabytes is a `stream` instead, where each wait has a deadline of its own. Name
resolution, judgement and connection are one step (`_PinnedBackend`), with the host name kept for TLS and for the
Host header. Redirects are never followed here.
"""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any, Protocol

import httpcore2
import httpx2

from auralarchive.net.addresses import IPAddress, Link, literal_address, refused
from auralarchive.ports.errors import InvalidInput, Unreachable
from auralarchive.ports.work import CancelToken

#: Name and port to the addresses behind it; raises OSError.
Resolve = Callable[[str, int], tuple[IPAddress, ...]]
#: Opens a connection to one address, port and time-out in seconds.
Dial = Callable[[IPAddress, int, float], httpcore2.NetworkStream]


class Reach(Protocol):
    """How far a request may go: `addresses.Reach`, or a rule of whoever asks."""

    def permits(self, address: IPAddress) -> bool:
        """Whether a connection to `address` is allowed."""


_MAX_HEADERS = 200
_CHUNK = 64 * 1024
_LOOK_UP = 0.5  # seconds after which a waiting read looks whether it is still wanted
USER_AGENT = "AuralArchive"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request: decoded bytes of its body, and seconds for all of it."""

    max_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is still to come, byte for byte as it is sent. Header names are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


def system_resolver(host: str, port: int) -> tuple[IPAddress, ...]:
    """Ask the machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # An address with a zone (fe80::1%eth0) keeps it, and is refused for it later.
    return tuple(dict.fromkeys(ip_address(str(sockaddr[0])) for *_, sockaddr in found))


def tcp_dial(address: IPAddress, port: int, seconds: float) -> httpcore2.NetworkStream:
    """Connect by TCP."""
    return httpcore2.SyncBackend().connect_tcp(str(address), port, timeout=seconds)


class GuardedClient:
    """Asks one link at a time. Safe to share between threads: it keeps no connection."""

    def __init__(
        self,
        *,
        resolve: Resolve = system_resolver,
        dial: Dial = tcp_dial,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve = resolve
        self._dial = dial
        self._monotonic = monotonic

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The public authorities, read from disk once, and only where somebody asks by https."""
        return ssl.create_default_context()

    def get(
        self,
        link: Link,
        *,
        reach: Reach,
        limits: Limits,
        cancel: CancelToken,
        accept: str = "*/*",
        tls: ssl.SSLContext | None = None,
    ) -> Answer:
        """The answer, whatever its status. `tls` of None verifies by the public authorities.

        Raises: `InvalidInput` for an address that `reach` does not permit or a body above the limit,
        `Unreachable` for everything that the network or the server gets wrong, `Cancelled`.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        return self._ask(httpx2.Request("GET", link.url, headers=headers), link, reach, limits, cancel, tls)

    @contextmanager
    def stream(
        self,
        link: Link,
        *,
        reach: Reach,
        headers: Mapping[str, str],
        patience: float,
        cancel: CancelToken,
        tls: ssl.SSLContext | None = None,
    ) -> Iterator[Stream]:
        """The answer while it comes in; the body may go on for hours, but never be silent for `patience` seconds.

        Neither a status nor a size is judged, and nothing is unpacked. Raises what `get` raises, also while the
        body is read; what the caller does with it keeps its own errors.
        """
        watch = _Patience(link.origin.host, patience, self._monotonic, cancel)
        request = httpx2.Request("GET", link.url, headers={"Accept-Encoding": "identity", **headers})
        with ExitStack() as opened:
            with _network_errors(link.origin.host):
                response = self._opened(request, link, reach, watch, tls, opened)
            told = {name.lower(): value for name, value in response.headers.items()}
            yield Stream(response.status_code, response.reason_phrase, told, _chunks(response, link.origin.host))

    def post(
        self,
        link: Link,
        content: bytes,
        *,
        headers: Mapping[str, str],
        reach: Reach,
        limits: Limits,
        cancel: CancelToken,
        tls: ssl.SSLContext | None = None,
    ) -> Answer:
        """Send `content` there; the answer and the errors are those of `get`."""
        return self._ask(
            httpx2.Request("POST", link.url, headers=dict(headers), content=content), link, reach, limits, cancel, tls
        )

    def _ask(
        self,
        request: httpx2.Request,
        link: Link,
        reach: Reach,
        limits: Limits,
        cancel: CancelToken,
        tls: ssl.SSLContext | None,
    ) -> Answer:
        watch = _Watch(link.origin.host, limits.seconds, self._monotonic, cancel)
        with _network_errors(link.origin.host), ExitStack() as opened:
            response = self._opened(request, link, reach, watch, tls, opened)
            body = _read(response, limits.max_bytes)
        return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _opened(
        self,
        request: httpx2.Request,
        link: Link,
        reach: Reach,
        watch: _Watch,
        tls: ssl.SSLContext | None,
        opened: ExitStack,
    ) -> httpx2.Response:
        """The answer with its headers, and its body still on the line; `opened` closes all of it."""
        backend = _PinnedBackend(reach, self._resolve, self._dial, watch)
        trust = (tls or self._tls) if link.origin.scheme == "https" else None
        request.headers["User-Agent"] = USER_AGENT
        client = opened.enter_context(httpx2.Client(transport=_Transport(backend, trust), trust_env=False))
        response = opened.enter_context(closing(client.send(request, stream=True, follow_redirects=False)))
        _check_headers(response, link.origin.host)
        return response


class _Watch:
    """The deadline and the cancel token of one request."""

    def __init__(self, host: str, seconds: float, monotonic: Callable[[], float], cancel: CancelToken) -> None:
        self.host = host
        self._seconds = seconds
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._cancel = cancel

    def left(self) -> float:
        """Seconds that remain. Raises `Unreachable` after the last, `Cancelled` when nobody waits any more."""
        self._cancel.check()
        left = self._end - self._monotonic()
        if left <= 0:
            raise self._too_late()
        return left

    def begin(self) -> None:
        """Another wait for the other side begins."""

    def _too_late(self) -> Unreachable:
        return Unreachable(
            f"{self.host} did not finish its answer within {self._seconds:g} s.",
            "Try again later, or give it more time in its settings.",
        )


class _Patience(_Watch):
    """A deadline for each wait, instead of one for all: time that we take ourselves is not held against anybody."""

    def begin(self) -> None:
        self._end = self._monotonic() + self._seconds

    def _too_late(self) -> Unreachable:
        return Unreachable(f"{self.host} has sent nothing for {self._seconds:g} s.", "Try again later.")


class _PinnedBackend(httpcore2.NetworkBackend):
    """Resolves, judges and connects in one step."""

    def __init__(self, reach: Reach, resolve: Resolve, dial: Dial, watch: _Watch) -> None:
        self._reach = reach
        self._resolve = resolve
        self._dial = dial
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = OSError("no address")
        for address in self._judged(host, port):
            try:
                return _WatchedStream(self._dial(address, port, self._watch.left()), self._watch)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout, OSError) as error:
                failure = error
        raise _unreachable(self._watch.host) from failure

    def _judged(self, host: str, port: int) -> tuple[IPAddress, ...]:
        literal = literal_address(host)
        try:
            addresses = (literal,) if literal is not None else self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise Unreachable(f"There is no server named {host}.", "Check its name and your network.") from error
        # One bad address spoils the name: who mixes public and private ones is trying something.
        if not addresses or not all(self._reach.permits(address) for address in addresses):
            raise refused(f"{host} leads to an address inside a private or reserved network.")
        return addresses


class _WatchedStream(httpcore2.NetworkStream):
    """A connection that looks at the deadline and the cancel token again and again."""

    def __init__(self, stream: httpcore2.NetworkStream, watch: _Watch) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._watch.begin()
        while True:
            try:
                return self._stream.read(max_bytes, min(self._watch.left(), _LOOK_UP))
            except httpcore2.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._watch.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._watch.left())
        return _WatchedStream(inner, self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Transport(httpx2.BaseTransport):
    """Lets httpx2 speak through our own connections."""

    def __init__(self, backend: httpcore2.NetworkBackend, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=backend)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.read(),
            )
        )
        words = {"reason_phrase": answer.extensions.get("reason_phrase", b"")}
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=words)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _network_errors(host: str) -> Iterator[None]:
    """Whatever goes wrong on the line, in our words."""
    try:
        yield
    except (httpcore2.ConnectError, httpx2.ConnectError) as error:
        if isinstance(error.__context__, ssl.SSLError) or "SSL" in str(error) or "CERTIFICATE" in str(error).upper():
            raise Unreachable(
                f"The certificate or encryption of {host} cannot be trusted.",
                "Give it a valid certificate, or name the file of its own authority in its settings.",
            ) from error
        raise _unreachable(host) from error
    except (httpcore2.ProtocolError, httpx2.ProtocolError) as error:
        raise Unreachable(
            f"{host} did not answer in proper HTTP, or broke off its answer.",
            "Check its address and port; try again later.",
        ) from error
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpx2.TransportError,
        OSError,
    ) as error:
        raise _unreachable(host) from error


def _unreachable(host: str) -> Unreachable:
    return Unreachable(f"{host} cannot be reached.", "Check that it runs, and its address and port.")


def _check_headers(response: httpx2.Response, host: str) -> None:
    if len(response.headers.raw) > _MAX_HEADERS:
        raise Unreachable(f"{host} answered with far too many headers.", "Check its address and port.")


def _chunks(response: httpx2.Response, host: str) -> Iterator[bytes]:
    with _network_errors(host):
        yield from response.iter_raw()


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    """The decoded body. A packed one is unpacked piece by piece, so that a bomb never unfolds."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    chunks = response.iter_raw(_CHUNK)
    if encoding in ("gzip", "x-gzip", "deflate"):
        chunks = _unpacked(chunks, max_bytes)
    elif encoding not in ("", "identity"):
        raise Unreachable(f"The answer is packed by {encoding[:20]!r}, which was not asked for.", "Try again later.")
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise InvalidInput(
                f"The answer is larger than {max_bytes // 2**20} MiB.",
                "This is no ordinary feed or release; use another indexer or release.",
            )
    return bytes(body)


def _unpacked(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # reads gzip and zlib by their own headers
    given = 0
    try:
        for chunk in chunks:
            packed = chunk
            while packed and not unpacker.eof and given <= max_bytes:
                piece = unpacker.decompress(packed, _CHUNK)
                packed = unpacker.unconsumed_tail
                given += len(piece)
                yield piece
            if unpacker.eof:
                break  # what follows the packed answer is not part of it, however long it goes on
        yield unpacker.flush()
    except zlib.error as error:
        raise Unreachable("The packed answer is damaged.", "Try again later.") from error
    if not unpacker.eof:
        raise Unreachable("The packed answer ends in the middle.", "Try again later.")
