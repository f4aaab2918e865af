"""The wire to Transmission's RPC: one call, its session handshake, and what its refusals mean.

`transmission-rpc` serves well for scripts. Here it would get in the way: it reads answers of any size, asks
for some eighty fields of each torrent and wraps every one of them at every poll, and its own session-get comes
before anything else. We need a dozen calls, and all of them are one POST.

What is spoken is the older of its two protocols, which 3.00 to 4.1 understand alike (4.1 has a second one, by
JSON-RPC 2.0). Each daemon gives out a session id by status 409, and a new one now and then: it is taken over
and the request sent again, once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.wire import Answer, Refusals, Wire
from auralarchive.ports.errors import Unreachable

_HANDSHAKE = "x-transmission-session-id"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Declined(Unreachable):
    """Transmission understood the call and says no; `result` is its own word for why."""

    def __init__(self, method: str, result: str) -> None:
        super().__init__(f"Transmission declines {method}: {result}.", "Check its version (3.00 or later) and its log.")
        self.result = result


class Api:
    """One Transmission. Thread-safe. Raises `Unreachable` and `AuthRefused`."""

    def __init__(self, url: str, username: str, password: str, verify: bool | str) -> None:
        self._refusals = Refusals()
        self._signs_in = bool(username or password)
        headers = {}
        if self._signs_in:
            login = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {login}"
        self._wire = Wire("Transmission", url, verify, headers)
        #: Changes with every start of the daemon, and once an hour.
        self.session = ""

    def call(self, method: str, arguments: Mapping[str, Any] = _NOTHING) -> Mapping[str, Any]:
        """What it answers to one call. Raises `Declined` where its answer is a no."""
        self._refusals.check()
        content = {"method": method, "arguments": dict(arguments)}
        answer = self._send(content)
        if answer.status == 409:
            self.session = answer.headers.get(_HANDSHAKE, "")
            answer = self._send(content)
        self._check(answer)
        told = answer.json()
        if not isinstance(told, Mapping) or not isinstance(told.get("result"), str):
            raise Unreachable(
                "Transmission's answer makes no sense.",
                "Check that the address is that of its RPC, with its base path.",
            )
        if told["result"] != "success":
            raise Declined(method, display_text(told["result"], "without a reason"))
        found = told.get("arguments")
        return found if isinstance(found, Mapping) else _NOTHING

    def close(self) -> None:
        self._wire.close()

    def _send(self, content: Mapping[str, Any]) -> Answer:
        return self._wire.send("POST", "/rpc", json=content, headers={_HANDSHAKE: self.session})

    def _check(self, answer: Answer) -> None:
        """Raises for every status that is no answer, each with what helps."""
        if answer.ok:
            return
        if answer.status == 401:
            wrong = "refuses the user name or password" if self._signs_in else "wants a user name and password"
            raise self._refusals.refused(f"Transmission {wrong}.")
        raise Unreachable(*_REFUSALS.get(answer.status, (_ODD.format(answer.status), _ODD_REMEDY)))


_ODD = "Transmission answers with status {}."
_ODD_REMEDY = "Check its address: http or https, port, and base path (rpc-url, usually /transmission)."
# These come without a password being looked at, and end as soon as somebody changes Transmission's settings: so
# nothing speaks against asking again.
_REFUSALS = {
    403: (
        "Transmission refuses requests from this address (status 403).",
        "Add the address to its whitelist (rpc-whitelist). After too many wrong passwords only its restart helps.",
    ),
    409: (
        "Transmission's session handshake does not come to an end (status 409).",
        "Let the proxy in between pass on the header X-Transmission-Session-Id.",
    ),
    421: (
        "Transmission does not know itself by this host name (status 421).",
        "Add the name to its rpc-host-whitelist, use its IP address here, or give it a password.",
    ),
}
