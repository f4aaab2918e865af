"""What a person is told while typing a folder or a naming template, before anything is saved."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from starlette.responses import Response

from auralarchive.domain.book import Book
from auralarchive.domain.naming import TOKENS, BadTemplate, Template, parse_template
from auralarchive.ports.library import FolderReport
from auralarchive.web.access import CurrentServices
from auralarchive.web.fields import Body
from auralarchive.web.responses import problems
from auralarchive.web.routers.adapters import FindingView, finding_view
from auralarchive.web.services import Services
from auralarchive.web.views import Json, View

router = APIRouter(prefix="/api/settings", tags=["settings"])

#: So many books of the library show what a template makes of them.
_BOOKS = 5


def _printable(value: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise ValueError("a path has no control characters")
    return value


PathText = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_printable)]


class FolderBody(Body):
    """The folder that is asked about, with its full path."""

    path: PathText


class LibraryBody(Body):
    """The folder that is asked about; without one, that which is used where none is named."""

    path: PathText | None = None


class FolderReportView(View):
    """What the server sees of one folder. Sizes are null where they cannot be known."""

    exists: bool
    ok: bool
    findings: list[FindingView]
    free_bytes: int | None
    total_bytes: int | None
    file_system: str | None


class NamingBody(Body):
    template: Annotated[str, Field(max_length=2000)]


class NamingError(View):
    """What is wrong with the template, and where: `start` and `end` count characters (UTF-16, as browsers do)."""

    reason: str
    remedy: str
    start: int
    end: int


class SampleView(View):
    """One book, and its path below the library's folder. `yours`: it is in the library."""

    title: str
    author: str
    path: str
    yours: bool


class TokenView(View):
    token: str
    meaning: str


class NamingView(View):
    """Either an error, or what the template makes of some books."""

    error: NamingError | None
    samples: list[SampleView]
    tokens: list[TokenView]


@router.post("/library/check", response_model=FolderReportView, responses=problems(422))
def check_library(body: LibraryBody, services: CurrentServices) -> Response:
    """How a folder would do as the library: there, writable, room, and whether downloads can be linked into it."""
    return Json(_folder(services.folders.as_library(Path(body.path) if body.path else None), services))


@router.post("/folder/check", response_model=FolderReportView, responses=problems(422))
def check_folder(body: FolderBody, services: CurrentServices) -> Response:
    """Whether a folder is there and can be read."""
    return Json(_folder(services.folders.as_folder(Path(body.path)), services))


@router.post("/library/naming", response_model=NamingView, responses=problems(422))
def naming(body: NamingBody, services: CurrentServices) -> Response:
    """What a naming template makes of books of the library, and of some that are hard to name."""
    tokens = [{"token": token, "meaning": meaning} for token, meaning in TOKENS.items()]
    try:
        template = parse_template(body.template)
    except BadTemplate as error:
        return Json({"error": _error(error, body.template), "samples": [], "tokens": tokens})
    return Json({"error": None, "samples": list(_samples(template, services)), "tokens": tokens})


def _folder(report: FolderReport, services: Services) -> dict[str, Any]:
    return {
        "exists": report.exists,
        "ok": all(finding.ok for finding in report.findings),
        "findings": [finding_view(finding, services) for finding in report.findings],
        "free_bytes": report.free_bytes,
        "total_bytes": report.total_bytes,
        "file_system": report.file_system,
    }


def _error(error: BadTemplate, text: str) -> dict[str, Any]:
    start, end = (_as_browsers_count(text[:place]) for place in error.place_in(text))
    return {"reason": error.reason, "remedy": error.remedy, "start": start, "end": end}


def _as_browsers_count(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _samples(template: Template, services: Services) -> Iterator[dict[str, Any]]:
    for entry in services.store.books.page(limit=_BOOKS).items:
        yield _sample(template, entry.book, yours=True)
    for book in HARD_TO_NAME:
        yield _sample(template, book, yours=False)


def _sample(template: Template, book: Book, *, yours: bool) -> dict[str, Any]:
    layout = template.layout(book)
    path = "/".join((*layout.folders, layout.file_name))
    return {"title": book.title, "author": book.author, "path": path, "yours": yours}


#: A series with its number, writing from right to left, next to nothing known, and a title without end.
HARD_TO_NAME = (
    Book(
        "AA-SAMPLE1",
        "Anne of Avonlea",
        "L. M. Montgomery",
        narrator="Mary Sarah",
        series="Anne of Green Gables",
        series_part="2",
        year=1909,
        language="English",
        publisher="LibriVox",
    ),
    Book("AA-SAMPLE2", "كتاب الرمال: قصص", "خورخي لويس بورخيس", year=1975, language="العربية"),
    Book("AA-SAMPLE3", "Who? What/When", "Anonymous"),
    Book(
        "AA-SAMPLE4",
        "The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner: Who lived Eight and Twenty "
        "Years, all alone in an un-inhabited Island on the Coast of America, near the Mouth of the Great River of "
        "Oroonoque; Having been cast on Shore by Shipwreck, wherein all the Men perished but himself",
        "Daniel Defoe",
        narrator="Denny Sayers",
        year=1719,
    ),
)
