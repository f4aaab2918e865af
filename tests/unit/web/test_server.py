"""uvicorn keeps what the gate promises only with these settings."""

from __future__ import annotations

from auralarchive.web.server import GRACEFUL_SECONDS, MOST_MESSAGE_BYTES, server_config


def test_uvicorn_does_not_read_forwarded_headers_itself() -> None:
    """By default it believes X-Forwarded-For of every peer on this machine."""
    config = server_config(lambda *_: None, "127.0.0.1", 0)  # type: ignore[arg-type]  # never called
    assert config.proxy_headers is False
    assert config.ws_max_size == MOST_MESSAGE_BYTES
    assert config.timeout_graceful_shutdown == GRACEFUL_SECONDS
    assert config.server_header is False
