"""Siblings: one that ends takes all with it, aloud; a signal ends them in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import anyio
import pytest
import uvicorn

from auralarchive.runtime.serve import listener
from auralarchive.runtime.supervisor import BlockingPart, PartEnded, Server, supervise
from auralarchive.web.server import server_config


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Nobody calls it."""


class Part:
    """A part that runs until it is stopped, and writes down what happens."""

    def __init__(self, name: str, log: list[str], work: Callable[[], None] = lambda: None) -> None:
        self._stopped, self._log, self._name, self._work = threading.Event(), log, name, work

    def run(self) -> None:
        self._work()
        self._stopped.wait(20)
        self._log.append(f"{self._name} ended")

    def stop(self) -> None:
        self._log.append(f"{self._name} stops")
        self._stopped.set()

    @property
    def part(self) -> BlockingPart:
        return BlockingPart(self._name, self.run, self.stop)


class Watched(Server):
    """A server that writes down its end, and knows its port once it has started."""

    def __init__(self, config: uvicorn.Config, log: list[str], on_started: Callable[[], None]) -> None:
        super().__init__(config, on_started)
        self._log = log

    async def shutdown(self, sockets: Any = None) -> None:
        await super().shutdown(sockets)
        self._log.append("web ended")


def run(
    log: list[str],
    *parts: BlockingPart,
    on_started: Callable[[Server], None] = lambda _: None,
    tasks: tuple[Any, ...] = (),
    handle_signals: bool = False,
) -> None:
    """Supervise these parts with a real server on a free port."""

    async def main() -> None:
        with closing(listener("127.0.0.1", 0)) as listening:
            server: Watched = Watched(server_config(_app, "127.0.0.1", 0), log, lambda: on_started(server))
            with anyio.fail_after(20):
                await supervise(server, parts, tasks, handle_signals=handle_signals, sockets=[listening])

    anyio.run(main)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_in_order(number: signal.Signals) -> None:
    """First nothing is accepted any more, then each part winds down and is waited for."""
    log: list[str] = []
    run(log, Part("one", log).part, on_started=lambda _: os.kill(os.getpid(), number), handle_signals=True)
    assert log == ["web ended", "one stops", "one ended"]


def test_a_part_that_dies_ends_all_with_its_error() -> None:
    """A dead pipeline can never hide behind a healthy page."""
    log: list[str] = []

    def die() -> None:
        time.sleep(0.2)
        raise KeyError("bug")

    with pytest.raises(ExceptionGroup) as ended:
        run(log, Part("dying", log, die).part, Part("other", log).part)
    assert ended.group_contains(KeyError, depth=2)
    assert "other ended" in log


def test_a_part_that_ends_by_itself_is_an_error() -> None:
    """Whoever supervises us starts us again only after an error."""
    log: list[str] = []
    with pytest.raises(ExceptionGroup) as ended:
        run(log, BlockingPart("short", lambda: None, lambda: None), Part("other", log).part)
    assert ended.group_contains(PartEnded, match="short has ended by itself", depth=2)
    assert "other ended" in log


def test_a_task_that_ends_ends_all() -> None:
    async def short() -> None:
        await anyio.sleep(0.05)

    with pytest.raises(ExceptionGroup) as ended:
        run([], tasks=(short,))
    assert ended.group_contains(PartEnded)


def test_the_port_is_told_once_it_listens() -> None:
    ports: list[int] = []

    def started(server: Server) -> None:
        ports.append(server.port)
        server.should_exit = True

    run([], on_started=started)
    assert ports[0] > 0
