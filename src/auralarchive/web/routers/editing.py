"""Changes of books by a person: what their tags say, and their covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from auralarchive.pipeline.editing import BookChanged, StillImporting, UnknownBook
from auralarchive.ports.store import LibraryBook
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import Body, Id, OptionalLines, OptionalText, Text
from auralarchive.web.responses import problems
from auralarchive.web.routers.library import detail_of
from auralarchive.web.services import Services
from auralarchive.web.views import BookDetail, Json

router = APIRouter(prefix="/api/library", tags=["library"])

_MOST_FIELD_BYTES = 1024
#: The largest number that pages and databases agree upon.
_MOST = 2**53 - 1


class BookEdit(Body):
    """What is to be other than it is. `version` is the book's that the person has seen; null empties a field."""

    version: Annotated[int, Field(ge=1, le=_MOST)]
    title: Text = ""
    author: Text = ""
    narrator: OptionalText = None
    series: OptionalText = None
    series_part: OptionalText = None
    year: Annotated[int, Field(ge=1, le=9999)] | None = None
    language: OptionalText = None
    publisher: OptionalText = None
    description: OptionalLines = None

    @property
    def values(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "version"}


@router.patch("/books/{book_id}", response_model=BookDetail, responses=problems(404, 409, 422, 507))
def change(book_id: Id, body: BookEdit, services: CurrentServices) -> Response:
    """Change what is known of a book, in its record and in the tags of its file.

    The file is written anew beside the old one, its sound is proved to be the same, and then it takes the old
    one's place. 409 `book_changed` gives the book as somebody else has saved it meanwhile.
    """
    return _edited(services, book_id, lambda: services.editor.change(book_id, body.version, body.values))


_COVER_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "version"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A JPEG, PNG or WebP picture."},
                        "version": {"type": "integer"},
                    },
                }
            }
        },
    }
}


@router.put(
    "/books/{book_id}/cover",
    response_model=BookDetail,
    responses=problems(404, 409, 413, 422, 507),
    openapi_extra=_COVER_SCHEMA,
)
async def change_cover(book_id: Id, request: Request, services: CurrentServices) -> Response:
    """Give the book another cover, inside its file and beside it. The picture is drawn anew."""
    # The form is read here, not by the framework: that would read it before it asks who sends it.
    async with request.form(max_files=1, max_fields=1, max_part_size=_MOST_FIELD_BYTES) as form:
        file, version = form.get("file"), form.get("version")
        if not isinstance(file, UploadFile) or len(form.multi_items()) != len(form):
            raise Problem("invalid", "The field `file` has to be one picture.", errors=[])
        if not isinstance(version, str) or not (version.isascii() and version.isdecimal() and len(version) < 16):
            raise Problem("invalid", "The field `version` has to be the book's version.", errors=[])
        picture = await file.read()
    return await run_in_threadpool(
        _edited, services, book_id, lambda: services.editor.change_cover(book_id, int(version), picture)
    )


@router.delete("/books/{book_id}/cover", response_model=BookDetail, responses=problems(404, 409, 422, 507))
def remove_cover(book_id: Id, version: Annotated[int, Query(ge=1, le=_MOST)], services: CurrentServices) -> Response:
    """Take the cover out of the book's file, and away beside it."""
    return _edited(services, book_id, lambda: services.editor.change_cover(book_id, version, None))


def _edited(services: Services, book_id: int, change: Callable[[], LibraryBook]) -> Response:
    try:
        return Json(detail_of(services, change()))
    except BookChanged as changed:
        raise Problem("book_changed", book=detail_of(services, changed.present)) from changed
    except UnknownBook as error:
        raise Problem("not_found", "There is no such book.", remedy="Reload the library.") from error
    except StillImporting as error:
        raise Problem(
            "not_allowed_now",
            "The import of this book has not ended yet.",
            remedy="Wait until it has, or retry it under Downloads; then save again.",
        ) from error
