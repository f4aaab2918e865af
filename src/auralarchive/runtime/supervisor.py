"""Runs the parts of a server as siblings: when one ends, all end, and the process says why.

The web server is one of them and not their parent: a pipeline that has died can never hide behind a
page that still answers.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
import anyio.abc
import anyio.to_thread
import uvicorn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BlockingPart:
    """A part with a loop of its own: `run` blocks in a thread until `stop` is called."""

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]


class PartEnded(Exception):
    """A part that should run for ever has ended by itself: everything stops, so that somebody notices."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The {name} has ended by itself.")


class Server(uvicorn.Server):
    """uvicorn, leaving signals to us: it would end the process before the other parts have stopped."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    @property
    def port(self) -> int:
        """The port that it listens on, also when the system chose it."""
        return int(self.servers[0].sockets[0].getsockname()[1])


async def supervise(
    server: uvicorn.Server,
    parts: tuple[BlockingPart, ...],
    tasks: tuple[Callable[[], Awaitable[None]], ...] = (),
    *,
    handle_signals: bool = True,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Run until a signal, or until one part ends: that ends all, and its error (or `PartEnded`) is raised.

    The web server ends first, so that nothing is accepted any more while the other parts wind down.
    """
    async with anyio.create_task_group() as group:
        if handle_signals:
            group.start_soon(_stop_on_signal, server)
        for part in parts:
            group.start_soon(_run_part, part)
        for task in tasks:
            group.start_soon(_run_task, task)
        await server.serve(sockets)
        group.cancel_scope.cancel()


async def _stop_on_signal(server: uvicorn.Server) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            _log.info("stopping (%s)", signal.Signals(number).name)
            server.should_exit = True


async def _run_part(part: BlockingPart) -> None:
    stopped = threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_when_cancelled, part, stopped)
        # The thread is waited for even when we are cancelled: `stop` has told it to end by then.
        await anyio.to_thread.run_sync(part.run, limiter=anyio.CapacityLimiter(1))
        if not stopped.is_set():
            raise PartEnded(part.name)
        group.cancel_scope.cancel()


async def _stop_when_cancelled(part: BlockingPart, stopped: threading.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stopped.set()
        part.stop()


async def _run_task(task: Callable[[], Awaitable[None]]) -> None:
    await task()
    raise PartEnded(getattr(task, "__qualname__", "task"))
