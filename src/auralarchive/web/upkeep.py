"""What the pages of the system are given: health, log, tasks, backups, versions. The runtime puts the real ones in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from auralarchive.ports.clients import Finding


class Checked(Protocol):
    """A finding, which check it is of, and since when it is so."""

    @property
    def group(self) -> str: ...

    @property
    def finding(self) -> Finding: ...

    @property
    def since(self) -> datetime: ...


class HealthChecks(Protocol):
    """All checks, asked at most once in a while unless `anew`."""

    @property
    def checked_at(self) -> datetime | None: ...

    def checked(self, *, anew: bool = False) -> Sequence[Checked]: ...


class LogLine(Protocol):
    """One event of the log, safe to show; `detail` is a traceback."""

    @property
    def seq(self) -> int: ...

    @property
    def at(self) -> datetime: ...

    @property
    def level(self) -> str: ...

    @property
    def logger(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def detail(self) -> str | None: ...


class LogPart(Protocol):
    """Lines, oldest first; `run` names the run of the program that numbered them."""

    @property
    def run(self) -> str: ...

    @property
    def lines(self) -> Sequence[LogLine]: ...

    @property
    def last(self) -> int: ...

    @property
    def complete(self) -> bool: ...


class Log(Protocol):
    """The latest lines of the log."""

    @property
    def last(self) -> int: ...

    def find(
        self,
        *,
        level: str = "debug",
        logger: str = "",
        text: str = "",
        after: int | None = None,
        before: int | None = None,
        limit: int = 1000,
    ) -> LogPart:
        """The newest `limit` lines that fit, between two numbers."""

    def listen(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call `wake` after every new line, from any thread, until the returned function is called."""


class Work(Protocol):
    """One thing that is worked on at this moment."""

    @property
    def what(self) -> str: ...

    @property
    def stage(self) -> str: ...

    @property
    def progress(self) -> float | None: ...

    @property
    def download_id(self) -> int | None: ...


class TaskState(Protocol):
    """How a task is doing; `result` are words about its last run, `ok` whether that went well."""

    @property
    def running(self) -> bool: ...

    @property
    def last_at(self) -> datetime | None: ...

    @property
    def next_at(self) -> datetime | None: ...

    @property
    def seconds(self) -> float | None: ...

    @property
    def ok(self) -> bool | None: ...

    @property
    def result(self) -> str: ...

    @property
    def works(self) -> Sequence[Work]: ...


class Task(Protocol):
    """A part that runs in the background; `run` is None where it cannot be asked to."""

    @property
    def name(self) -> str: ...

    @property
    def every(self) -> float | None: ...

    @property
    def run(self) -> Callable[[], None] | None: ...


class Tasks(Protocol):
    """All of them."""

    def all(self) -> Sequence[tuple[Task, TaskState]]: ...

    def run(self, name: str) -> bool:
        """Run it soon; False where there is none of this name that can be run by hand."""


class Manifest(Protocol):
    """What a backup says of itself."""

    @property
    def application(self) -> str: ...

    @property
    def secrets(self) -> str: ...

    @property
    def downloads(self) -> int: ...

    @property
    def books(self) -> int: ...

    @property
    def accounts(self) -> int: ...


class KeptBackup(Protocol):
    """A backup in the folder; without a manifest it is damaged."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def made_at(self) -> datetime: ...

    @property
    def manifest(self) -> Manifest | None: ...


class RestoreSummary(Protocol):
    """What a checked or confirmed backup is."""

    @property
    def id(self) -> str: ...

    @property
    def made_at(self) -> str: ...

    @property
    def application(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def downloads(self) -> int: ...

    @property
    def books(self) -> int: ...

    @property
    def accounts(self) -> int: ...

    @property
    def secrets(self) -> str: ...

    @property
    def replaced(self) -> str: ...


class Shelf(Protocol):
    """The folder of backups. Everything here raises `AuralError`."""

    def all(self) -> Sequence[KeptBackup]: ...

    def find(self, name: str) -> Path | None: ...

    def delete(self, name: str) -> bool: ...

    def next_at(self) -> datetime | None: ...

    def fresh(self, passphrase: str | None) -> AbstractContextManager[Path]:
        """A backup made now, in a file that is gone afterwards."""


class Restorer(Protocol):
    """Brings one backup back, in two steps. Raises `AuralError`."""

    def state(self) -> tuple[str, RestoreSummary | None]: ...

    def receiving(self) -> AbstractContextManager[Path]:
        """Where an upload is written to; it is gone afterwards."""

    def check(self, backup: Path) -> RestoreSummary: ...

    def confirm(self, summary_id: str, passphrase: str | None = None) -> RestoreSummary:
        """Raises LookupError where another one was checked last."""

    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Upkeep:
    """All of it."""

    health: HealthChecks
    log: Log
    tasks: Tasks
    shelf: Shelf
    restorer: Restorer
    about: Callable[[], Mapping[str, str]]
