"""What runs in the background, in one list: each part says for itself what it is at.

A part that wants to be seen is added under a name; what it answers is asked for when somebody looks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from auralarchive.ports.errors import AuralError
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that is worked on at this moment; `progress` from 0 to 100."""

    what: str
    stage: str = ""
    progress: float | None = None
    download_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaskState:
    """How a task is doing. `result` are words about its last run, `ok` whether that went well."""

    running: bool = False
    last_at: datetime | None = None
    next_at: datetime | None = None
    seconds: float | None = None
    ok: bool | None = None
    result: str = ""
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A named part. `every` is its pace in seconds; `run` does it once more, soon, and returns at once."""

    name: str
    state: Callable[[], TaskState]
    every: float | None = None
    run: Callable[[], None] | None = None


class TaskList:
    """All tasks, in the order in which they were added."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}

    def add(self, task: Task) -> None:
        self._tasks = {**self._tasks, task.name: task}

    def all(self) -> tuple[tuple[Task, TaskState], ...]:
        return tuple((task, _asked(task)) for task in self._tasks.values())

    def run(self, name: str) -> bool:
        """Run it soon; False where there is no such task, or none that can be run by hand."""
        task = self._tasks.get(name)
        if task is None or task.run is None:
            return False
        task.run()
        return True


def _asked(task: Task) -> TaskState:
    try:
        return task.state()
    except AuralError as error:  # the database is away: the others are shown all the same
        return TaskState(ok=False, result=str(error))


@dataclass(slots=True)
class Chore:
    """Something that is done now and then: `do` does it and says in a few words what came of it."""

    name: str
    do: Callable[[], str]
    every: float | None = None
    #: When it is next due by its own reckoning, where that is not simply its pace.
    due: Callable[[], datetime | None] | None = None
    state: TaskState = field(default_factory=TaskState)
    wanted: bool = False


class Chores:
    """Does chores one after the other in the thread that calls `round`. Everything else may be called from any."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._clock, self._wake = clock, wake
        self._chores: dict[str, Chore] = {}
        self._lock = threading.Lock()

    def add(self, chore: Chore) -> None:
        self._chores[chore.name] = chore

    def tasks(self) -> tuple[Task, ...]:
        """Each chore for the list of tasks."""
        return tuple(self._task(chore) for chore in self._chores.values())

    def want(self, name: str) -> None:
        """Do this one as soon as possible."""
        with self._lock:
            self._chores[name].wanted = True
        self._wake()

    def round(self) -> None:
        """Do all that is due or wanted."""
        for chore in self._chores.values():
            if self._taken(chore):
                self._do(chore)

    def _task(self, chore: Chore) -> Task:
        return Task(chore.name, lambda: self._state(chore), chore.every, lambda: self.want(chore.name))

    def _state(self, chore: Chore) -> TaskState:
        return replace(chore.state, running=chore.state.running or chore.wanted, next_at=self._next(chore))

    def _taken(self, chore: Chore) -> bool:
        with self._lock:
            wanted, chore.wanted = chore.wanted, False
        if wanted:
            return True
        try:
            next_at = self._next(chore)
        except AuralError:
            return True  # doing it says what is wrong
        return next_at is not None and next_at <= self._clock.now()

    def _next(self, chore: Chore) -> datetime | None:
        if chore.due is not None:
            return chore.due()
        if chore.every is None:
            return None
        last = chore.state.last_at
        return self._clock.now() if last is None else last + timedelta(seconds=chore.every)

    def _do(self, chore: Chore) -> None:
        chore.state = replace(chore.state, running=True)
        begun, at = time.monotonic(), self._clock.now()
        try:
            result, ok = chore.do(), True
        except (AuralError, OSError) as error:  # database, disk or a folder is away: the next round does it
            _log.warning("%s has to wait: %s", chore.name, error)
            result, ok = str(error), False
        chore.state = TaskState(last_at=at, seconds=time.monotonic() - begun, ok=ok, result=result)
