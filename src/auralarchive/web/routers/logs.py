"""The log: its latest lines, and those that come while somebody looks."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from auralarchive.web.access import CurrentServices
from auralarchive.web.fields import MOST_CHARACTERS
from auralarchive.web.responses import problems
from auralarchive.web.upkeep import Log, LogLine
from auralarchive.web.views import Json, View, moment

router = APIRouter(prefix="/api/system/logs", tags=["system"])

#: Lines that come close together are told together: a burst is one answer, not a thousand.
GATHER_SECONDS = 0.25
_MOST_WAIT = 25.0
_MOST_LINES = 10_000


class LineView(View):
    """One event of the log; `detail` is a traceback."""

    seq: int
    at: str
    level: str
    logger: str
    message: str
    detail: str | None


class LogView(View):
    """Lines, oldest first. `last` is where to go on (`after`), unless `run` has changed: then begin anew.

    `complete` says whether nothing between the two numbers was left out.
    """

    run: str
    items: list[LineView]
    last: int
    complete: bool


#: An empty parameter is what a form sends that was left empty: it filters nothing.
Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    BeforeValidator(lambda value: value or "debug"),
    Query(description="This level and above."),
]
Logger = Annotated[str, Query(max_length=200, description="This logger and those below it.")]
Words = Annotated[str, Query(max_length=MOST_CHARACTERS, description="Text in message, logger or traceback.")]
Number = Annotated[int | None, Query(ge=0, le=2**53 - 1)]


@router.get("", response_model=LogView, responses=problems(422))
async def lines(
    services: CurrentServices,
    level: Level = "debug",
    logger: Logger = "",
    q: Words = "",
    after: Number = None,
    before: Number = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LINES)] = 1000,
    wait: Annotated[float, Query(ge=0, le=_MOST_WAIT, description="Seconds to wait for a line above `after`.")] = 0,
) -> Response:
    """The newest lines that fit. With `after` and `wait` the answer comes as soon as there is something new."""
    log = services.upkeep.log
    if wait and after is not None:
        await _news(log, after, wait)
    find = partial(log.find, level=level, logger=logger, text=q, after=after, before=before, limit=limit)
    part = await anyio.to_thread.run_sync(find)
    items = [_line_view(line) for line in part.lines]
    return Json({"run": part.run, "items": items, "last": part.last, "complete": part.complete})


@router.get("/download", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **problems(422)})
def download(services: CurrentServices, level: Level = "debug", logger: Logger = "", q: Words = "") -> Response:
    """The same lines as a text file."""
    part = services.upkeep.log.find(level=level, logger=logger, text=q, limit=_MOST_LINES)
    text = "".join(f"{_as_text(line)}\n" for line in part.lines)
    headers = {"Content-Disposition": 'attachment; filename="auralarchive.log"'}
    return Response(text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8", headers=headers)


async def _news(log: Log, after: int, seconds: float) -> None:
    """Wait for a line above `after`, and then a moment for those that follow it. No thread waits with us."""
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    leave = log.listen(lambda: loop.call_soon_threadsafe(news.set))
    try:
        with anyio.move_on_after(seconds):
            # A number that is not below ours is one of an earlier run of the program: there is everything to tell.
            if log.last == after:
                await news.wait()
                await anyio.sleep(GATHER_SECONDS)
    finally:
        leave()


def _line_view(line: LogLine) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "at": moment(line.at),
        "level": line.level,
        "logger": line.logger,
        "message": line.message,
        "detail": line.detail,
    }


def _as_text(line: LogLine) -> str:
    told = f"{moment(line.at)} {line.level:8} {line.logger}: {line.message}"
    return f"{told}\n    {line.detail}" if line.detail else told
