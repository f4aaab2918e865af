"""The wire to qBittorrent's Web API: signing in, sending, and what its answers mean.

`qbittorrent-api` serves well for scripts. Here it would get in the way: it reads answers of any size,
signs in again and repeats requests by rules of its own, where a wrong password must be tried once and
never again (qBittorrent bans the address), and it wraps every field of every torrent at every poll. We
need fifteen calls; httpx2 makes them.

Signing in works for all generations: 200 `Ok.` or 204 is a yes, 200 `Fails.` or 401 a no, 403 a ban. The
cookie has changed its name over time, so a jar keeps it. A session that expired is renewed once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auralarchive.clients.wire import Answer, Refusals, Wire
from auralarchive.ports.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to sign in: a key (5.2 and later), a name and password, or neither where the client asks nobody."""

    username: str = ""
    password: str = ""
    api_key: str = ""


class Api:
    """One qBittorrent. Thread-safe. Raises `Unreachable` and `AuthRefused`."""

    def __init__(self, url: str, credentials: Credentials, verify: bool | str) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._session = 0  # counts the logins, so that only one of several threads renews an old one
        self._refusals = Refusals()
        headers = {"Referer": url.rstrip("/")}  # what its protection against foreign pages wants to see
        if credentials.api_key:
            headers["Authorization"] = f"Bearer {credentials.api_key}"
        self._wire = Wire("qBittorrent", url, verify, headers)

    def get(self, path: str, **params: str | int) -> Answer:
        return self._authorised("GET", path, params=params)

    def post(self, path: str, data: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Answer:
        return self._authorised("POST", path, data=data, files=files)

    def close(self) -> None:
        self._wire.close()

    def _authorised(self, method: str, path: str, **content: Any) -> Answer:
        session = self._sign_in(after=0)
        answer = self._send(method, path, **content)
        if answer.status in (401, 403) and self._signs_in:
            self._sign_in(after=session)
            answer = self._send(method, path, **content)
        if answer.status in (401, 403):
            raise self._refusals.refused(_REFUSED_REQUEST)
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
            self._refusals.check()
            if self._signs_in and self._session <= after:
                self._login()
                self._session += 1
            return self._session

    def _login(self) -> None:
        form = {"username": self._credentials.username, "password": self._credentials.password}
        answer = self._send("POST", "auth/login", data=form)
        if answer.status == 403:
            raise self._refusals.refused("qBittorrent has banned this address after too many wrong passwords.")
        if answer.status == 401 or answer.text == "Fails.":
            raise self._refusals.refused("qBittorrent refuses the user name or password.")
        if not answer.ok:
            raise Unreachable(
                f"qBittorrent answers the login with status {answer.status}.", "Check the address of its Web UI."
            )

    def _send(self, method: str, path: str, **content: Any) -> Answer:
        return self._wire.send(method, f"/api/v2/{path}", **content)


_REFUSED_REQUEST = "qBittorrent wants a login, or refuses requests from this address or host name."
