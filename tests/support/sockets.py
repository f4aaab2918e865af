"""A Socket.IO client that remembers what it heard."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
        self.client = socketio.Client(reconnection=False, handle_sigint=False)
        for name in EVENTS:
            self.client.on(name, self._remember(name))

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
        listener.client.connect(world.url, headers=headers or {}, auth=auth, transports=[transport], wait_timeout=10)
        listener.wait_for("ready")
        yield listener
    finally:
        listener.client.disconnect()
        listener.client.shutdown()
        del listener
        with warnings.catch_warnings():
            # The library drops its HTTP session without closing it; that is no fault of what is tested here.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
