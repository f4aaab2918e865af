"""A release: one thing that an indexer offers for download."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from auralarchive.domain.status import DownloadType


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score: `points` may be negative; `text` is shown as it stands."""

    label: str
    points: float
    text: str


@dataclass(frozen=True, slots=True)
class ParsedTitle:
    """What a release's title tells. None is unknown, never "no"."""

    title: str
    author: str | None = None
    narrator: str | None = None
    series: str | None = None
    series_part: str | None = None
    year: int | None = None
    language: str | None = None
    file_format: str | None = None
    bitrate_kbps: int | None = None
    abridged: bool | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One search result. Sizes in bytes; `download_url` may hold a key: it never leaves the server."""

    id: str
    title: str
    indexer: str
    download_type: DownloadType
    download_url: str
    parsed: ParsedTitle
    guid: str | None = None
    magnet: str | None = None
    info_hash: str | None = None
    size: int | None = None
    seeders: int | None = None
    peers: int | None = None
    grabs: int | None = None
    published_at: datetime | None = None
    download_volume_factor: float | None = None
    minimum_ratio: float | None = None
    minimum_seed_seconds: int | None = None
    info_url: str | None = None
    categories: tuple[int, ...] = ()
    quality_score: float = 0.0
    match_score: float = 0.0
    quality_reasons: tuple[Reason, ...] = field(default=())
    match_reasons: tuple[Reason, ...] = field(default=())
    rejections: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What a person looks for: free text, or what is known of the book."""

    text: str | None = None
    title: str | None = None
    author: str | None = None
    narrator: str | None = None
    asin: str | None = None
    language: str | None = None

    @property
    def words(self) -> str:
        """The query as one line for indexers that only know `q`."""
        return self.text or " ".join(part for part in (self.title, self.author) if part)
