"""A real server with a throw-away folder: started and stopped in one way, whatever it is.

class Thing(Daemon):
    product = "Thing"
    def prepare(self): ...   # write its configuration
    def command(self): ...   # how it is started
    def answers(self): ...   # whether it does

One that ends though nobody ended it is told of beside the test that failed meanwhile (`obituaries`).
"""

from __future__ import annotations

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from tests.support.processes import stop, wait_for


def without_our_python() -> dict[str, str]:
    """Our environment without what leads another Python into our virtual environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


class Daemon(ABC):
    """One server below `folder`, with ports of 127.0.0.1 that it keeps over restarts."""

    product: ClassVar[str]
    #: Seconds until it answers, at the most, and between two looks.
    patience: ClassVar[float] = 30.0
    look_every: ClassVar[float] = 0.02
    #: What it writes besides its output, below its folder.
    logs: ClassVar[tuple[str, ...]] = ()
    #: Every server that was started and not stopped since, and what is to be told of those that were dead by then.
    _running: ClassVar[list[Daemon]] = []
    _buried: ClassVar[list[str]] = []

    def __init__(self, folder: Path, argv: tuple[str, ...]) -> None:
        self.folder = folder.resolve()
        self.argv = argv
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make its folders and write its configuration."""

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """Program and arguments."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it can be used; `OSError` says no as well."""

    def environment(self) -> Mapping[str, str]:
        """Ours, with a home of its own."""
        home = str(self.folder / "home")
        return {
            **without_our_python(),
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_CACHE_HOME": home,
        }

    def __enter__(self) -> Self:
        self.prepare()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment()),
                cwd=self.folder,
                start_new_session=True,
            )
        self._running.append(self)
        try:
            wait_for(self._is_up, timeout=self.patience, every=self.look_every)
        except (TimeoutError, RuntimeError):
            self.stop()
            raise

    def stop(self) -> None:
        """End it in good order; harmless when it has ended already."""
        if self._process is not None:
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, ask: signal.Signals) -> None:
        assert self._process is not None, "it is not running"
        self._buried.extend(filter(None, [self.obituary()]))
        stop(self._process, ask)
        self._running.remove(self)
        self._process = None

    def restart(self) -> None:
        """Stop and start again, with the same folder and ports."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, "it is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def obituary(self) -> str | None:
        """How it ended and what it said last; None where it still runs, or we have ended it."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        files = [self._log, *(file for pattern in self.logs for file in sorted(self.folder.glob(pattern)))]
        said = "\n".join(f"{file.name}:\n{_tail(file)}" for file in files)
        return f"{self.product} (process {self._process.pid}) has ended by itself, with {code}.\n{said}"

    @classmethod
    def obituaries(cls) -> list[str]:
        """Of every server that has died and is not stopped yet, or was stopped since the last time of asking."""
        told = [*cls._buried, *filter(None, (server.obituary() for server in cls._running))]
        cls._buried.clear()
        return told

    @property
    def _log(self) -> Path:
        return self.folder / "output.log"

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.product} ended at once, with {self._process.returncode}: {self.log}")
        try:
            return self.answers()
        except OSError:
            return False


def _tail(file: Path, lines: int = 30) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
