"""A Socket.IO client that remembers what it heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import socketio

from tests.support.web import World, wait_until

EVENTS = (
    "ready", "resync", "queue:item_added", "queue:updated", "download:state_changed", "download:started",
    "download:completed", "download:failed", "download:paused", "download:resumed", "download:cancelled",
    "download:progress",
)  # fmt: skip


class Listener:
    """One connected client; `heard` are its events in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        # Kept here, for the library drops both without closing them once the server has hung up.
        self.http = requests.Session()
        self.wire: Any = None
        self.client = socketio.Client(reconnection=False, handle_sigint=False, http_session=self.http)
        for name in EVENTS:
            self.client.on(name, self._remember(name))

    def connect(self, url: str, **options: Any) -> None:
        self.client.connect(url, wait_timeout=10, **options)
        self.wire = self.client.eio.ws

    def close(self) -> None:
        self.client.disconnect()
        self.client.shutdown()
        if self.wire is not None:
            self.wire.shutdown()
        self.http.close()

    def _remember(self, name: str) -> Any:
        return lambda data=None: self.heard.append((name, data))

    def of(self, name: str) -> list[Any]:
        """The data of one event, in order."""
        return [data for event, data in tuple(self.heard) if event == name]

    def wait_for(self, name: str, count: int = 1) -> list[Any]:
        """Wait until an event has come so often."""
        wait_until(lambda: len(self.of(name)) >= count, f"{name} comes {count} times; heard {self.heard}")
        return self.of(name)


@contextmanager
def listening(
    world: World, *, headers: dict[str, str] | None = None, auth: Any = None, transport: str = "websocket"
) -> Iterator[Listener]:
    """A client that is connected; raises socketio's `ConnectionError` where it is not let in."""
    listener = Listener()
    try:
        listener.connect(world.url, headers=dict(headers or {}), auth=auth, transports=[transport])
        listener.wait_for("ready")
        yield listener
    finally:
        listener.close()
