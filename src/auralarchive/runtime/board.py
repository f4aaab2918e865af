"""The list of what runs in the background, filled once all parts are there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from auralarchive.ports.errors import NeedsPerson
from auralarchive.runtime.core import Core
from auralarchive.runtime.fsck import check_running
from auralarchive.runtime.tasks import Chore, Task, TaskState, Work


def fill(core: Core, connected: Callable[[], int]) -> None:
    """Name every part. Others may add theirs with `core.tasks.add`."""
    core.housekeeper.chores.add(Chore("check", lambda: _check(core)))
    core.tasks.add(Task("monitor", lambda: _monitor(core), core.monitor.status().polling_interval_seconds))
    core.tasks.add(Task("runner", lambda: _runner(core)))
    for task in core.housekeeper.chores.tasks():
        core.tasks.add(task)
    core.tasks.add(Task("notifications", lambda: _notifications(core)))
    core.tasks.add(Task("live", lambda: TaskState(running=True, result=f"Connections: {connected()}")))


def _check(core: Core) -> str:
    violations = check_running(core)
    if violations:
        raise NeedsPerson(f"{len(violations)} violations; the first: {violations[0]}.", "Restore a backup.")
    return "All invariants hold."


def _monitor(core: Core) -> TaskState:
    status = core.monitor.status()
    away = [client.name for client in status.clients if not client.reachable]
    last = status.last_tick_at
    next_at = last + timedelta(seconds=status.polling_interval_seconds) if last and status.monitoring else None
    told = f"No answer from: {', '.join(away)}" if away else f"Clients that answer: {len(status.clients)}"
    return TaskState(
        running=status.monitoring, last_at=last, next_at=next_at, ok=not away if last else None, result=told
    )


def _runner(core: Core) -> TaskState:
    """What each download is at that is worked on."""
    jobs = dict(core.runner.jobs)
    rows = core.store.downloads.get_many(list(jobs))
    figures = core.tools.live.all()
    works = tuple(
        Work(row.book.title, str(jobs[row.id]), figures[row.id].progress if row.id in figures else None, row.id)
        for row in rows
    )
    return TaskState(running=bool(works), works=works)


def _notifications(core: Core) -> TaskState:
    """Who is told, and who cannot be reached."""
    told = core.adapters.notifiers.all()
    silent = [finding.subject for finding in core.herald.findings if not finding.ok]
    if silent:
        return TaskState(running=True, ok=False, result=f"Not reached: {', '.join(silent)}")
    return TaskState(running=bool(told), result=f"Told: {', '.join(one.name for one in told)}" if told else "")
