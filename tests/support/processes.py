"""Programs that a test starts: a free port for them, a wait until they answer, an end by their own pid."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

import pytest

T = TypeVar("T")


#: Below those that systems give to outgoing connections: one of these could have a port before its server has.
_PORTS = range(20_000, 32_768)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has right now, and hardly anybody else chooses at the same time."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], T | Literal[False] | None], timeout: float = 30.0, every: float = 0.02) -> T:
    """The condition's first truthy value; TimeoutError with its last one after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {value!r} after {timeout:g} s")
        time.sleep(every)
    return value


def stop(process: subprocess.Popen[bytes], ask: signal.Signals = signal.SIGTERM, grace: float = 15.0) -> None:
    """Ask the process to end, and end it and its children when it has not done so after `grace` seconds.

    The process must have been started with `start_new_session=True`, so that its children are its group.
    """
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def cache_folder() -> Path:
    """Where script/test-servers keeps its trees: the same rule as there."""
    named = os.environ.get("AURALARCHIVE_TEST_CACHE")
    if named:
        return Path(named)
    shared = Path("/var/cache/auralarchive-tests")
    own = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "auralarchive-tests"
    return own if own.is_dir() and not os.access(shared, os.W_OK) else shared


def missing(part: str, remedy: str) -> NoReturn:
    """Leave this test out, since a part of the machine is missing; where CI=true that is a failure."""
    message = f"{part} is missing: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
