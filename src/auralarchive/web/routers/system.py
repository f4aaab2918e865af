"""How the application itself is doing."""

from __future__ import annotations

import platform
from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import Response

from auralarchive.ports.clients import Finding
from auralarchive.web.access import ADMINS_ONLY, CurrentServices
from auralarchive.web.routers.adapters import FindingView, finding_view
from auralarchive.web.services import Disk, Services
from auralarchive.web.upkeep import Checked
from auralarchive.web.views import Json, View, moment

#: The only routes without sign-in; `middleware.PUBLIC` names them once more, and a test compares.
public = APIRouter(prefix="/api", tags=["system"])
router = APIRouter(tags=["system"])


class HealthView(View):
    """Nothing but the one word: anybody may ask."""

    status: Literal["ok", "degraded"]


class FolderView(View):
    role: Literal["library", "downloads", "work", "data"]
    path: str


class DiskView(View):
    """One disk and what of ours lies on it. Sizes in bytes."""

    folders: list[FolderView]
    free: int
    total: int


class CheckedView(FindingView):
    """A finding, which check it is of, and since when it is so."""

    group: str
    since: str


class HealthDetails(View):
    status: Literal["ok", "degraded"]
    checked_at: str | None
    findings: list[CheckedView]
    disks: list[DiskView]


class AboutView(View):
    """Versions for the report of a bug; empty what is not there."""

    version: str
    python: str
    platform: str
    database: str
    revision: str
    ffmpeg: str
    libtorrent: str
    licence: str


class SystemView(View):
    version: str
    python: str
    platform: str


@public.get("/health", response_model=HealthView)
def health(services: CurrentServices) -> Response:
    """Whether all is well; for load balancers and containers."""
    return Json({"status": _status(services.health())})


@router.get("/api/system/health", response_model=HealthDetails, dependencies=ADMINS_ONLY)
def health_details(services: CurrentServices) -> Response:
    """Every check, with what to do where one fails."""
    return Json(_details(services))


@router.post("/api/system/health/check", response_model=HealthDetails, dependencies=ADMINS_ONLY)
def check_health(services: CurrentServices) -> Response:
    """Check everything now, however young the last answers are."""
    return Json(_details(services, anew=True))


@router.get("/api/system/about", response_model=AboutView, dependencies=ADMINS_ONLY)
def about(services: CurrentServices) -> Response:
    """What is at work here, for the report of a bug."""
    return Json(dict(services.upkeep.about()))


@router.get("/api/system/status", response_model=SystemView)
def system(services: CurrentServices) -> Response:
    """Versions."""
    return Json({"version": services.version, "python": platform.python_version(), "platform": platform.system()})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=ADMINS_ONLY,
)
def metrics(services: CurrentServices) -> Response:
    """Counters and the moment's numbers in the Prometheus format."""
    exposition, content_type = services.metrics.render()
    return Response(exposition, media_type=content_type)


def _details(services: Services, *, anew: bool = False) -> dict[str, Any]:
    checked = services.upkeep.health.checked(anew=anew)
    return {
        "status": _status(tuple(one.finding for one in checked)),
        "checked_at": moment(services.upkeep.health.checked_at),
        "findings": [_checked_view(one, services) for one in checked],
        "disks": [_disk_view(disk) for disk in services.disks()],
    }


def _checked_view(one: Checked, services: Services) -> dict[str, Any]:
    return {**finding_view(one.finding, services), "group": one.group, "since": moment(one.since)}


def _disk_view(disk: Disk) -> dict[str, Any]:
    folders = [{"role": folder.role, "path": str(folder.path)} for folder in disk.folders]
    return {"folders": folders, "free": disk.free, "total": disk.total}


def _status(findings: tuple[Finding, ...]) -> str:
    return "ok" if all(finding.ok for finding in findings) else "degraded"
