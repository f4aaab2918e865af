"""HTTP to a download client: bounded answers, and whatever goes wrong on the line in the port's words.

Libraries of single clients read answers of any size and repeat requests by rules of their own; here a
request is made once, an answer ends, and a password is sent nowhere but to the address that was typed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from auralarchive.clients.display import display_text
from auralarchive.ports.errors import AuthRefused, Unreachable

MAX_ANSWER = 64 * 1024 * 1024  # a hundred thousand torrents
REFUSAL_LASTS = 30 * 60.0  # seconds without another try after a refused login
TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
_WHOLE_ANSWER = 60.0  # seconds for an answer that trickles


class NothingSent(Unreachable):
    """The connection never stood: the client cannot have acted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers (names in lower case) of one answer of `product`."""

    status: int
    body: bytes
    product: str = "The client"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    def json(self) -> Any:
        """The body as JSON, whatever its encoding claims. Raises `Unreachable` where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise Unreachable(
                f"{self.product}'s answer is no JSON: {display_text(self.text[:80])!r}.",
                "Check that the address is that of its Web UI, and that no proxy stands in between.",
            ) from error


class Wire:
    """One client behind one address. Thread-safe. Raises `NothingSent` and `Unreachable`.

    `product` is its name in messages; `verify` is True, False, or the file of a certificate authority.
    """

    def __init__(
        self, product: str, url: str, verify: bool | str = True, headers: Mapping[str, str] | None = None
    ) -> None:
        self.product, self.url = product, url.rstrip("/")
        # Neither redirects nor a proxy of the environment: the password goes to the address that was typed.
        self._http = httpx2.Client(headers=headers, timeout=TIMEOUT, verify=_verification(verify), trust_env=False)

    def send(self, method: str, path: str, **content: Any) -> Answer:
        """One request to `path` below the address; `content` as httpx2 takes it: params, data, json, files, headers."""
        with self._foreign_errors(), self._http.stream(method, f"{self.url}{path}", **content) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, self._bounded(response), self.product, headers)

    def close(self) -> None:
        self._http.close()

    def _bounded(self, response: httpx2.Response) -> bytes:
        started, body = time.monotonic(), bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > MAX_ANSWER or time.monotonic() - started > _WHOLE_ANSWER:
                raise Unreachable(f"{self.product}'s answer does not end.", "Check what listens at its address.")
        return bytes(body)

    @contextmanager
    def _foreign_errors(self) -> Iterator[None]:
        """httpx2's errors in the port's words: the one place that knows them."""
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise NothingSent(
                f"{self.product} cannot be reached at {self.url}: {error}.",
                "Start it, enable its remote access (Web UI, RPC), and check address and port.",
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise Unreachable(
                f"The connection to {self.product} broke: {str(error) or type(error).__name__}.",
                "Check that it runs; the next attempt follows by itself.",
            ) from error


class Refusals:
    """A wrong password is tried once: further tries would only get our address banned. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: AuthRefused | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raises the last refusal again as long as it counts."""
        with self._lock:
            if self._last is not None and self._monotonic() < self._until:
                raise self._last

    def refused(self, reason: str) -> AuthRefused:
        """Remember the refusal, and give it back to be raised."""
        remedy = (
            "Correct user name, password or key in its settings here. With the same ones it is asked again after"
            " 30 minutes: many wrong ones in a row would lock us out."
        )
        with self._lock:
            self._last, self._until = AuthRefused(reason, remedy), self._monotonic() + REFUSAL_LASTS
            return self._last


def _verification(verify: bool | str) -> Any:
    if isinstance(verify, bool):
        return verify
    return httpx2.create_ssl_context(verify=verify)
