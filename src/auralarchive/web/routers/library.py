"""The library: its books, covers and files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from auralarchive.ports.store import BookFilter, BookSort, LibraryBook
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import MOST_CHARACTERS, Id, OptionalText, clean_text
from auralarchive.web.files import Wish, send_file
from auralarchive.web.responses import problems
from auralarchive.web.services import Services
from auralarchive.web.views import BookDetail, BookPage, FacetsView, Json, book_detail, book_view, facets_view

router = APIRouter(prefix="/api/library", tags=["library"])

_BINARY: dict[str, Any] = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", **_BINARY},
    206: {"description": "One part of it", **_BINARY},
    304: {"description": "What the caller has is still right"},
}


def _wanted_books(
    q: Annotated[
        str | None, Query(max_length=MOST_CHARACTERS, description="Words of title, author, narrator or series.")
    ] = None,
    author: Annotated[OptionalText, Query(description="Just this author; the facets list them.")] = None,
    narrator: Annotated[OptionalText, Query(description="Just this narrator.")] = None,
    series: Annotated[OptionalText, Query(description="Just this series.")] = None,
    format: Annotated[OptionalText, Query(description="Books with a file of this kind: `M4B`, `PDF` …")] = None,  # noqa: A002 - the parameter's name in the address
) -> BookFilter:
    return BookFilter(clean_text(q) or "", author, narrator, series, format.upper() if format else None)


def _wish(
    range_: Annotated[str | None, Header(alias="Range", max_length=100_000)] = None,
    if_range: Annotated[str | None, Header(max_length=200)] = None,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Wish:
    return Wish(range_, if_range, if_none_match)


@router.get("/books", response_model=BookPage, responses=problems(422))
def books(
    services: CurrentServices,
    wanted: Annotated[BookFilter, Depends(_wanted_books)],
    sort: BookSort = "-added",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="As `next_cursor` gave it.")] = None,
    brief: Annotated[bool, Query(description="Leave chapters, files and descriptions out.")] = False,
) -> Response:
    """Books, newest first unless sorted otherwise."""
    try:
        page = services.store.books.page(wanted, sort=sort, limit=limit, cursor=cursor)
    except ValueError as error:
        raise Problem("invalid", "The cursor is not one of this list.", remedy="Begin at the first page.") from error
    items = [book_view(entry, brief=brief) for entry in page.items]
    return Json({"items": items, "total": page.total, "next_cursor": page.cursor})


@router.get("/facets", response_model=FacetsView)
def facets(services: CurrentServices) -> Response:
    """Authors, narrators, series and formats, each with the number of its books."""
    return Json(facets_view(services.store.books.facets()))


@router.get("/books/{book_id}", response_model=BookDetail, responses=problems(404, 422))
def book(book_id: Id, services: CurrentServices) -> Response:
    """One book with its chapters and files, where it came from and how it was made."""
    return Json(detail_of(services, existing(services, book_id)))


@router.get("/books/{book_id}/cover", response_class=Response, responses={**_FILE, **problems(404, 416, 422)})
def cover(book_id: Id, services: CurrentServices, wish: Annotated[Wish, Depends(_wish)]) -> Response:
    """The book's cover."""
    entry = existing(services, book_id)
    found = next((file for file in entry.files if file.role == "cover"), None)
    if found is None:
        raise Problem("file_missing", "This book has no cover.", remedy="Nothing has to be done.")
    return send_file(services.library_root(), found.path, wish)


@router.get("/books/{book_id}/files/{n}", response_class=Response, responses={**_FILE, **problems(404, 416, 422)})
def file(
    book_id: Id,
    n: int,
    services: CurrentServices,
    wish: Annotated[Wish, Depends(_wish)],
    download: Annotated[bool, Query(description="Offer it for saving.")] = False,
) -> Response:
    """One file of the book, whole or one range of it."""
    entry = existing(services, book_id)
    if not 0 <= n < len(entry.files):
        raise Problem("file_missing")
    return send_file(services.library_root(), entry.files[n].path, wish, attachment=download)


def existing(services: Services, book_id: int) -> LibraryBook:
    """The book with this id. Raises a problem where there is none."""
    entry = services.store.books.get(book_id)
    if entry is None:
        raise Problem("not_found", "There is no such book.", remedy="Reload the library.")
    return entry


def detail_of(services: Services, entry: LibraryBook) -> dict[str, Any]:
    """`BookDetail` of this book."""
    download = services.store.downloads.get(entry.download_id)
    recipe = services.store.recipes.get(entry.download_id)
    return book_detail(entry, download, recipe, services.redact)
