"""How far people have listened: each person on their own, on whatever device."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from auralarchive.ports.store import NewerPosition, Position
from auralarchive.web.access import CurrentIdentity, CurrentServices
from auralarchive.web.auth import Identity
from auralarchive.web.errors import Problem
from auralarchive.web.fields import Body, Id, Text
from auralarchive.web.responses import problems
from auralarchive.web.routers.library import existing
from auralarchive.web.services import Services
from auralarchive.web.views import Json, ListeningView, PositionView, book_view, position_view

router = APIRouter(prefix="/api/library", tags=["library"])

_MOST_LISTENED = 20
#: No book is longer than half a year.
_LONGEST = 180 * 86_400


class PositionBody(Body):
    """Where a device is. `known` is the `updated_at` that it saw last, null where it saw none."""

    seconds: Annotated[float, Field(ge=0, le=_LONGEST, allow_inf_nan=False)]
    speed: Annotated[float, Field(ge=0.25, le=4, allow_inf_nan=False)] = 1.0
    device: Text
    finished: bool = False
    known: AwareDatetime | None = None


@router.get("/books/{book_id}/position", response_model=PositionView, responses=problems(403, 404, 422))
def position(book_id: Id, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """How far you have listened, and on which device last."""
    account_id = _account(identity)
    existing(services, book_id)
    return Json(position_view(services.store.playback.get(account_id, book_id)))


@router.put("/books/{book_id}/position", response_model=PositionView, responses=problems(403, 404, 409, 422))
def save_position(book_id: Id, body: PositionBody, services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Remember how far you have listened. 409 gives the position of a device that was later."""
    account_id = _account(identity)
    existing(services, book_id)
    made = Position(body.seconds, body.speed, body.device, body.finished, _later(services, body.known))
    try:
        services.store.playback.save(account_id, book_id, made, body.known)
    except NewerPosition as newer:
        raise Problem("position_moved", position=position_view(newer.present)) from newer
    return Json(position_view(made))


@router.get("/listening", response_model=ListeningView, responses=problems(403))
def listening(services: CurrentServices, identity: CurrentIdentity) -> Response:
    """Books that you have begun and not finished, the latest first."""
    positions = dict(services.store.playback.unfinished(_account(identity), _MOST_LISTENED))
    found = services.store.books.many(list(positions))
    items = [{"book": book_view(one, brief=True), "position": position_view(positions[one.id])} for one in found]
    return Json({"items": items})


def _account(identity: Identity) -> int:
    if identity.account_id is None:
        raise Problem("no_account", "How far somebody has listened is kept by account, and this key has none.")
    return identity.account_id


def _later(services: Services, known: datetime | None) -> datetime:
    """Now, and later than what was known even where the clock was set back: each position has a time of its own."""
    now = services.clock.now()
    return now if known is None or now > known else known + timedelta(microseconds=1)
