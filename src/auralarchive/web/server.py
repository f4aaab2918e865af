"""How uvicorn has to be set up to keep what the gate promises."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

#: Seconds that open requests have at a stop; a long poll would hold it for half a minute otherwise.
GRACEFUL_SECONDS = 3
#: Bytes of one websocket message.
MOST_MESSAGE_BYTES = 64 * 1024


def server_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """The server's settings. Logging is ours, and so is the reading of `X-Forwarded-…`."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",  # it refuses what httptools lets through: two lengths, doubtful line ends
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
