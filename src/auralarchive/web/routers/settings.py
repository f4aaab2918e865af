"""Settings, by sections. What the environment holds can be seen here but not changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import Field, JsonValue
from starlette.responses import Response

from auralarchive.web import secrets
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.responses import problems
from auralarchive.web.services import InvalidSettings, Services, SettingValue
from auralarchive.web.versions import IfMatch, check_version, version_of
from auralarchive.web.views import Json, View

router = APIRouter(prefix="/api/settings", tags=["settings"])

SectionName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class SectionView(View):
    """One section. `locked` maps keys to the environment variable that holds them.

    What stands in `needs_restart` takes effect at the next start only. `version` goes back as `If-Match`.
    """

    name: str
    version: str
    settings_schema: dict[str, JsonValue]
    values: dict[str, JsonValue]
    locked: dict[str, str]
    needs_restart: list[str]


class SectionList(View):
    sections: list[SectionView]


@router.get("", response_model=SectionList)
def sections(services: CurrentServices) -> Response:
    """All sections with their schemas and values; secrets show as `{"set": true}`."""
    return Json({"sections": [_view(services, name) for name in services.settings.schema()]})


@router.get("/{section}", response_model=SectionView, responses=problems(404, 422))
def one(section: SectionName, services: CurrentServices) -> Response:
    """One section."""
    return Json(_view(services, section))


@router.put("/{section}", response_model=SectionView, responses=problems(404, 412, 422))
def save(
    section: SectionName,
    values: Annotated[dict[str, JsonValue], Body(), Field(max_length=200)],
    services: CurrentServices,
    if_match: IfMatch = None,
) -> Response:
    """Change some keys of a section; those left out stay as they are."""
    with services.store.downloads.exclusive("settings"):
        before = _view(services, section)
        check_version(if_match, before["version"])
        _save(services, section, values)
    return Json(_view(services, section))


def _save(services: Services, section: str, values: dict[str, JsonValue]) -> None:
    now = _values(services, section)
    changed = {key: value for key, value in values.items() if not _is_as_shown(value, now.get(key))}
    secrets.check_section(section, changed, now)
    try:
        services.settings.save(section, changed)
    except InvalidSettings as error:
        errors = [{"field": f"{section}.{key}", "message": message} for key, message in error.errors.items()]
        named = "; ".join(f"{one['field']}: {one['message']}" for one in errors[:5])
        raise Problem("invalid", f"{named}.", errors=errors) from error


def _is_as_shown(value: Any, now: SettingValue | None) -> bool:
    """Whether a form only sends back what it got: a secret's stand-in, or the value of a locked key."""
    if now is None:
        return False
    return secrets.is_unchanged(value) if now.secret else now.locked_by is not None and value == now.value


def _values(services: Services, section: str) -> dict[str, SettingValue]:
    values = services.settings.values()
    if section not in values:
        raise Problem("not_found", "There is no such section of settings.", remedy="See /api/settings for the names.")
    return dict(values[section])


def _view(services: Services, section: str) -> dict[str, Any]:
    values = _values(services, section)
    shown = {key: {"set": one.is_set} if one.secret else one.value for key, one in values.items()}
    return {
        "name": section,
        "version": version_of(shown),
        "settings_schema": dict(services.settings.schema()[section]),
        "values": shown,
        "locked": {key: one.locked_by for key, one in values.items() if one.locked_by is not None},
        "needs_restart": [key for key, one in values.items() if one.needs_restart],
    }
