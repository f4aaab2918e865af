"""The library: its books, covers and files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from auralarchive.ports.store import LibraryBook
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import MOST_CHARACTERS, Id, clean_text
from auralarchive.web.files import send_file
from auralarchive.web.responses import problems
from auralarchive.web.services import Services
from auralarchive.web.views import BookPage, BookView, Json, book_view

router = APIRouter(prefix="/api/library", tags=["library"])

_BINARY: dict[str, Any] = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", **_BINARY},
    206: {"description": "One part of it", **_BINARY},
}


@router.get("/books", response_model=BookPage, responses=problems(422))
def books(
    services: CurrentServices,
    q: Annotated[str | None, Query(max_length=MOST_CHARACTERS, description="Words of title, author or series.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description="As `next_cursor` gave it.")] = None,
) -> Response:
    """Books, newest first."""
    page = services.store.books.page(clean_text(q) or "", limit=limit, cursor=int(cursor) if cursor else None)
    return Json(
        {
            "items": [book_view(entry) for entry in page.items],
            "total": page.total,
            "next_cursor": None if page.cursor is None else str(page.cursor),
        }
    )


@router.get("/books/{book_id}", response_model=BookView, responses=problems(404, 422))
def book(book_id: Id, services: CurrentServices) -> Response:
    """One book with its chapters and files."""
    return Json(book_view(_existing(services, book_id)))


@router.get("/books/{book_id}/cover", response_class=Response, responses={**_FILE, **problems(404, 422)})
def cover(book_id: Id, services: CurrentServices) -> Response:
    """The book's cover."""
    entry = _existing(services, book_id)
    found = next((file for file in entry.files if file.role == "cover"), None)
    if found is None:
        raise Problem("file_missing", "This book has no cover.", remedy="Nothing has to be done.")
    return send_file(services.library_root(), found.path, None)


@router.get("/books/{book_id}/files/{n}", response_class=Response, responses={**_FILE, **problems(404, 416, 422)})
def file(
    book_id: Id,
    n: int,
    services: CurrentServices,
    byte_range: Annotated[str | None, Header(alias="Range", max_length=100_000)] = None,
    download: Annotated[bool, Query(description="Offer it for saving.")] = False,
) -> Response:
    """One file of the book, whole or one range of it."""
    entry = _existing(services, book_id)
    if not 0 <= n < len(entry.files):
        raise Problem("file_missing")
    return send_file(services.library_root(), entry.files[n].path, byte_range, attachment=download)


def _existing(services: Services, book_id: int) -> LibraryBook:
    entry = services.store.books.get(book_id)
    if entry is None:
        raise Problem("not_found", "There is no such book.", remedy="Reload the library.")
    return entry
