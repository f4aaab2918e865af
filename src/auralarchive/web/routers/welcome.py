"""The guided set-up after the first account: how far it has come, and what it finds on this machine.

It is pending only where the page that made the first account has begun it: whoever had an account before, or made it
by a script, is not asked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, JsonValue
from starlette.responses import Response

from auralarchive.ports.store import SavedSettings
from auralarchive.web.access import CurrentServices
from auralarchive.web.fields import Body
from auralarchive.web.responses import problems
from auralarchive.web.views import Json, View

router = APIRouter(prefix="/api/welcome", tags=["settings"])

#: Where it is kept among the saved settings; no section of the settings that pages show.
SECTION = "welcome"

Step = Literal["library", "client", "indexer", "demo"]


class WelcomeBody(Body):
    """What has changed: that it begins, the step that is shown, or that it is over."""

    pending: bool | None = None
    step: Step | None = None


class WelcomeView(View):
    """Whether the set-up waits to be gone through, and where it was left."""

    pending: bool
    step: Step


class FoundClient(View):
    """A client that answers on this machine. `settings` are what is known of its settings."""

    type: str
    title: str
    settings: dict[str, JsonValue]
    configured: bool


class FoundClients(View):
    items: Annotated[list[FoundClient], Field(max_length=100)]


@router.get("", response_model=WelcomeView)
def welcome(services: CurrentServices) -> Response:
    """How far the set-up has come."""
    return Json(_state(services.store.settings))


@router.put("", response_model=WelcomeView, responses=problems(422))
def save(body: WelcomeBody, services: CurrentServices) -> Response:
    """Remember where it was left, or that it is done with."""
    services.store.settings.save(SECTION, body.model_dump(exclude_none=True))
    return Json(_state(services.store.settings))


@router.post("/clients", response_model=FoundClients)
def find_clients(services: CurrentServices) -> Response:
    """Look for download clients on this machine (127.0.0.1 only), on the ports that they usually have."""
    known = [row.settings for row in services.store.adapters.list("client")]
    found = [
        {
            "type": one.type,
            "title": one.title,
            "settings": dict(one.settings),
            "configured": any(_same_place(one.settings, settings) for settings in known),
        }
        for one in services.find_clients()
    ]
    return Json({"items": found})


def pending(settings: SavedSettings) -> bool:
    """Whether the set-up is still to be offered."""
    return bool(settings.all().get(SECTION, {}).get("pending", False))


def _state(settings: SavedSettings) -> dict[str, Any]:
    kept = settings.all().get(SECTION, {})
    return {"pending": bool(kept.get("pending", False)), "step": kept.get("step", "library")}


def _same_place(found: Any, known: Any) -> bool:
    local = ("127.0.0.1", "localhost", "::1")
    return known.get("host") in local and known.get("port") == found.get("port")
