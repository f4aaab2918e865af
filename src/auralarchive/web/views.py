"""How records look in JSON: one model for the documentation, one quick function for the answer.

Answers are prepared dictionaries: a list of downloads is asked for all the time, and building models
for its rows would cost more than the database does. A test holds both together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from auralarchive.domain.choice import Why
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import public_status
from auralarchive.domain.release import Reason, Release
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.commands import allowed_actions
from auralarchive.pipeline.holding import Held
from auralarchive.pipeline.live import Live
from auralarchive.pipeline.searching import IndexerOutcome
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookFacets, Counted, LibraryBook, LoggedEvent, Position, Shelved

#: Takes secrets out of text.
Redact = Callable[[str], str]

_NOT_LIVE = Live()

#: While these are at work, the progress shown is their own.
_STAGES = frozenset({DownloadStatus.CONVERTING, DownloadStatus.IMPORTING})


class Json(Response):
    """JSON as UTF-8. Half characters out of foreign data become question marks, not errors."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid")


class DownloadView(View):
    """A download: the columns of `download_queue` by name, and what moves at the moment."""

    id: int
    version: int
    book_asin: str
    book_title: str
    book_author: str
    narrator: str | None
    series: str | None
    download_url: str | None = Field(description="Without keys: only where it comes from, or the magnet's hash.")
    download_client: str | None
    download_client_id: str | None
    download_type: DownloadType
    status: DownloadStatus
    download_progress: float = Field(description="0 to 100; of the stage at work while CONVERTING or IMPORTING")
    quality_score: float | None
    match_score: float | None
    file_format: str | None
    file_size: int | None
    indexer: str | None
    release_title: str | None
    manual: bool
    priority: int
    created_at: str
    started_at: str | None
    completed_at: str | None
    temp_file_path: str | None
    converted_file_path: str | None
    final_file_path: str | None
    speed_bps: int | None
    upload_bps: int | None
    downloaded_bytes: int | None
    total_bytes: int | None
    eta_seconds: int | None
    seeding: str
    seeding_ratio: float | None
    seeding_seconds: int | None
    seed_goal_ratio: float | None
    seed_goal_seconds: int | None
    reason: str | None
    failure_kind: str | None
    next_retry_at: str | None
    attempts: dict[str, int]
    download_limit: int | None
    upload_limit: int | None
    sequential: bool
    chosen_client: str | None = Field(
        description="The client that a person wants it to go to; null: priorities and rules decide."
    )
    client_why: Why | None = Field(description="What made it the client that has it.")
    categories: list[int] = Field(description="Of the release, as its indexer numbers them.")
    tags: list[str]
    start_at: str | None = Field(description="No client gets it before.")
    book_id: int | None = Field(description="The book in the library that came of it.")
    has_cover: bool
    actions: list[str] = Field(description="What a person may do now: pause, resume, retry, cancel, stop_seeding.")


class FileView(View):
    """One file of the client's item; progress 0 to 100."""

    path: str
    size: int
    wanted: bool
    progress: float


class DownloadDetail(DownloadView):
    """A download with its files; none where the client cannot be asked. `client_state` is the client's own word."""

    files: list[FileView]
    client_state: str | None
    info_hash_v1: str | None
    info_hash_v2: str | None


class DownloadPage(View):
    """One page of the queue."""

    downloads: list[DownloadView]
    total: int
    next_cursor: str | None


class EventView(View):
    """One line of the audit trail; `data` are the event's own facts."""

    seq: int
    download_id: int
    version: int
    event: str
    old_status: DownloadStatus | None
    new_status: DownloadStatus
    reason: str | None
    at: str
    data: dict[str, Any]


class EventList(View):
    items: list[EventView]
    total: int
    next_cursor: str | None


class ReasonView(View):
    """One part of a score."""

    label: str
    points: float
    text: str


class ReasonsView(View):
    quality: list[ReasonView]
    match: list[ReasonView]


class HeldView(View):
    """Where something is already: the id of a download (`queue`) or of a book (`library`), and what is the same."""

    kind: Literal["queue", "library"]
    id: int
    how: Literal["same_release", "same_book"]


class ReleaseView(View):
    """A search result; its link stays with the server."""

    id: str
    title: str
    book: str
    author: str | None
    narrator: str | None
    series: str | None
    series_part: str | None
    year: int | None
    language: str | None
    abridged: bool | None
    file_format: str | None
    bitrate_kbps: int | None
    size: int | None
    indexer: str
    download_type: DownloadType
    seeders: int | None
    peers: int | None
    grabs: int | None
    published_at: str | None
    download_volume_factor: float | None
    info_url: str | None
    quality_score: float
    match_score: float
    reasons: ReasonsView
    rejections: list[str]
    held: HeldView | None = Field(description="Where it, or its book, is in the library or the queue already.")


class IndexerOutcomeView(View):
    name: str
    status: Literal["asked", "ok", "error", "timeout", "skipped"]
    elapsed_ms: float
    count: int
    error: str | None


class SearchView(View):
    results: list[ReleaseView]
    indexers: list[IndexerOutcomeView]


class IndexerLine(IndexerOutcomeView):
    """An indexer has been asked, or has answered."""

    type: Literal["indexer"]


class ResultsLine(View):
    """What an indexer brought; `replaced` are ids of earlier results: the same torrents with fewer seeders."""

    type: Literal["results"]
    results: list[ReleaseView]
    replaced: list[str]


class FaultLine(View):
    """The search ended early by a fault of ours; what came before counts."""

    type: Literal["error"]
    code: str
    detail: str
    remedy: str


class DoneLine(View):
    """Every indexer has answered or was given up."""

    type: Literal["done"]


class AcceptedView(View):
    """A download was accepted."""

    success: Literal[True] = True
    download_id: int
    status: DownloadStatus
    book_asin: str


class LibraryFileView(View):
    n: int
    name: str
    role: Literal["audio", "cover", "companion"]
    size: int
    sha256: str


class BookView(View):
    """One book of the library. Durations in seconds."""

    id: int
    download_id: int
    asin: str
    title: str
    author: str
    narrator: str | None
    series: str | None
    series_part: str | None
    year: int | None
    language: str | None
    publisher: str | None
    description: str | None
    duration_seconds: float
    size: int
    has_cover: bool
    added_at: str
    version: int = Field(description="Grows with each change; an edit names the one that it is of.")
    chapter_count: int
    chapters: list[dict[str, Any]]
    files: list[LibraryFileView]


class OriginView(View):
    """Where a book came from, and how it was made of that."""

    download_id: int
    indexer: str | None
    release_title: str | None
    download_client: str | None
    download_type: DownloadType
    downloaded_format: str | None
    requested_at: str | None
    imported_at: str | None
    mode: Literal["keep", "remux", "encode", "mixed"] | None = Field(description="How it was converted.")
    codec: str | None
    bitrate_kbps: int | None
    sources: int | None = Field(description="Audio files that it was made of.")
    chapters_from: str | None
    packets: int | None = Field(description="Packets of audio that were checked.")
    identical_packets: int | None = Field(description="Those of them that are the source's, bit for bit.")
    ffmpeg: str | None
    warnings: list[str]


class BookDetail(BookView):
    """A book with what its own page shows."""

    path: str = Field(description="Of the audio, below the library's folder.")
    origin: OriginView | None


class BookPage(View):
    items: list[BookView]
    total: int
    next_cursor: str | None


class FacetView(View):
    value: str
    count: int


class FacetsView(View):
    """What the whole library can be filtered by."""

    authors: list[FacetView]
    narrators: list[FacetView]
    series: list[FacetView]
    formats: list[FacetView]


class PositionView(View):
    """How far the person who asks has listened; without `updated_at` never."""

    seconds: float
    speed: float
    device: str | None
    finished: bool
    updated_at: str | None


class ListeningBook(View):
    book: BookView
    position: PositionView


class ListeningView(View):
    items: list[ListeningBook]


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def public_link(url: str | None) -> str | None:
    """Where a link leads without what it may hold in secret: its path, its query, a magnet's trackers."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme == "magnet":
        topics = [topic for topic in parse_qs(parts.query).get("xt", []) if topic.startswith("urn:bt")]
        return "magnet:?" + "&".join(f"xt={topic}" for topic in topics)
    return f"{parts.scheme}://{host}{port}/…"


def download_view(
    download: Download, live: Live | None, redact: Redact, shelved: Shelved | None = None
) -> dict[str, Any]:
    """`DownloadView` as a dictionary; reasons quote other programs, so they pass through `redact`."""
    now = live or _NOT_LIVE
    book = download.book
    attempts = download.attempts
    return {
        "id": download.id,
        "version": download.version,
        "book_asin": book.asin,
        "book_title": book.title,
        "book_author": book.author,
        "narrator": book.narrator,
        "series": book.series,
        "download_url": public_link(download.download_url),
        "download_client": download.download_client,
        "download_client_id": download.download_client_id,
        "download_type": download.download_type.value,
        "status": public_status(download.acquisition, download.seeding).value,
        "download_progress": round(_progress(download, live), 2),
        "quality_score": download.quality_score,
        "match_score": download.match_score,
        "file_format": download.file_format,
        "file_size": download.file_size,
        "indexer": download.indexer,
        "release_title": download.release_title,
        "manual": download.manual,
        "priority": download.priority,
        "created_at": moment(download.created_at),
        "started_at": moment(download.started_at),
        "completed_at": moment(download.completed_at),
        "temp_file_path": download.temp_file_path,
        "converted_file_path": download.converted_file_path,
        "final_file_path": download.final_file_path,
        "speed_bps": now.speed_bps,
        "upload_bps": now.upload_bps,
        "downloaded_bytes": now.downloaded_bytes,
        "total_bytes": now.total_bytes if now.total_bytes is not None else download.file_size,
        "eta_seconds": now.eta_seconds,
        "seeding": download.seeding.value,
        "seeding_ratio": now.seeding_ratio,
        "seeding_seconds": now.seeding_seconds,
        "seed_goal_ratio": download.seed_goal.ratio,
        "seed_goal_seconds": download.seed_goal.seconds,
        "reason": redact(download.reason) if download.reason else None,
        "failure_kind": download.failure_kind.value if download.failure_kind else None,
        "next_retry_at": moment(download.retry_at),
        "attempts": {
            "search": attempts.search,
            "download": attempts.download,
            "conversion": attempts.conversion,
            "import": attempts.import_,
        },
        "download_limit": download.download_limit,
        "upload_limit": download.upload_limit,
        "sequential": download.sequential,
        "chosen_client": download.chosen_client,
        "client_why": download.client_why,
        "categories": list(download.categories),
        "tags": list(download.tags),
        "start_at": moment(download.start_at),
        "book_id": shelved.book_id if shelved else None,
        "has_cover": shelved is not None and shelved.has_cover,
        "actions": list(allowed_actions(download)),
    }


def _progress(download: Download, live: Live | None) -> float:
    """What the live messages tell, too: a stage at work counts from 0 again, all else is the download's own."""
    if live is not None:
        return live.progress
    return 0.0 if download.acquisition in _STAGES else download.progress


def file_view(file: ClientFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "size": file.size,
        "wanted": file.wanted,
        "progress": round(file.progress * 100, 2),
    }


def event_view(event: LoggedEvent, redact: Redact) -> dict[str, Any]:
    """`EventView` as a dictionary."""
    return {
        "seq": event.seq,
        "download_id": event.download_id,
        "version": event.version,
        "event": event.event,
        "old_status": event.old_status.value if event.old_status else None,
        "new_status": event.new_status.value,
        "reason": redact(event.reason) if event.reason else None,
        "at": moment(event.at),
        "data": _public_data(event.data, redact),
    }


def _public_data(data: Mapping[str, Any], redact: Redact) -> dict[str, Any]:
    """An event's facts for eyes outside: no links with keys, and no token that fences a worker's writes."""
    shown = {key: value for key, value in data.items() if key not in ("token", "lease_until")}
    if "download_url" in shown:
        shown["download_url"] = public_link(shown["download_url"])
    shown = {key: moment(value) if isinstance(value, datetime) else value for key, value in shown.items()}
    clean: dict[str, Any] = json.loads(redact(json.dumps(shown)))
    return clean


def release_view(release: Release, held: Held | None, redact: Redact) -> dict[str, Any]:
    """`ReleaseView` as a dictionary; a page of the release whose link holds a key is left out."""
    parsed = release.parsed
    return {
        "id": release.id,
        "title": release.title,
        "book": parsed.title,
        "author": parsed.author,
        "narrator": parsed.narrator,
        "series": parsed.series,
        "series_part": parsed.series_part,
        "year": parsed.year,
        "language": parsed.language,
        "abridged": parsed.abridged,
        "file_format": parsed.file_format,
        "bitrate_kbps": parsed.bitrate_kbps,
        "size": release.size,
        "indexer": release.indexer,
        "download_type": release.download_type.value,
        "seeders": release.seeders,
        "peers": release.peers,
        "grabs": release.grabs,
        "published_at": moment(release.published_at),
        "download_volume_factor": release.download_volume_factor,
        "info_url": _web_link(release.info_url, redact),
        "quality_score": release.quality_score,
        "match_score": release.match_score,
        "reasons": {
            "quality": [_reason(one) for one in release.quality_reasons],
            "match": [_reason(one) for one in release.match_reasons],
        },
        "rejections": list(release.rejections),
        "held": {"kind": held.kind, "id": held.id, "how": held.how} if held else None,
    }


def _web_link(url: str | None, redact: Redact) -> str | None:
    """A link that a page may show: a `javascript:` from a hostile feed is none, nor is one that holds a key."""
    return url if url and url.lower().startswith(("http://", "https://")) and redact(url) == url else None


def _reason(reason: Reason) -> dict[str, Any]:
    return {"label": reason.label, "points": reason.points, "text": reason.text}


def outcome_view(outcome: IndexerOutcome, redact: Redact) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "status": outcome.status,
        "elapsed_ms": outcome.elapsed_ms,
        "count": outcome.count,
        "error": redact(outcome.error) if outcome.error else None,
    }


def accepted_view(download: Download) -> dict[str, Any]:
    return {
        "success": True,
        "download_id": download.id,
        "status": public_status(download.acquisition, download.seeding).value,
        "book_asin": download.book.asin,
    }


def book_view(entry: LibraryBook, *, brief: bool = False) -> dict[str, Any]:
    """`BookView` as a dictionary; `brief` leaves out what only a book's own page shows."""
    book = entry.book
    return {
        "id": entry.id,
        "download_id": entry.download_id,
        "asin": book.asin,
        "title": book.title,
        "author": book.author,
        "narrator": book.narrator,
        "series": book.series,
        "series_part": book.series_part,
        "year": book.year,
        "language": book.language,
        "publisher": book.publisher,
        "description": None if brief else book.description,
        "duration_seconds": entry.duration_seconds,
        "size": sum(file.size for file in entry.files),
        "has_cover": any(file.role == "cover" for file in entry.files),
        "added_at": moment(entry.added_at),
        "version": entry.version,
        "chapter_count": len(entry.chapters),
        "chapters": [] if brief else [dict(chapter) for chapter in entry.chapters],
        "files": [] if brief else [_library_file(n, file) for n, file in enumerate(entry.files)],
    }


def _library_file(n: int, file: LibraryFile) -> dict[str, Any]:
    name = file.path.rsplit("/", 1)[-1]
    return {"n": n, "name": name, "role": file.role, "size": file.size, "sha256": file.sha256}


def book_detail(
    entry: LibraryBook, download: Download | None, recipe: Mapping[str, Any] | None, redact: Redact
) -> dict[str, Any]:
    """`BookDetail` as a dictionary."""
    audio = next((file.path for file in entry.files if file.role == "audio"), "")
    origin = None if download is None else _origin(download, recipe or {}, redact)
    return {**book_view(entry), "path": audio, "origin": origin}


def _origin(download: Download, made: Mapping[str, Any], redact: Redact) -> dict[str, Any]:
    recipe = made.get("recipe") or {}
    proof = recipe.get("verification") or {}
    return {
        "download_id": download.id,
        "indexer": download.indexer,
        "release_title": download.release_title,
        "download_client": download.download_client,
        "download_type": download.download_type.value,
        "downloaded_format": download.file_format,
        "requested_at": moment(download.created_at),
        "imported_at": moment(download.completed_at),
        "mode": made.get("mode"),
        "codec": made.get("codec"),
        "bitrate_kbps": made.get("bitrate_kbps"),
        "sources": len(recipe["inputs"]) if "inputs" in recipe else None,
        "chapters_from": made.get("chapters_from"),
        "packets": proof.get("packets"),
        "identical_packets": proof.get("identical_packets"),
        "ffmpeg": (recipe.get("ffmpeg") or {}).get("version"),
        "warnings": [redact(str(warning)) for warning in made.get("warnings") or ()],
    }


def facets_view(facets: BookFacets) -> dict[str, Any]:
    def listed(values: Counted) -> list[dict[str, Any]]:
        return [{"value": value, "count": count} for value, count in values]

    return {
        "authors": listed(facets.authors),
        "narrators": listed(facets.narrators),
        "series": listed(facets.series),
        "formats": listed(facets.formats),
    }


def position_view(position: Position | None) -> dict[str, Any]:
    """`PositionView` as a dictionary."""
    if position is None:
        return {"seconds": 0.0, "speed": 1.0, "device": None, "finished": False, "updated_at": None}
    return {
        "seconds": position.seconds,
        "speed": position.speed,
        "device": position.device,
        "finished": position.finished,
        "updated_at": moment(position.updated_at),
    }
