"""The queue: what is downloading, what a person may do with it, and its whole history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, Field, JsonValue, model_validator
from starlette.responses import Response

from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import IllegalTransition, public_status
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.commands import Commands
from auralarchive.ports.clients import Ability
from auralarchive.ports.errors import AuralError
from auralarchive.ports.store import Conflict, Sort, StaleRecord
from auralarchive.web.access import ADMINS_ONLY, CurrentServices
from auralarchive.web.errors import Problem, problem_of
from auralarchive.web.fields import MOST_CHARACTERS, Asin, Body, Bytes, Id, Moment, Priority, Tags, Text, clean_text
from auralarchive.web.responses import problems
from auralarchive.web.routers.search import NewDownloadFields, book_of, extras_of
from auralarchive.web.services import Services
from auralarchive.web.views import (
    AcceptedView,
    DownloadDetail,
    DownloadPage,
    DownloadView,
    EventList,
    Json,
    View,
    accepted_view,
    download_view,
    event_view,
    file_view,
    moment,
)

router = APIRouter(prefix="/api/downloads", tags=["downloads"])

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Action = Literal["pause", "resume", "retry", "cancel"]


class AutomaticDownload(NewDownloadFields):
    """A book to search for and to download by itself."""

    title: Text
    author: Text
    book_asin: Asin | None = None


class Adjustment(Body):
    """What can be changed while it runs. Limits in bytes per second; 0 lifts a limit.

    `client`, `sequential` and `start_at` count before a client has it; an empty `client` leaves the choice to us
    again, an empty `start_at` or an hour that is past lets it begin now. `tags` replaces all of them.
    """

    priority: Priority | None = None
    download_limit: Bytes | None = None
    upload_limit: Bytes | None = None
    sequential: bool | None = None
    client: Annotated[str, BeforeValidator(clean_text)] | None = None
    tags: Tags | None = None
    start_at: Annotated[Moment | None, BeforeValidator(lambda value: _LONG_AGO if value == "" else value)] = None
    version: Annotated[int | None, Field(ge=1, description="Change it only where this is its version still.")] = None


class Move(Body):
    """A new place in the queue: right before, or right after, another download."""

    before: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None
    after: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None

    @model_validator(mode="after")
    def _one_neighbour(self) -> Self:
        if (self.before is None) is (self.after is None):
            raise ValueError("name one neighbour: `before` or `after`")
        return self


class MovedView(View):
    """Those whose priority has changed by it."""

    downloads: list[DownloadView]


class Bulk(Body):
    """One action for many downloads; an empty list is refused, never taken for all."""

    action: Action
    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**53 - 1)]], Field(min_length=1, max_length=500)]


class BulkOutcome(View):
    id: int
    ok: bool
    status: DownloadStatus | None = None
    code: str | None = None
    detail: str | None = None


class BulkView(View):
    results: list[BulkOutcome]


class ClientView(View):
    name: str
    type: str
    reachable: bool
    version: str | None
    error: str | None
    remedy: str | None
    protocols: list[DownloadType]
    abilities: list[Ability] = Field(description="What it can do that not every client can.")


class StatusView(View):
    """How monitoring, clients and the runner are doing; `counts` holds every status."""

    monitoring: bool
    polling_interval_seconds: float
    last_tick_at: str | None
    counts: dict[str, int]
    clients: list[ClientView]
    runner: dict[str, JsonValue]


class ServiceView(View):
    success: Literal[True] = True
    monitoring: bool


#: An empty parameter is what a form sends that was left empty: it filters nothing.
Statuses = Annotated[
    list[DownloadStatus],
    BeforeValidator(lambda values: [value for value in values if value]),
    Query(max_length=20, description="May be given several times."),
]


Ids = Annotated[
    list[Annotated[int, Field(ge=1, le=2**53 - 1)]],
    Query(alias="id", max_length=500, description="These alone, whatever else is asked for."),
]


@router.get("/queue", response_model=DownloadPage, responses=problems(422))
def queue(
    services: CurrentServices,
    ids: Ids = [],  # noqa: B006 - FastAPI copies it
    status: Statuses = [],  # noqa: B006 - FastAPI copies it
    q: Annotated[str | None, Query(max_length=MOST_CHARACTERS, description="Words of title or author.")] = None,
    sort: Annotated[Sort, BeforeValidator(lambda value: value or "-id"), Query()] = "-id",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """All downloads, page by page."""
    if ids:
        found = services.store.downloads.get_many(ids)
        return Json({"downloads": _views(services, found), "total": len(found), "next_cursor": None})
    try:
        page = services.store.downloads.page(
            statuses=status, text=clean_text(q) or None, sort=sort, limit=limit, cursor=cursor or None
        )
    except ValueError as error:
        raise Problem("invalid", "The cursor is not one of ours.", errors=[{"field": "query.cursor"}]) from error
    return Json({"downloads": _views(services, page.items), "total": page.total, "next_cursor": page.cursor})


@router.post("/queue", status_code=202, response_model=AcceptedView, responses=problems(409, 422))
def enqueue(body: AutomaticDownload, services: CurrentServices) -> Response:
    """An automatic download: it is searched for, and the best release is taken."""
    fields = body if body.book_asin is None else body.model_copy(update={"asin": body.book_asin})
    book = book_of(fields, body.title, body.author)
    return Json(accepted_view(services.commands.enqueue(book, extras=extras_of(body))), 202)


@router.post("/queue/bulk", response_model=BulkView, responses=problems(422))
def bulk(body: Bulk, services: CurrentServices) -> Response:
    """The same action for many; each answers for itself."""
    act = _action(services.commands, body.action)
    return Json({"results": [_outcome(act, one) for one in dict.fromkeys(body.ids)]})


@router.get("/queue/{download_id}", response_model=DownloadDetail, responses=problems(404, 422))
def one(download_id: Id, services: CurrentServices) -> Response:
    """One download with its files."""
    download = _existing(services, download_id)
    live = services.monitor.live(download_id)
    return Json(
        {
            **_view(services, download),
            "files": _files(services, download),
            "client_state": services.redact(live.raw_state) if live and live.raw_state else None,
            "info_hash_v1": download.info_hash_v1,
            "info_hash_v2": download.info_hash_v2,
        }
    )


@router.get("/queue/{download_id}/events", response_model=EventList, responses=problems(404, 422))
def events(download_id: Id, services: CurrentServices) -> Response:
    """The audit trail, oldest first."""
    _existing(services, download_id)
    items = [event_view(event, services.redact) for event in services.store.downloads.events(download_id)]
    return Json({"items": items, "total": len(items), "next_cursor": None})


@router.patch("/queue/{download_id}", response_model=DownloadView, responses=problems(404, 409, 422))
def adjust(download_id: Id, body: Adjustment, services: CurrentServices) -> Response:
    """Change priority, limits and client. A `version` that is no longer its own is answered with the present row."""
    try:
        changed = services.commands.adjust(
            download_id,
            priority=body.priority,
            download_limit=body.download_limit,
            upload_limit=body.upload_limit,
            sequential=body.sequential,
            client=body.client,
            tags=None if body.tags is None else tuple(body.tags),
            start_at=body.start_at,
            version=body.version,
        )
    except StaleRecord as error:
        present = _view(services, _existing(services, download_id))
        raise Problem("changed_meanwhile", download=present) from error
    return _shown(services, changed)


@router.post("/queue/{download_id}/move", response_model=MovedView, responses=problems(404, 409, 422))
def move(download_id: Id, body: Move, services: CurrentServices) -> Response:
    """Give it another place in the queue; as few priorities change as that takes."""
    changed = services.commands.move(download_id, before=body.before, after=body.after)
    return Json({"downloads": _views(services, changed)})


@router.delete("/queue/{download_id}", response_model=DownloadView, responses=problems(404, 409, 422))
def cancel(download_id: Id, services: CurrentServices) -> Response:
    """Cancel: it leaves the client, and its record stays. Of an imported book only the seeding ends."""
    return _shown(services, services.commands.cancel(download_id))


@router.post("/queue/{download_id}/pause", response_model=DownloadView, responses=problems(404, 409, 422))
def pause(download_id: Id, services: CurrentServices) -> Response:
    """Let it wait."""
    return _shown(services, services.commands.pause(download_id))


@router.post("/queue/{download_id}/resume", response_model=DownloadView, responses=problems(404, 409, 422))
def resume(download_id: Id, services: CurrentServices) -> Response:
    """Let it go on."""
    return _shown(services, services.commands.resume(download_id))


@router.post("/queue/{download_id}/retry", response_model=DownloadView, responses=problems(404, 409, 422))
def retry(download_id: Id, services: CurrentServices, accept_damage: bool = False) -> Response:
    """Try the failed stage again; with `accept_damage` the book is made of what its files still have."""
    return _shown(services, services.commands.retry(download_id, accept_damage=accept_damage))


@router.get("/status", response_model=StatusView)
def status(services: CurrentServices) -> Response:
    """How monitoring, clients and the runner are doing."""
    state = services.monitor.status()
    counts = services.store.downloads.counts()
    return Json(
        {
            "monitoring": state.monitoring,
            "polling_interval_seconds": state.polling_interval_seconds,
            "last_tick_at": moment(state.last_tick_at),
            "counts": {one.value: counts.get(one, 0) for one in DownloadStatus},
            "clients": [
                {
                    "name": client.name,
                    "type": client.type,
                    "reachable": client.reachable,
                    "version": client.version,
                    "error": services.redact(client.error) if client.error else None,
                    "remedy": services.redact(client.remedy) if client.remedy else None,
                    "protocols": sorted(client.protocols),
                    "abilities": sorted(client.abilities),
                }
                for client in state.clients
            ],
            "runner": dict(services.runner_status()),
        }
    )


@router.post("/service/start", response_model=ServiceView, dependencies=ADMINS_ONLY)
def start(services: CurrentServices) -> Response:
    """Watch the clients."""
    services.monitor.start_monitoring()
    return Json({"success": True, "monitoring": True})


@router.post("/service/stop", response_model=ServiceView, dependencies=ADMINS_ONLY)
def stop(services: CurrentServices) -> Response:
    """Stop watching the clients; what they have goes on downloading there."""
    services.monitor.stop_monitoring()
    return Json({"success": True, "monitoring": False})


def _existing(services: Services, download_id: int) -> Download:
    download = services.store.downloads.get(download_id)
    if download is None:
        raise Problem("unknown_download")
    return download


def _shown(services: Services, download: Download) -> Response:
    return Json(_view(services, download))


def _view(services: Services, download: Download) -> dict[str, Any]:
    return _views(services, (download,))[0]


def _views(services: Services, downloads: Sequence[Download]) -> list[dict[str, Any]]:
    live = services.monitor.live_all()
    arrived = [download.id for download in downloads if download.acquisition is DownloadStatus.IMPORTED]
    shelved = services.store.books.shelved(arrived)
    return [
        download_view(download, live.get(download.id), services.redact, shelved.get(download.id))
        for download in downloads
    ]


def _files(services: Services, download: Download) -> list[dict[str, Any]]:
    try:
        return [file_view(file) for file in services.files(download)]
    except AuralError:
        return []  # the page shows the download all the same; the client's state is shown elsewhere


def _action(commands: Commands, action: Action) -> Callable[[int], Download]:
    actions: dict[Action, Callable[[int], Download]] = {
        "pause": commands.pause,
        "resume": commands.resume,
        "retry": commands.retry,
        "cancel": commands.cancel,
    }
    return actions[action]


def _outcome(act: Callable[[int], Download], download_id: int) -> dict[str, Any]:
    try:
        changed = act(download_id)
    except (IllegalTransition, Conflict, StaleRecord, LookupError, AuralError) as error:
        problem = problem_of(error)
        return {"id": download_id, "ok": False, "code": problem.kind.code, "detail": problem.detail}
    return {"id": download_id, "ok": True, "status": public_status(changed.acquisition, changed.seeding).value}
