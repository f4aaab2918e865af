"""The audit trail of all downloads, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from auralarchive.ports.store import HistoryFilter
from auralarchive.web.access import CurrentServices
from auralarchive.web.fields import MOST_CHARACTERS, clean_text
from auralarchive.web.responses import problems
from auralarchive.web.views import EventView, Json, View, event_view

router = APIRouter(prefix="/api/system/events", tags=["system"])


class HistoryView(EventView):
    """An event, and the book that it is about."""

    book_title: str
    book_author: str


class HistoryPageView(View):
    items: list[HistoryView]
    total: int
    next_cursor: str | None


#: An empty parameter is what a form sends that was left empty: it filters nothing.
Names = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z]{1,60}$")]],
    BeforeValidator(lambda values: [value for value in values if value]),
    Query(max_length=50, description="Names of events; may be given several times."),
]
Moment = Annotated[datetime | None, BeforeValidator(lambda value: value or None), Query()]


@router.get("", response_model=HistoryPageView, responses=problems(422))
def events(
    services: CurrentServices,
    event: Names = [],  # noqa: B006 - FastAPI copies it
    failed: Annotated[bool, Query(description="Only what ended in a failure.")] = False,
    q: Annotated[str | None, Query(max_length=MOST_CHARACTERS, description="Words of a title or a reason.")] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{0,15}$")] = None,
) -> Response:
    """What happened, page by page."""
    wanted = HistoryFilter(tuple(event), failed, clean_text(q) or "", _aware(since), _aware(until))
    page = services.store.history.page(wanted, limit=limit, before=int(cursor) if cursor else None)
    items = [
        {**event_view(line.event, services.redact), "book_title": line.title, "book_author": line.author}
        for line in page.items
    ]
    next_cursor = None if page.cursor is None else str(page.cursor)
    return Json({"items": items, "total": page.total, "next_cursor": next_cursor})


def _aware(value: datetime | None) -> datetime | None:
    """A time without a zone is UTC, as in every answer."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
