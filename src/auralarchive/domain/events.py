"""Everything that can happen to a download. The log keeps them by class name and fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from auralarchive.domain.failures import Failure
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events. `reason` is what a person reads about it."""


@dataclass(frozen=True, slots=True)
class Claimed(Event):
    """A worker took the work: `token` fences its writes, the lease ends at `lease_until`."""

    token: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class SearchStarted(Claimed):
    """Indexers are being asked."""


@dataclass(frozen=True, slots=True)
class GrabStarted(Claimed):
    """The release is being fetched and handed to a client."""


@dataclass(frozen=True, slots=True)
class ConversionStarted(Claimed):
    """The audio is being probed, joined or encoded."""


@dataclass(frozen=True, slots=True)
class ImportStarted(Claimed):
    """The book is being published into the library."""


@dataclass(frozen=True, slots=True)
class CleanupStarted(Claimed):
    """The client's item and our work files are being removed."""


@dataclass(frozen=True, slots=True)
class Released(Event):
    """A worker gave the work back undone (shutdown, or it has to wait); `reason` says why."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseChosen(Event):
    """A person or the scores chose what to download."""

    download_url: str
    download_type: DownloadType
    release_id: str | None = None
    release_title: str | None = None
    indexer: str | None = None
    size: int | None = None
    file_format: str | None = None
    quality_score: float | None = None
    match_score: float | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    seed_goal: SeedGoal = field(default_factory=SeedGoal)
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PayloadStored(Event):
    """The .torrent, magnet or .nzb is ours now; its info-hashes are computed."""

    download_type: DownloadType
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SentToClient(Event):
    """The client has the item, newly added or adopted."""

    client: str
    client_id: str
    adopted: bool = False
    why: str | None = None  # of `choice.Why`


@dataclass(frozen=True, slots=True)
class DownloadCompleted(Event):
    """All data is there, checked and stable; `content_path` is where we see it."""

    content_path: str
    size: int
    seeds: bool


@dataclass(frozen=True, slots=True)
class ConversionDone(Event):
    """One verified M4B at `path`; `mode` is keep, remux, encode or mixed."""

    path: str
    mode: str
    chapters: int
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class ImportDone(Event):
    """Every file of the book is in the library and verified; `method` is link, reflink or copy.

    With `remove_source` the client's item goes now: nobody is seeded from it.
    """

    path: str
    files: int
    method: str
    remove_source: bool = False


@dataclass(frozen=True, slots=True)
class StageFailed(Event):
    """The stage at hand failed; with `retry_at` the timer tries again, without it a person must act."""

    failure: Failure
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryDue(Event):
    """The timer of a failed stage ran out. With `other_release` a new search chooses again."""

    other_release: bool = False


@dataclass(frozen=True, slots=True)
class RetryAbandoned(Event):
    """The timer ran out, but the book or torrent is another download's by now: left to a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryRequested(Event):
    """A person wants the failed stage tried again; with `accept_damage`, whatever the sources have lost."""

    accept_damage: bool = False


@dataclass(frozen=True, slots=True)
class PauseRequested(Event):
    """A person wants it to wait."""


@dataclass(frozen=True, slots=True)
class ResumeRequested(Event):
    """A person wants it to go on."""


@dataclass(frozen=True, slots=True)
class PausedInClient(Event):
    """Somebody stopped it in the client itself."""


@dataclass(frozen=True, slots=True)
class ResumedInClient(Event):
    """Somebody who had stopped it in the client started it there again."""


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """A person no longer wants it; before the import only."""


@dataclass(frozen=True, slots=True)
class SeedingStopped(Event):
    """A person ends the seeding of an imported book; the client's item goes."""


@dataclass(frozen=True, slots=True)
class SeedingGoalReached(Event):
    """Ratio or time is met."""

    ratio: float | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class RemovalDue(Event):
    """Goal met and book verified in the library: the client's item may go."""


@dataclass(frozen=True, slots=True)
class ItemGone(Event):
    """The client no longer has the item, by somebody else's hand."""


@dataclass(frozen=True, slots=True)
class StrayFound(Event):
    """An item with our tag turned up in a client for a download that was cancelled: it has to go."""


@dataclass(frozen=True, slots=True)
class CleanedUp(Event):
    """The client's item and our work files are gone."""


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """Nothing moved; why has changed."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Adjusted(Event):
    """A person changed how it is done. None leaves a value as it is, 0 lifts a limit, "" a choice of client; an hour
    that is past lets it begin now."""

    priority: int | None = None
    download_limit: int | None = None
    upload_limit: int | None = None
    sequential: bool | None = None
    client: str | None = None
    tags: tuple[str, ...] | None = None
    start_at: datetime | None = None
