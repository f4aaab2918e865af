"""Download clients that already run on this machine, so that nobody has to type where they are.

Only 127.0.0.1 is asked, only the ports that a client has by default or by habit, and only for what
everybody gets before signing in. No password is tried.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httpx2

HOST = "127.0.0.1"
_PATIENCE = 1.0  # seconds
_MOST = 64 * 1024
_VERSION = re.compile(rb"v\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Page:
    """What a GET is answered with; `body` is its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Door:
    """One port of this machine, where somebody may answer."""

    port: int
    http: httpx2.Client

    def get(self, path: str) -> Page | None:
        """What a browser would get there; None where nobody answers."""
        try:
            with self.http.stream("GET", f"http://{HOST}:{self.port}{path}") as answer:
                return Page(answer.status_code, answer.headers, _beginning(answer))
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return None

    def say(self, message: bytes, size: int) -> bytes:
        """The first `size` bytes of the answer to a message over TLS; less where it ends or stops before."""
        answer, deadline = b"", time.monotonic() + _PATIENCE
        with (
            suppress(OSError),
            socket.create_connection((HOST, self.port), _PATIENCE) as plain,
            _any_certificate().wrap_socket(plain) as connection,
        ):
            connection.sendall(message)
            while len(answer) < size and time.monotonic() < deadline and (piece := connection.recv(size)):
                answer += piece
        return answer


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of client is told from everything else that may listen there. `type` is the adapter's.

    `username` is the one that it has until somebody changes it.
    """

    type: str
    title: str
    ports: tuple[int, ...]
    recognise: Callable[[Door], bool]
    username: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One client that answers."""

    type: str
    title: str
    host: str
    port: int
    username: str = ""


def _is_qbittorrent(door: Door) -> bool:
    answer = door.get("/api/v2/app/version")
    if answer is None or answer.status not in (200, 401, 403):
        return False
    if answer.status == 200:
        return _VERSION.match(answer.body) is not None
    # It asks for a password first, as others may: its page tells, the usual one or the best known other one.
    page = door.get("/")
    return page is not None and (b"qBittorrent" in page.body or b"VueTorrent" in page.body)


def _is_transmission(door: Door) -> bool:
    """It signs every answer: that a session's id is missing, a password, or this address in its list."""
    answer = door.get("/transmission/rpc")
    return answer is not None and answer.headers.get("server", "").startswith("Transmission")


def _is_sabnzbd(door: Door) -> bool:
    """Its version is told without a key."""
    answer = door.get("/api?mode=version&output=json")
    if answer is None or answer.status != 200:
        return False
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    # Others answer such a question too (a version among much else): SABnzbd with this and nothing more.
    return isinstance(told, dict) and set(told) == {"version"} and isinstance(told["version"], str)


def _is_nzbget(door: Door) -> bool:
    """It names itself when it asks for a password, and on its page where it does not."""
    answer = door.get("/")
    if answer is None:
        return False
    asked = answer.headers.get("www-authenticate", "")
    return "NZBGet" in asked or (answer.status == 200 and b"<title>NZBGet" in answer.body)


#: `daemon.info` in Deluge's own protocol: what its clients ask before they sign in.
_DELUGE_INFO = zlib.compress(b"\xc1\xc4\x01\x8bdaemon.info\xc0f")


def _is_deluge(door: Door) -> bool:
    """The daemon's answer (from 2.0 on): the protocol's number, the length of what follows, and that packed by zlib."""
    answer = door.say(struct.pack("!BI", 1, len(_DELUGE_INFO)) + _DELUGE_INFO, 6)[:6]
    if len(answer) < 6:
        return False
    protocol, length, packed = struct.unpack("!BIB", answer)
    return bool(protocol == 1 and length < _MOST and packed == _DELUGE_INFO[0])


#: A new kind of client is a line here.
KINDS = (
    Kind("qbittorrent", "qBittorrent", (8080, 8081, 8085, 8088, 8090, 8888, 8999, 10095), _is_qbittorrent, "admin"),
    Kind("transmission", "Transmission", (9091,), _is_transmission),
    Kind("deluge", "Deluge", (58846,), _is_deluge, "localclient"),
    Kind("sabnzbd", "SABnzbd", (8080, 8085, 8090, 8888), _is_sabnzbd),
    Kind("nzbget", "NZBGet", (6789,), _is_nzbget, "nzbget"),
)


def find_clients(kinds: tuple[Kind, ...] = KINDS) -> tuple[Found, ...]:
    """Every client of these kinds that answers on this machine; takes a second or two at most."""
    places = [(kind, port) for kind in kinds for port in kind.ports]
    with (
        httpx2.Client(timeout=httpx2.Timeout(_PATIENCE), trust_env=False, follow_redirects=False) as http,
        ThreadPoolExecutor(max(1, len(places)), "discovery") as threads,
    ):
        answers = list(threads.map(lambda place: place[0].recognise(Door(place[1], http)), places))
    return tuple(
        Found(kind.type, kind.title, HOST, port, kind.username)
        for (kind, port), yes in zip(places, answers, strict=True)
        if yes
    )


def _beginning(answer: httpx2.Response) -> bytes:
    body = b""
    for piece in answer.iter_bytes(_MOST):
        body += piece
        if len(body) >= _MOST:
            break
    return body


def _any_certificate() -> ssl.SSLContext:
    """On this machine nobody vouches for anybody, and nothing secret is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
