"""Download clients that already run on this machine, so that nobody has to type where they are.

Only 127.0.0.1 is asked, only the ports that a client has by default or by habit, and only for what
every browser gets before it signs in. No password is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2

HOST = "127.0.0.1"
_TIMEOUT = httpx2.Timeout(1.0)
_MOST = 64 * 1024
_VERSION = re.compile(rb"v\d+\.\d+")

#: What a GET of a path answers: its status and the beginning of its body; None where nobody answers.
Ask = Callable[[str], tuple[int, bytes] | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of client is told from everything else that may listen there. `type` is the adapter's."""

    type: str
    title: str
    ports: tuple[int, ...]
    recognise: Callable[[Ask], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """One client that answers."""

    type: str
    title: str
    host: str
    port: int


def _is_qbittorrent(ask: Ask) -> bool:
    answer = ask("/api/v2/app/version")
    if answer is None or answer[0] not in (200, 401, 403):
        return False
    if answer[0] == 200:
        return _VERSION.match(answer[1]) is not None
    # It asks for a password first, as others may: its page tells, the usual one or the best known other one.
    page = ask("/")
    return page is not None and (b"qBittorrent" in page[1] or b"VueTorrent" in page[1])


#: A new kind of client is a line here.
KINDS = (Kind("qbittorrent", "qBittorrent", (8080, 8081, 8085, 8088, 8090, 8888, 8999, 10095), _is_qbittorrent),)


def find_clients(kinds: tuple[Kind, ...] = KINDS) -> tuple[Found, ...]:
    """Every client of these kinds that answers on this machine; takes a second or two at most."""
    places = [(kind, port) for kind in kinds for port in kind.ports]
    with (
        httpx2.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as http,
        ThreadPoolExecutor(max(1, len(places)), "discovery") as threads,
    ):
        answers = list(threads.map(lambda place: place[0].recognise(_asker(http, place[1])), places))
    return tuple(
        Found(kind.type, kind.title, HOST, port) for (kind, port), yes in zip(places, answers, strict=True) if yes
    )


def _asker(http: httpx2.Client, port: int) -> Ask:
    def ask(path: str) -> tuple[int, bytes] | None:
        try:
            with http.stream("GET", f"http://{HOST}:{port}{path}") as answer:
                return answer.status_code, _beginning(answer)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return None

    return ask


def _beginning(answer: httpx2.Response) -> bytes:
    body = b""
    for piece in answer.iter_bytes(_MOST):
        body += piece
        if len(body) >= _MOST:
            break
    return body
