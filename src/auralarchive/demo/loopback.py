"""A small HTTP server on 127.0.0.1, for the demo's tracker and feed."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What a page answers."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


Page = Callable[[SplitResult], Reply]


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is in its right."""


class LoopbackServer:
    """Answers GET requests by `page` until the block is left; on `port` where it is free, else on any other."""

    def __init__(self, page: Page, port: int = 0) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), _handler(page))
        except (OSError, OverflowError):
            self._server = _Server(("127.0.0.1", 0), _handler(page))
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo", daemon=True)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(page: Page) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10  # seconds that a silent connection is kept
        server_version = "AuralArchive-demo"

        def do_GET(self) -> None:
            reply = page(urlsplit(self.path))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            """The demo's terminal belongs to the demo's words."""

    return Handler
