"""Tasks and chores: what runs, when it runs next, and what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from auralarchive.ports.errors import Unreachable
from auralarchive.runtime.tasks import Chore, Chores, Task, TaskList, TaskState
from tests.contract.store.support import NOON, HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


def _noted(ran: list[str], word: str) -> str:
    ran.append(word)
    return word


def test_a_list_names_every_part_once_and_runs_what_can_be_run() -> None:
    """A part that cannot answer hides no other."""
    ran: list[str] = []

    def away() -> TaskState:
        raise Unreachable("The database does not answer.")

    tasks = TaskList()
    tasks.add(Task("a", away))
    tasks.add(Task("b", TaskState, run=lambda: ran.append("b")))
    tasks.add(Task("b", TaskState, run=lambda: ran.append("newer")))
    assert [(task.name, state.ok) for task, state in tasks.all()] == [("a", False), ("b", None)]
    assert "does not answer" in tasks.all()[0][1].result
    assert (tasks.run("b"), tasks.run("a"), tasks.run("c")) == (True, False, False)
    assert ran == ["newer"]


def test_a_chore_runs_at_first_at_its_pace_and_when_wanted(clock: HeldClock) -> None:
    """Whoever wants it wakes the thread that does it."""
    ran: list[str] = []
    chores = Chores(clock, lambda: ran.append("woken"))
    chores.add(Chore("sweep", lambda: _noted(ran, "swept"), every=300))
    (task,) = chores.tasks()
    assert task.state().next_at == NOON
    chores.round()
    chores.round()
    assert ran == ["swept"]
    state = task.state()
    assert (state.last_at, state.next_at, state.ok, state.result) == (
        NOON,
        NOON + timedelta(seconds=300),
        True,
        "swept",
    )
    clock.pass_by(300)
    chores.round()
    assert ran == ["swept", "swept"]
    assert task.run is not None
    task.run()
    assert task.state().running
    chores.round()
    assert ran == ["swept", "swept", "woken", "swept"]
    assert not task.state().running


def test_a_chore_that_fails_says_why_and_is_tried_again(clock: HeldClock) -> None:
    """And those after it are done all the same."""
    ran: list[str] = []

    def fail() -> str:
        raise PermissionError("not ours")

    chores = Chores(clock, lambda: None)
    chores.add(Chore("bad", fail, every=60))
    chores.add(Chore("good", lambda: _noted(ran, "good"), every=60))
    chores.round()
    bad, good = (task.state() for task in chores.tasks())
    assert (bad.ok, bad.result, good.ok, ran) == (False, "not ours", True, ["good"])
    clock.pass_by(60)
    chores.round()
    assert ran == ["good", "good"]


def test_a_chore_may_know_itself_when_it_is_due(clock: HeldClock) -> None:
    """None is never; where the answer cannot be had, doing it says why."""
    ran: list[str] = []
    due: list[object] = [None]

    def when() -> object:
        if isinstance(due[0], Exception):
            raise due[0]
        return due[0]

    chores = Chores(clock, lambda: None)
    chores.add(Chore("backup", lambda: _noted(ran, "made"), due=when))  # type: ignore[arg-type]  # what the test says
    chores.add(Chore("check", lambda: _noted(ran, "checked")))
    chores.round()
    assert ran == []
    due[0] = NOON + timedelta(hours=1)
    chores.round()
    assert ran == []
    clock.pass_by(3600)
    chores.round()
    assert ran == ["made"]
    due[0] = Unreachable("away")
    chores.round()
    assert ran == ["made", "made"]
    chores.want("check")
    due[0] = None
    chores.round()
    assert ran == ["made", "made", "checked"]
