"""Stands before Socket.IO: whose host, whose origin, how much and how often.

Engine.IO keeps a session for whoever opens one, long before anybody says who they are. So what costs
memory is counted here, by peer, before the library sees it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import anyio

from auralarchive.live.connections import Connections
from auralarchive.live.limits import Bucket, Buckets, Limits
from auralarchive.ports.door import Door, Refused

#: ASGI's shapes.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/socket.io/"


class Guard:
    """Hands requests for Socket.IO to `socket_app` once they are fine, and all others to `other_app`."""

    def __init__(
        self, socket_app: ASGIApp, other_app: ASGIApp, door: Door, limits: Limits, connections: Connections
    ) -> None:
        self._socket_app = socket_app
        self._other_app = other_app
        self._door = door
        self._limits = limits
        self._connections = connections
        self._requests = Buckets(limits.messages_burst * 10, limits.messages_per_second * 10)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not _is_ours(scope["path"]):
            await self._other_app(scope, receive, send)
            return
        sid = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid", [None])[0]
        try:
            scope["auralarchive.peer"] = self._check(scope, sid)
        except Refused as refused:
            await _refuse(scope, receive, send, refused)
            return
        scope["auralarchive.since"] = time.monotonic()
        receive = _limited(receive, self._limits)
        if scope["type"] == "websocket":
            await self._serve(scope, receive, send, sid)
        else:
            await self._socket_app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, sid: str | None) -> None:
        with anyio.CancelScope() as cancel:
            self._connections.serving(scope, sid, cancel)
            try:
                await self._socket_app(scope, receive, send)
            finally:
                self._connections.served(sid)

    def _check(self, scope: Scope, sid: str | None) -> str:
        peer = self._door.peer(scope)
        if scope["type"] == "http":
            if not self._requests.take(peer, time.monotonic()):
                raise Refused(429, "Too many requests.")
            _check_size(scope, self._limits.message_bytes)
        if sid is None and not self._connections.may_connect(peer):
            raise Refused(429, "Too many connections.")
        return peer


def _is_ours(path: str) -> bool:
    return path == PATH.rstrip("/") or path.startswith(PATH)


def _check_size(scope: Scope, most: int) -> None:
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit() or int(length[:20]) > most:
        raise Refused(413, "The message is too large.")


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refused.why})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": refused.why.encode()})


def _limited(receive: Receive, limits: Limits) -> Receive:
    """A `receive` that hangs up on a websocket that says too much at once or too often."""
    bucket = Bucket(limits.messages_burst, limits.messages_per_second, time.monotonic())

    async def count() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            fine = bucket.take(time.monotonic()) and _size(message) <= limits.message_bytes
            return message if fine else {"type": "websocket.disconnect", "code": 1008}
        return message

    return count


def _size(message: Message) -> int:
    content: Any = message.get("bytes") or message.get("text") or b""
    return len(content)
