"""Backups, and bringing one back: looked at first, confirmed then, put in place by the next start."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import Body
from auralarchive.web.files import Wish, send_file
from auralarchive.web.responses import problems
from auralarchive.web.services import Services
from auralarchive.web.upkeep import KeptBackup, RestoreSummary
from auralarchive.web.views import Json, View, moment

router = APIRouter(prefix="/api/system", tags=["system"])

_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}

Name = Annotated[str, Path(pattern=r"^auralarchive-[0-9-]{15,20}\.zip$")]
Passphrase = Annotated[str, Field(min_length=8, max_length=1000)]


class NewBackup(Body):
    """With a passphrase secrets are in it, sealed; without one they are left out."""

    passphrase: Passphrase | None = None


class Confirmation(Body):
    """Which backup was looked at. Without its passphrase, secrets have to be entered anew."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    passphrase: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class BackupView(View):
    """A backup in the folder. `damaged`: it cannot be restored; the rest is unknown then."""

    name: str
    size: int
    made_at: str
    damaged: bool
    application: str | None
    secrets: Literal["sealed", "left_out"] | None
    downloads: int | None
    books: int | None
    accounts: int | None


class BackupPage(View):
    """`next_at` is when the next one is made by itself."""

    items: list[BackupView]
    total: int
    next_cursor: str | None
    next_at: str | None


class SummaryView(View):
    """What the backup holds, and where what it replaces will be kept (in the data folder)."""

    id: str
    made_at: str
    application: str
    revision: str
    downloads: int
    books: int
    accounts: int
    secrets: Literal["sealed", "left_out", "restored"]
    replaced: str


class RestoreView(View):
    """`checked` waits to be confirmed, `pending` for the next start."""

    state: Literal["none", "checked", "pending"]
    summary: SummaryView | None


@router.post("/backup", response_class=Response, responses={**_FILE, **problems(409, 422, 507)})
def make(body: NewBackup, services: CurrentServices) -> Response:
    """A backup of this moment, as a file. Nothing has to stop for it."""
    with services.upkeep.shelf.fresh(body.passphrase) as file:
        return _sent(file)


@router.get("/backups", response_model=BackupPage, responses=problems(409))
def kept(services: CurrentServices) -> Response:
    """Those that were made by themselves, the newest first."""
    shelf = services.upkeep.shelf
    items = [_backup_view(one) for one in shelf.all()]
    return Json({"items": items, "total": len(items), "next_cursor": None, "next_at": moment(shelf.next_at())})


@router.get("/backups/{name}", response_class=Response, responses={**_FILE, **problems(404, 409)})
def download(name: Name, services: CurrentServices) -> Response:
    """A backup of the folder, as a file."""
    return _sent(_found(services, name))


@router.delete("/backups/{name}", status_code=204, responses=problems(404, 409))
def delete(name: Name, services: CurrentServices) -> Response:
    """Delete a backup of the folder."""
    if not services.upkeep.shelf.delete(name):
        raise _missing()
    return Response(status_code=204)


@router.get("/restore", response_model=RestoreView)
def state(services: CurrentServices) -> Response:
    """How far a restore has come."""
    return _restore_view(services)


@router.post(
    "/restore/upload",
    response_model=RestoreView,
    responses=problems(409, 413, 422, 507),
    openapi_extra={"requestBody": {"required": True, "content": {"application/zip": {"schema": {"type": "string"}}}}},
)
async def upload(request: Request, services: CurrentServices) -> Response:
    """Send a backup as the body. It is unpacked and proved completely; nothing is replaced yet."""
    restorer = services.upkeep.restorer
    with restorer.receiving() as file:
        async with await anyio.open_file(file, "xb") as target:
            async for piece in request.stream():
                await target.write(piece)
        await anyio.to_thread.run_sync(restorer.check, file)
    return await anyio.to_thread.run_sync(_restore_view, services)


@router.post("/backups/{name}/restore", response_model=RestoreView, responses=problems(404, 409, 422, 507))
def look_at(name: Name, services: CurrentServices) -> Response:
    """Look at a backup of the folder as at an uploaded one: it is unpacked and proved, and waits to be confirmed."""
    services.upkeep.restorer.check(_found(services, name))
    return _restore_view(services)


@router.post("/restore", response_model=RestoreView, responses=problems(404, 422, 507))
def confirm(body: Confirmation, services: CurrentServices) -> Response:
    """Let the next start put it in place. A config.toml in it is left alone: it may name programs."""
    try:
        services.upkeep.restorer.confirm(body.id, body.passphrase)
    except LookupError as error:
        raise Problem("not_found", "Another backup was looked at meanwhile.", remedy="Look at what it is.") from error
    return _restore_view(services)


@router.delete("/restore", status_code=204)
def discard(services: CurrentServices) -> Response:
    """Do not restore what was looked at or confirmed."""
    services.upkeep.restorer.discard()
    return Response(status_code=204)


def _found(services: Services, name: str) -> FilePath:
    path = services.upkeep.shelf.find(name)
    if path is None:
        raise _missing()
    return path


def _missing() -> Problem:
    return Problem("not_found", "There is no such backup.", remedy="Reload the list.")


def _sent(file: FilePath) -> Response:
    """The file, open by now: it may be deleted at once, and is gone when it is sent."""
    answer = send_file(file.parent, file.name, Wish(), attachment=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _backup_view(one: KeptBackup) -> dict[str, Any]:
    known = one.manifest
    return {
        "name": one.name,
        "size": one.size,
        "made_at": moment(one.made_at),
        "damaged": known is None,
        "application": known.application if known else None,
        "secrets": known.secrets if known else None,
        "downloads": known.downloads if known else None,
        "books": known.books if known else None,
        "accounts": known.accounts if known else None,
    }


def _restore_view(services: Services) -> Response:
    state, summary = services.upkeep.restorer.state()
    return Json({"state": state, "summary": _summary_view(summary) if summary is not None else None})


def _summary_view(summary: RestoreSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "made_at": summary.made_at,
        "application": summary.application,
        "revision": summary.revision,
        "downloads": summary.downloads,
        "books": summary.books,
        "accounts": summary.accounts,
        "secrets": summary.secrets,
        "replaced": summary.replaced,
    }
