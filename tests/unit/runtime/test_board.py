"""The list of what runs: every part is there, says what it is at, and runs when it is told to."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

from auralarchive.engine.local import LocalRunner
from auralarchive.pipeline.work import JobKind
from auralarchive.runtime.board import fill
from auralarchive.runtime.core import Core, instance_of
from auralarchive.runtime.tasks import TaskState
from tests.contract.store.support import a_book, enqueue


def _states(core: Core) -> dict[str, TaskState]:
    return {task.name: state for task, state in core.tasks.all()}


def test_every_part_is_named(core: Core) -> None:
    """Those that can be run by hand, too."""
    fill(core, lambda: 3)
    assert list(_states(core)) == [
        "monitor",
        "runner",
        "settle",
        "reconcile",
        "forget",
        "backup",
        "check",
        "notifications",
        "live",
    ]
    can_run = [task.name for task, _ in core.tasks.all() if task.run is not None]
    assert can_run == ["settle", "reconcile", "forget", "backup", "check"]
    assert _states(core)["live"].result == "Connections: 3"
    assert _states(core)["monitor"].ok is None
    assert not _states(core)["notifications"].running


def test_what_the_runner_is_at(core: Core) -> None:
    """With the book's title, the kind of work and its progress."""
    fill(core, lambda: 0)
    download = enqueue(core.store, book=a_book("Emma"))
    core.tools.live.progress(download.id, 0.5)
    assert _states(core)["runner"].works == ()
    jobs = property(lambda self: ((download.id, JobKind.CONVERT),))
    original = LocalRunner.jobs
    LocalRunner.jobs = jobs  # type: ignore[method-assign,assignment]  # a conversion takes longer than this test
    try:
        (work,) = _states(core)["runner"].works
    finally:
        LocalRunner.jobs = original  # type: ignore[method-assign]
    assert (work.what, work.stage, work.progress, work.download_id) == ("Emma", "convert", 50.0, download.id)


def test_chores_run_by_hand_in_the_housekeepers_thread(core: Core) -> None:
    """A backup and a check; the check finds what does not belong together."""
    fill(core, lambda: 0)
    enqueue(core.store)
    for name in ("backup", "check"):
        assert core.tasks.run(name)
    core.housekeeper.round()
    states = _states(core)
    assert (states["backup"].ok, states["check"].ok) == (True, True)
    assert states["backup"].result == core.shelf.all()[0].name
    with closing(sqlite3.connect(instance_of(core.holder.current).database)) as connection:
        connection.execute("UPDATE download_events SET event = 'Nonsense' WHERE version = 1")
        connection.commit()
    core.tasks.run("check")
    core.housekeeper.round()
    found = _states(core)["check"]
    assert found.ok is False
    assert "does not begin with Enqueued" in found.result


def test_a_first_backup_waits_for_something_to_keep(core: Core) -> None:
    """An empty instance makes none."""
    fill(core, lambda: 0)
    core.housekeeper.round()
    assert core.shelf.all() == ()
    assert _states(core)["backup"].next_at is None
    enqueue(core.store)
    thread = threading.Thread(target=core.housekeeper.round)
    thread.start()
    thread.join(20)
    assert len(core.shelf.all()) == 1
    assert _states(core)["backup"].ok
