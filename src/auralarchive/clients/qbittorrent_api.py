"""The wire to qBittorrent's Web API: signing in, sending, and what its answers mean.

`qbittorrent-api` serves well for scripts. Here it would get in the way: it reads answers of any size,
signs in again and repeats requests by rules of its own, where a wrong password must be tried once and
never again (qBittorrent bans the address), and it wraps every field of every torrent at every poll. We
need fifteen calls; httpx2 makes them.

Signing in works for all generations: 200 `Ok.` or 204 is a yes, 200 `Fails.` or 401 a no, 403 a ban. The
cookie has changed its name over time, so a jar keeps it. A session that expired is renewed once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from auralarchive.clients.display import display_text
from auralarchive.ports.errors import AuthRefused, Unreachable

MAX_ANSWER = 64 * 1024 * 1024  # a hundred thousand torrents
REFUSAL_LASTS = 30 * 60.0  # seconds without another try after a refused login
_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
_WHOLE_ANSWER = 60.0  # seconds for an answer that trickles


class NothingSent(Unreachable):
    """The connection never stood: qBittorrent cannot have acted."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to sign in: a key (5.2 and later), a name and password, or neither where the client asks nobody."""

    username: str = ""
    password: str = ""
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of one answer."""

    status: int
    body: bytes

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
                f"qBittorrent's answer is no JSON: {display_text(self.text[:80])!r}.",
                "Check that the address is that of its Web UI, and that no proxy stands in between.",
            ) from error


class Api:
    """One qBittorrent. Thread-safe. Raises `Unreachable` and `AuthRefused`."""

    def __init__(self, url: str, credentials: Credentials, verify: bool | str) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._lock = threading.Lock()
        self._session = 0  # counts the logins, so that only one of several threads renews an old one
        self._refusal: AuthRefused | None = None
        self._refused_until = 0.0
        headers = {"Referer": self._url}  # what its protection against foreign pages wants to see
        if credentials.api_key:
            headers["Authorization"] = f"Bearer {credentials.api_key}"
        # Neither redirects nor a proxy of the environment: the password goes to the address that was typed.
        self._http = httpx2.Client(headers=headers, timeout=_TIMEOUT, verify=_verification(verify), trust_env=False)

    def get(self, path: str, **params: str | int) -> Answer:
        return self._authorised("GET", path, params=params)

    def post(self, path: str, data: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Answer:
        return self._authorised("POST", path, data=data, files=files)

    def close(self) -> None:
        self._http.close()

    def _authorised(self, method: str, path: str, **content: Any) -> Answer:
        session = self._sign_in(after=0)
        answer = self._send(method, path, **content)
        if answer.status in (401, 403) and self._signs_in:
            self._sign_in(after=session)
            answer = self._send(method, path, **content)
        if answer.status in (401, 403):
            raise self._refused(_REFUSED_REQUEST)
        if 300 <= answer.status < 400 or answer.status >= 500:
            raise Unreachable(
                f"qBittorrent answers with status {answer.status}.",
                "Check its address (http or https, port, path) and its log.",
            )
        return answer

    @property
    def _signs_in(self) -> bool:
        return bool(self._credentials.username) and not self._credentials.api_key

    def _sign_in(self, after: int) -> int:
        """Sign in where nobody has done so since session `after`; the number of the session at hand."""
        with self._lock:
            if self._refusal is not None and time.monotonic() < self._refused_until:
                raise self._refusal
            if self._signs_in and self._session <= after:
                self._login()
                self._session += 1
            return self._session

    def _login(self) -> None:
        form = {"username": self._credentials.username, "password": self._credentials.password}
        answer = self._send("POST", "auth/login", data=form)
        if answer.status == 403:
            raise self._refused("qBittorrent has banned this address after too many wrong passwords.")
        if answer.status == 401 or answer.text == "Fails.":
            raise self._refused("qBittorrent refuses the user name or password.")
        if not answer.ok:
            raise Unreachable(
                f"qBittorrent answers the login with status {answer.status}.", "Check the address of its Web UI."
            )

    def _refused(self, reason: str) -> AuthRefused:
        """Remember the refusal: further tries would only get the address banned."""
        remedy = (
            "Check user name, password or key in the client's settings; until then it is left alone for 30 minutes."
        )
        self._refusal = AuthRefused(reason, remedy)
        self._refused_until = time.monotonic() + REFUSAL_LASTS
        return self._refusal

    def _send(self, method: str, path: str, **content: Any) -> Answer:
        with _foreign_errors(self._url), self._http.stream(method, f"{self._url}/api/v2/{path}", **content) as response:
            return Answer(response.status_code, _bounded(response))


_REFUSED_REQUEST = "qBittorrent wants a login, or refuses requests from this address or host name."


def _bounded(response: httpx2.Response) -> bytes:
    started, body = time.monotonic(), bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MAX_ANSWER or time.monotonic() - started > _WHOLE_ANSWER:
            raise Unreachable("qBittorrent's answer does not end.", "Check what listens at its address.")
    return bytes(body)


@contextmanager
def _foreign_errors(url: str) -> Iterator[None]:
    """httpx2's errors in the port's words: the one place that knows them."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise NothingSent(
            f"qBittorrent cannot be reached at {url}: {error}.",
            "Start it, enable its Web UI, and check address and port.",
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise Unreachable(
            f"The connection to qBittorrent broke: {str(error) or type(error).__name__}.",
            "Check that it runs; the next attempt follows by itself.",
        ) from error


def _verification(verify: bool | str) -> Any:
    if isinstance(verify, bool):
        return verify
    return httpx2.create_ssl_context(verify=verify)
