"""Searching by hand, and downloading what was found, pasted or uploaded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Any, Self

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.domain.download import Download
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.pipeline.commands import Extras
from auralarchive.pipeline.holding import Holdings
from auralarchive.pipeline.searching import Step
from auralarchive.ports.clients import Payload
from auralarchive.ports.work import CancelToken
from auralarchive.web.access import CurrentServices
from auralarchive.web.errors import Problem, problem_of
from auralarchive.web.fields import Asin, Body, Bytes, Link, Moment, OptionalText, Priority, Score, Tags, Text
from auralarchive.web.responses import problems
from auralarchive.web.services import Services
from auralarchive.web.views import (
    AcceptedView,
    DoneLine,
    FaultLine,
    IndexerLine,
    Json,
    Redact,
    ResultsLine,
    SearchView,
    accepted_view,
    outcome_view,
    release_view,
)

router = APIRouter(prefix="/api/search", tags=["search"])

_MOST_FIELD_BYTES = 64 * 1024


class SearchRequest(Body):
    """Free text, or what is known of the book; `indexers` limits the search to those names."""

    query: OptionalText = None
    title: OptionalText = None
    author: OptionalText = None
    narrator: OptionalText = None
    asin: Asin | None = None
    language: OptionalText = None
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


class NewDownloadFields(BookFields):
    """The book, and how it shall be downloaded. Limits in bytes per second, 0 is none.

    `client` is the name of a download client that is enabled; without it priorities and rules decide, and rules may
    ask for `tags`. Before `start_at` (ISO 8601 with a time zone) no client gets it; an hour that is past is now.
    """

    priority: Priority = 0
    client: OptionalText = None
    download_limit: Bytes | None = None
    upload_limit: Bytes | None = None
    sequential: bool = False
    tags: Tags = Field(default_factory=list)
    start_at: Annotated[Moment | None, BeforeValidator(lambda value: value or None)] = None


class ManualDownload(NewDownloadFields):
    """Either the `release_id` of a search result, or a `download_url` with title and author.

    With `wanted_id` a result is taken for that download, which is still searched for, instead of for a new one.
    """

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
    wanted_id: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.release_id is None) == (self.download_url is None):
            raise ValueError("give either release_id or download_url")
        if self.download_url is not None and not (self.title and self.author):
            raise ValueError("a download_url needs title and author")
        if self.wanted_id is not None and self.release_id is None:
            raise ValueError("wanted_id needs a release_id")
        return self


class Upload(NewDownloadFields):
    """The fields beside the uploaded file."""

    title: Text
    author: Text


@router.post("/manual", response_model=SearchView, responses=problems(422))
def search(body: SearchRequest, services: CurrentServices) -> Response:
    """Search every enabled indexer at once. One bad indexer never fails a search."""
    report = services.searcher.search(_query(body), _named(body))
    return Json(
        {
            "results": _results(report.results, services.holdings(), services.redact),
            "indexers": [outcome_view(outcome, services.redact) for outcome in report.indexers],
        }
    )


class NdJson(StreamingResponse):
    """JSON, an object a line, each sent as soon as it is there."""

    media_type = "application/x-ndjson"

    async def stream_response(self, send: Send) -> None:
        """Ends the lines together with the answer: left to the garbage collector, a search would outlive its reader."""
        lines = self.body_iterator
        try:
            await super().stream_response(send)
        finally:
            if isinstance(lines, AsyncGenerator):
                await lines.aclose()


@router.post(
    "/manual/stream",
    response_model=IndexerLine | ResultsLine | FaultLine | DoneLine,
    response_class=NdJson,
    responses=problems(422),
)
async def search_stream(body: SearchRequest, services: CurrentServices) -> Response:
    """The same search, told as it goes: one JSON object a line, when an indexer is asked and when it answers.

    The last line is of type `done`, or `error`. Whoever hangs up ends the search.
    """
    return NdJson(_lines(body, services), headers={"X-Accel-Buffering": "no"})  # nginx would gather the lines


async def _lines(body: SearchRequest, services: Services) -> AsyncIterator[bytes]:
    cancel = CancelToken()
    steps = services.searcher.steps(_query(body), _named(body), cancel)
    try:
        # What is held is read once: of what happens from now on the page hears live.
        holdings = await to_thread.run_sync(services.holdings)
        # The thread is left behind when the reader hangs up: it sees the sign, and ends by itself.
        while lines := await to_thread.run_sync(_next_lines, steps, holdings, services.redact, abandon_on_cancel=True):
            yield lines
        yield _line("done")
    except Exception as error:  # noqa: BLE001 - the answer has begun: a line is the only way left to tell of it
        yield _line("error", **_fault(error))
    finally:
        cancel.cancel()
        # Where a thread is in them just now, it sees the sign. Else only their end tells the indexers.
        with suppress(ValueError):
            steps.close()


def _next_lines(steps: Iterator[Step], holdings: Holdings, redact: Redact) -> bytes:
    """What one step tells; empty after the last one."""
    step = next(steps, None)
    if step is None:
        return b""
    told = _line("indexer", **outcome_view(step.indexer, redact))
    if not step.results:
        return told
    return _line("results", results=_results(step.results, holdings, redact), replaced=list(step.replaced)) + told


def _line(type_: str, **content: Any) -> bytes:
    return bytes(Json({"type": type_, **content}).body) + b"\n"


def _fault(error: Exception) -> dict[str, str]:
    problem = problem_of(error)
    return {"code": problem.kind.code, "detail": problem.detail, "remedy": problem.remedy}


def _query(body: SearchRequest) -> SearchQuery:
    return SearchQuery(body.query, body.title, body.author, body.narrator, body.asin, body.language)


def _named(body: SearchRequest) -> tuple[str, ...] | None:
    return tuple(body.indexers) if body.indexers is not None else None


def _results(releases: Sequence[Release], holdings: Holdings, redact: Redact) -> list[dict[str, Any]]:
    return [release_view(release, holdings.of(release), redact) for release in releases]


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
    if body.wanted_id is not None:
        return services.commands.choose(body.wanted_id, release, extras_of(body))
    return services.commands.enqueue_release(release, book_of(body, title, author), extras=extras_of(body))


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
        extras=extras_of(body),
    )


def extras_of(fields: NewDownloadFields) -> Extras:
    """How a request wants its download to be done."""
    return Extras(
        fields.priority,
        fields.download_limit,
        fields.upload_limit,
        fields.sequential,
        fields.client,
        tuple(fields.tags),
        fields.start_at,
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
                        "client": {"type": "string", "description": "Name of an enabled download client."},
                        "download_limit": {"type": "integer", "description": "Bytes per second, 0 is none."},
                        "upload_limit": {"type": "integer", "description": "Bytes per second, 0 is none."},
                        "sequential": {"type": "boolean"},
                        "tags": {"type": "string", "description": "Words with commas between."},
                        "start_at": {"type": "string", "description": "ISO 8601 with a time zone; empty is now."},
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
    return services.commands.enqueue_payload(_payload(services, data, name, book), book, extras=extras_of(body))


def _payload(services: Services, data: bytes, name: str, book: Book) -> Payload:
    """By what the file is, not by what its name says: a torrent is a bencoded dictionary."""
    if data[:1] == b"d":
        return services.payloads.torrent(data)
    title = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].removesuffix(".nzb")
    return services.payloads.nzb(data, title or book.title)
