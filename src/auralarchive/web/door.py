"""The door of the live gateway, by the same rules as the pages: host, origin, session or key."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from auralarchive.ports.door import Guest, Refused
from auralarchive.web.auth import Authenticator
from auralarchive.web.boundary import BadHost, Boundary, HostNotAllowed, Visit, read_visit


class SocketDoor:
    """Implements `ports.door.Door`."""

    def __init__(self, boundary: Boundary, authenticator: Authenticator) -> None:
        self._boundary = boundary
        self._authenticator = authenticator

    def peer(self, scope: MutableMapping[str, Any]) -> str:
        """The peer's name. Raises `Refused`, also for a websocket that another site's page opens."""
        visit = self._visit(scope)
        # A websocket knows no CORS: the browser opens it for any page and sends our cookie along.
        if visit.same_origin is False or not _is_own(visit):
            raise Refused(403, "This connection does not come from our own page.")
        return visit.peer

    def admit(self, scope: MutableMapping[str, Any], auth: object) -> Guest | None:
        """The guest behind a session cookie, the header X-Api-Key, or `api_key` in `auth`."""
        key = auth.get("api_key") if isinstance(auth, Mapping) else None
        if isinstance(key, str) and key:
            identity = self._authenticator.by_api_key(key)
        else:
            identity = self._authenticator.identify(self._visit(scope))
        return Guest(identity.credential, identity.account_id) if identity is not None else None

    def still_valid(self, guest: Guest) -> bool:
        return self._authenticator.still_valid(guest.credential)

    def _visit(self, scope: MutableMapping[str, Any]) -> Visit:
        try:
            return read_visit(scope, self._boundary)
        except BadHost as error:
            raise Refused(400, "The Host header is not a host name.") from error
        except HostNotAllowed as error:
            raise Refused(403, "This server does not answer to this name.") from error


def _is_own(visit: Visit) -> bool:
    """A script sends no Origin; a page's has to be ours."""
    origin = visit.headers.get("origin")
    return origin is None or visit.is_own_origin(origin)
