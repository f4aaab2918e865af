"""Searching by hand, and downloading what was found, pasted or uploaded."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.domain.download import Download
from auralarchive.domain.release import SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem
from auralarchive.web.fields import Asin, Body, Bytes, Link, OptionalText, Priority, Score, Text
from auralarchive.web.responses import problems
from auralarchive.web.services import Services
from auralarchive.web.views import AcceptedView, Json, SearchView, accepted_view, outcome_view, release_view

router = APIRouter(prefix="/api/search", tags=["search"])

_MOST_FIELD_BYTES = 64 * 1024


class SearchRequest(Body):
    """Free text, or what is known of the book; `indexers` limits the search to those names."""

    query: OptionalText = None
    title: OptionalText = None
    author: OptionalText = None
    narrator: OptionalText = None
    asin: Asin | None = None
    indexers: Annotated[list[Text], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.query or self.title or self.author or self.asin):
            raise ValueError("give a query, or at least a title or an author")
        return self


class BookFields(Body):
    """What is known of the book, apart from its title and author."""

    asin: Asin | None = None
    narrator: OptionalText = None
    series: OptionalText = None
    series_part: OptionalText = None
    year: Annotated[int, Field(ge=1, le=9999)] | None = None
    language: OptionalText = None
    priority: Priority = 0


class ManualDownload(BookFields):
    """Either the `release_id` of a search result, or a `download_url` with title and author."""

    release_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    download_url: Link | None = None
    title: OptionalText = None
    author: OptionalText = None
    download_type: DownloadType | None = None
    indexer: OptionalText = None
    size: Bytes | None = None
    file_format: OptionalText = None
    quality_score: Score | None = None
    match_score: Score | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.release_id is None) == (self.download_url is None):
            raise ValueError("give either release_id or download_url")
        if self.download_url is not None and not (self.title and self.author):
            raise ValueError("a download_url needs title and author")
        return self


class Upload(BookFields):
    """The fields beside the uploaded file."""

    title: Text
    author: Text


@router.post("/manual", response_model=SearchView, responses=problems(422))
def search(body: SearchRequest, services: CurrentServices) -> Response:
    """Search every enabled indexer at once. One bad indexer never fails a search."""
    query = SearchQuery(body.query, body.title, body.author, body.narrator, body.asin)
    report = services.searcher.search(query, tuple(body.indexers) if body.indexers is not None else None)
    return Json(
        {
            "results": [release_view(release, services.redact) for release in report.results],
            "indexers": [outcome_view(outcome, services.redact) for outcome in report.indexers],
        }
    )


@router.post("/manual/download", status_code=202, response_model=AcceptedView, responses=problems(404, 409, 422))
def download(body: ManualDownload, services: CurrentServices) -> Response:
    """Download a search result, a magnet or a link: the person chose, so nothing is searched."""
    made = _from_release(body, services) if body.release_id is not None else _from_link(body, services)
    return Json(accepted_view(made), 202)


def _from_release(body: ManualDownload, services: Services) -> Download:
    release = services.store.releases.get(body.release_id or "")
    if release is None:
        raise Problem("unknown_release")
    title = body.title or release.parsed.title or release.title
    author = body.author or release.parsed.author or "Unknown Author"
    return services.commands.enqueue_release(release, book_of(body, title, author), priority=body.priority)


def _from_link(body: ManualDownload, services: Services) -> Download:
    return services.commands.enqueue_link(
        body.download_url or "",
        book_of(body, body.title or "", body.author or ""),
        download_type=body.download_type,
        indexer=body.indexer,
        size=body.size,
        file_format=body.file_format,
        quality_score=body.quality_score,
        match_score=body.match_score,
        priority=body.priority,
    )


def book_of(fields: BookFields, title: str, author: str) -> Book:
    """The book of a request, under its own ASIN or a made one."""
    return Book(
        asin=fields.asin or pseudo_asin(title, author),
        title=title,
        author=author,
        narrator=fields.narrator,
        series=fields.series,
        series_part=fields.series_part,
        year=fields.year,
        language=fields.language,
    )


_UPLOAD_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "title", "author"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A .torrent or .nzb file."},
                        "title": {"type": "string"},
                        "author": {"type": "string"},
                        "asin": {"type": "string"},
                        "narrator": {"type": "string"},
                        "series": {"type": "string"},
                        "series_part": {"type": "string"},
                        "year": {"type": "integer"},
                        "language": {"type": "string"},
                        "priority": {"type": "integer"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/manual/upload",
    status_code=202,
    response_model=AcceptedView,
    responses=problems(409, 413, 422),
    openapi_extra=_UPLOAD_SCHEMA,
)
async def upload(request: Request, services: CurrentServices) -> Response:
    """Download what an uploaded .torrent or .nzb file describes."""
    # The form is read here, not by the framework: that would read it before it asks who sends it.
    async with request.form(max_files=1, max_fields=20, max_part_size=_MOST_FIELD_BYTES) as form:
        file, fields = _split(form)
        data, name = await file.read(), file.filename or "upload"
    body = _fields(fields)
    made = await run_in_threadpool(_enqueue_file, services, body, data, name)
    return Json(accepted_view(made), 202)


def _split(form: FormData) -> tuple[UploadFile, dict[str, str]]:
    if len(form) != len(form.multi_items()):
        # As with JSON: parsers disagree about which of two counts.
        raise Problem("invalid", "A field is there twice.", errors=[])
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Problem("invalid", "The field `file` has to be a .torrent or .nzb file.", errors=[])
    return file, {key: value for key, value in form.items() if isinstance(value, str)}


def _fields(fields: dict[str, str]) -> Upload:
    try:
        return Upload.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False)) from error


def _enqueue_file(services: Services, body: Upload, data: bytes, name: str) -> Download:
    book = book_of(body, body.title, body.author)
    return services.commands.enqueue_payload(_payload(services, data, name, book), book, priority=body.priority)


def _payload(services: Services, data: bytes, name: str, book: Book) -> Payload:
    """By what the file is, not by what its name says: a torrent is a bencoded dictionary."""
    if data[:1] == b"d":
        return services.payloads.torrent(data)
    title = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].removesuffix(".nzb")
    return services.payloads.nzb(data, title or book.title)
