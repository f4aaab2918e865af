"""What stands before every route, as plain ASGI: headers, counting, and the gate.

The gate knows three kinds of addresses: those in `PUBLIC`, by their exact path; pages and their
files, which hold nothing secret; and everything else, which nobody reaches without credentials,
whether a route exists or not. It decides by the path that is routed, never by the request's text.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auralarchive.web import bodies
from auralarchive.web.auth import SAFE_METHODS, Authenticator, Identity, check_origin, cookie_name
from auralarchive.web.boundary import BadHost, Boundary, HostNotAllowed, Visit, read_visit
from auralarchive.web.errors import Problem, internal_problem
from auralarchive.web.services import Metrics

#: Everything that can be asked for without credentials, besides pages and their files.
PUBLIC = frozenset({"/api/health", "/api/auth/status", "/api/auth/setup", "/api/auth/login"})

#: So many callers are recognised at once.
_THREADS = 8

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",  # a progress bar's width; attributes only
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_POLICY)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_guarded(path: str) -> bool:
    """Whether this path needs credentials: all of the API but `PUBLIC`, and the metrics."""
    inside = path == "/metrics" or path == "/api" or path.startswith("/api/")
    return inside and path not in PUBLIC


class SecurityHeaders:
    """Puts the browser's safeguards on every answer, and keeps answers of the API out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class RequestMetrics:
    """Counts requests by route and status. Unknown paths count as one, so that nobody can make series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.request(scope["method"], route, status, time.perf_counter() - started)


class Gate:
    """Lets in whom we know, by a name that is ours, with a body that does no harm."""

    def __init__(
        self, app: ASGIApp, boundary: Boundary, authenticator: Authenticator, redact: Callable[[str], str]
    ) -> None:
        self.app = app
        self.boundary = boundary
        self.authenticator = authenticator
        self.redact = redact
        # Threads of its own: those that all routes share may all wait for slow indexers and clients.
        self.threads = anyio.CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._pass(scope, receive, watch)
        except Problem as problem:
            await problem.response(self.redact)(scope, receive, send)
        except ClientDisconnect:
            return  # hung up in the middle of the body: nobody is there to be answered, and nothing is wrong here
        except Exception as error:  # noqa: BLE001 - the last place where a bug becomes an answer instead of a traceback
            answer = internal_problem(error)
            if not started:
                await answer.response(self.redact)(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = _visit(scope, self.boundary)
        bodies.check_framing(visit.headers)
        identity = await self._identity(visit) if is_guarded(scope["path"]) or _has_cookie(visit) else None
        if identity is None and is_guarded(scope["path"]):
            raise Problem("not_signed_in")
        check_origin(visit, identity, scope["method"])
        scope.setdefault("state", {}).update(visit=visit, identity=identity)
        if scope["method"] not in SAFE_METHODS:
            receive = await bodies.guarded(visit.headers, scope["path"], receive)
        await self.app(scope, receive, send)

    async def _identity(self, visit: Visit) -> Identity | None:
        if "x-api-key" not in visit.headers and not _has_cookie(visit):
            return None
        return await anyio.to_thread.run_sync(self.authenticator.identify, visit, limiter=self.threads)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)


def _visit(scope: Scope, boundary: Boundary) -> Visit:
    try:
        return read_visit(scope, boundary)
    except BadHost as error:
        raise Problem("bad_host") from error
    except HostNotAllowed as error:
        raise Problem("host_not_allowed", f"This server does not answer to the name {error.host[:100]}.") from error


def _has_cookie(visit: Visit) -> bool:
    return cookie_name(visit) in visit.headers.get("cookie", "")
