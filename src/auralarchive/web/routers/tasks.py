"""What runs in the background, and running it now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.responses import problems
from auralarchive.web.upkeep import Task, TaskState
from auralarchive.web.views import Json, View, moment

router = APIRouter(prefix="/api/system/tasks", tags=["system"])

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}$")]


class WorkView(View):
    """One thing that is worked on at this moment; `progress` from 0 to 100."""

    what: str
    stage: str
    progress: float | None
    download_id: int | None


class TaskView(View):
    """A task and how it is doing. `every` and `seconds` in seconds; `ok` and `result` are of its last run."""

    name: str
    every: float | None
    can_run: bool
    running: bool
    last_at: str | None
    next_at: str | None
    seconds: float | None
    ok: bool | None
    result: str
    works: list[WorkView]


class TaskPage(View):
    items: list[TaskView]
    total: int
    next_cursor: str | None


class QueuedView(View):
    success: bool
    name: str


@router.get("", response_model=TaskPage)
def tasks(services: CurrentServices) -> Response:
    """Everything that runs by itself, on a timer or all the time."""
    items = [_task_view(task, state, services.redact) for task, state in services.upkeep.tasks.all()]
    return Json({"items": items, "total": len(items), "next_cursor": None})


@router.post("/{name}/run", status_code=202, response_model=QueuedView, responses=problems(404))
def run(name: Name, services: CurrentServices) -> Response:
    """Run it now, or as soon as what runs before it is done. The list tells what came of it."""
    if not services.upkeep.tasks.run(name):
        raise Problem("not_found", "No task of this name can be run by hand.", remedy="See the list of tasks.")
    return Json({"success": True, "name": name}, 202)


def _task_view(task: Task, state: TaskState, redact: Any) -> dict[str, Any]:
    return {
        "name": task.name,
        "every": task.every,
        "can_run": task.run is not None,
        "running": state.running,
        "last_at": moment(state.last_at),
        "next_at": moment(state.next_at),
        "seconds": None if state.seconds is None else round(state.seconds, 3),
        "ok": state.ok,
        "result": redact(state.result),
        "works": [
            {"what": one.what, "stage": one.stage, "progress": one.progress, "download_id": one.download_id}
            for one in state.works
        ],
    }
