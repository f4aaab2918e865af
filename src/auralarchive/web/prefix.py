"""Takes the base path off, before anything looks at a request's path.

A reverse proxy may keep the base path or strip it: both lead to the same place. What the request itself
says of a prefix (`X-Forwarded-Prefix`) counts for nothing: whoever sends it could choose where our links lead.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


def below(base: str, app: ASGIApp) -> ASGIApp:
    """`app` at the base path, and at the root for proxies that strip it."""
    if not base:
        return app

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == base or path.startswith(f"{base}/"):
            # Routes, gate and metrics know one path only. That of the base path alone is empty.
            scope = {**scope, "path": path[len(base) :]}
            scope.pop("raw_path", None)
        await app(scope, receive, send)

    return serve
