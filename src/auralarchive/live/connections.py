"""Who is connected, and who has to go.

The library keeps the connections; this reads its tables and adds what it does not know: whose each
is, since when, and how much waits unread. A connection is ended from two sides: the library forgets
it, and the request that serves it is cancelled, for a client that reads nothing would never notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
import socketio

from auralarchive.live.limits import Limits
from auralarchive.ports.door import Guest

#: How long more may wait unread than is healthy, in seconds.
_BEHIND_SECONDS = 5.0
#: So many times the packets that may wait are never forgiven.
_FAR_BEHIND = 4


@dataclass(frozen=True, slots=True)
class _Named:
    guest: Guest
    seen: int | None


class Connections:
    """All Engine.IO sessions, those with a guest and those that have not said who they are. One event loop."""

    def __init__(self, sio: socketio.AsyncServer, limits: Limits) -> None:
        self._sio = sio
        self._limits = limits
        self._named: dict[str, _Named] = {}  # by Engine.IO id
        self._behind_since: dict[str, float] = {}
        self._upgraded: dict[str, anyio.CancelScope] = {}

    def may_connect(self, peer: str) -> bool:
        """Whether one more connection of this peer is fine."""
        theirs = [eio for eio in self._sio.environ if self._scope(eio).get("auralarchive.peer") == peer]
        nameless = sum(eio not in self._named for eio in theirs)
        return (
            len(self._sio.environ) < self._limits.connections
            and len(theirs) < self._limits.connections_per_peer
            and nameless < self._limits.nameless_per_peer
        )

    def serving(self, scope: MutableMapping[str, Any], sid: str | None, cancel: anyio.CancelScope) -> None:
        """A websocket begins: `cancel` ends it. `sid` is set where it takes over from polling."""
        scope["auralarchive.cancel"] = cancel
        if sid is not None:
            self._upgraded[sid] = cancel

    def served(self, sid: str | None) -> None:
        """That websocket has ended."""
        if sid is not None:
            self._upgraded.pop(sid, None)

    def name(self, sid: str, guest: Guest, seen: int | None) -> None:
        """This Socket.IO client is that guest."""
        eio = self._sio.manager.eio_sid_from_sid(sid, "/")
        if eio in self._sio.environ:
            self._named[eio] = _Named(guest, seen)

    def release(self, sid: str) -> None:
        """A client has left: the poll or the websocket that waits for news goes home at once."""
        socket = self._sio.eio.sockets.get(self._sio.manager.eio_sid_from_sid(sid, "/"))
        if socket is not None:
            socket.queue.put_nowait(None)

    def seen(self, sid: str) -> int | None:
        named = self._named.get(self._sio.manager.eio_sid_from_sid(sid, "/"))
        return named.seen if named else None

    def guests(self) -> set[Guest]:
        return {named.guest for named in self._named.values()}

    def count(self) -> int:
        """How many have said who they are."""
        return len(self._named)

    def behind(self) -> list[str]:
        """Socket.IO ids of clients that have not yet read what was sent before."""
        late = (eio for eio in self._named if self._waiting(eio) > self._limits.waiting_packets_progress)
        found = (self._sio.manager.sid_from_eio_sid(eio, "/") for eio in late)
        return [sid for sid in found if sid is not None]

    async def let_drain(self) -> None:
        """Give readers a moment: a burst must not look like a client that does not read."""
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
            if all(self._waiting(eio) <= self._limits.waiting_packets // 2 for eio in self._named):
                return
            await anyio.sleep(0.005)
        await self._close_slow()

    async def sweep(self) -> None:
        """End connections that do not read, and those that never said who they are."""
        for eio in self._named.keys() - self._sio.environ.keys():
            self._named.pop(eio)
            self._behind_since.pop(eio, None)
        await self._close_slow()
        oldest = time.monotonic() - self._limits.nameless_seconds
        for eio in tuple(self._sio.environ):
            if eio not in self._named and self._scope(eio).get("auralarchive.since", 0.0) < oldest:
                await self._close(eio)

    async def close_where(self, test: Callable[[Guest], bool]) -> None:
        for eio in [eio for eio, named in self._named.items() if test(named.guest)]:
            await self._close(eio)

    async def close_all(self) -> None:
        for eio in tuple(self._sio.environ):
            await self._close(eio)
        await self._sio.shutdown()

    async def _close_slow(self) -> None:
        """Who is behind has a moment to catch up; who is far behind has none: it would fill the memory."""
        now, few = time.monotonic(), self._limits.waiting_packets
        for eio in tuple(self._named):
            waiting = self._waiting(eio)
            if waiting <= few:
                self._behind_since.pop(eio, None)
            elif waiting > _FAR_BEHIND * few or now - self._behind_since.setdefault(eio, now) > _BEHIND_SECONDS:
                await self._close(eio)

    async def _close(self, eio: str) -> None:
        cancel = self._upgraded.get(eio) or self._scope(eio).get("auralarchive.cancel")
        socket = self._sio.eio.sockets.get(eio)
        if socket is not None:
            await socket.close(wait=False, abort=True)
            self._sio.eio.sockets.pop(eio, None)
        self._sio.environ.pop(eio, None)
        self._named.pop(eio, None)
        self._behind_since.pop(eio, None)
        if cancel is not None:
            cancel.cancel()
        elif socket is not None:
            socket.queue.put_nowait(None)  # a poll that waits goes home

    def _waiting(self, eio: str) -> int:
        socket = self._sio.eio.sockets.get(eio)
        return int(socket.queue.qsize()) if socket is not None else 0

    def _scope(self, eio: str) -> MutableMapping[str, Any]:
        scope: MutableMapping[str, Any] = self._sio.environ[eio]["asgi.scope"] if eio in self._sio.environ else {}
        return scope
