"""THE TABLE: everything that decides a download's status is in this file.

Two coupled machines run side by side. `ACQUISITION` is the course of the book, from QUEUED to
IMPORTED; `SEEDING` is the course of its torrent, which goes on seeding while the book is converted
and imported. What people see, `public_status`, is a function of both. Beside them `removal` says
whether the client's item has to go; it is wanted only after a cancel, or after the torrent's goal
and a verified import.

`apply` takes a record and an event and returns the next record, or raises `IllegalTransition` and
changes nothing. It knows neither clock nor disk: times come in as arguments. Whoever works on a
record holds a claim; every event that ends the work, or takes it away, drops the claim, so that a
late worker finds its token gone and can change nothing.

Every status has one owner who must cause the next event (`owner`); none is ownerless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import singledispatch

from auralarchive.domain import events as e
from auralarchive.domain.download import Attempts, Download
from auralarchive.domain.failures import SURROUNDINGS, FailureKind
from auralarchive.domain.status import DownloadStatus, Owner, Removal, SeedingStatus, Stage

S = DownloadStatus

#: Statuses of `Download.acquisition`: all but the two that only seeding makes.
ACQUISITION_STATUSES = frozenset(S) - {S.SEEDING, S.SEEDING_COMPLETE}

#: Whose book or torrent is under way: one such row a book, one a torrent.
ACTIVE_STATUSES = frozenset(s for s in S if not s.terminal and not s.failed and s is not S.SEEDING)

#: Where a retry begins: the settled status before the failed stage, never a status of work at hand.
RETRY_TO: Mapping[DownloadStatus, DownloadStatus] = {
    S.SEARCH_FAILED: S.QUEUED,
    S.DOWNLOAD_FAILED: S.FOUND,
    S.CONVERSION_FAILED: S.COMPLETE,
    S.IMPORT_FAILED: S.CONVERTED,
}

_FAILS_TO: Mapping[DownloadStatus, DownloadStatus] = {
    S.QUEUED: S.SEARCH_FAILED,
    S.SEARCHING: S.SEARCH_FAILED,
    S.FOUND: S.DOWNLOAD_FAILED,
    S.DOWNLOADING: S.DOWNLOAD_FAILED,
    S.COMPLETE: S.CONVERSION_FAILED,
    S.CONVERTING: S.CONVERSION_FAILED,
    S.CONVERTED: S.IMPORT_FAILED,
    S.IMPORTING: S.IMPORT_FAILED,
}

_UNFINISHED = ACQUISITION_STATUSES - {S.IMPORTED, S.CANCELLED}


def _staying(*statuses: DownloadStatus) -> dict[DownloadStatus, DownloadStatus]:
    return {status: status for status in statuses}


#: event -> status before -> status after. What is not here cannot happen.
ACQUISITION: Mapping[type[e.Event], Mapping[DownloadStatus, DownloadStatus]] = {
    e.SearchStarted: {S.QUEUED: S.SEARCHING, S.SEARCHING: S.SEARCHING},
    e.GrabStarted: {S.FOUND: S.FOUND},
    e.ConversionStarted: {S.COMPLETE: S.CONVERTING, S.CONVERTING: S.CONVERTING},
    e.ImportStarted: {S.CONVERTED: S.IMPORTING, S.IMPORTING: S.IMPORTING},
    e.CleanupStarted: _staying(S.CANCELLED, S.IMPORTED),
    e.Released: {
        S.SEARCHING: S.QUEUED,
        S.CONVERTING: S.COMPLETE,
        S.IMPORTING: S.CONVERTED,
        **_staying(S.FOUND, S.CANCELLED, S.IMPORTED),
    },
    e.ReleaseChosen: {S.QUEUED: S.FOUND, S.SEARCHING: S.FOUND},
    e.PayloadStored: _staying(S.FOUND),
    e.SentToClient: {S.FOUND: S.DOWNLOADING},
    e.DownloadCompleted: {S.DOWNLOADING: S.COMPLETE},
    e.ConversionDone: {S.CONVERTING: S.CONVERTED},
    e.ImportDone: {S.IMPORTING: S.IMPORTED},
    e.StageFailed: _FAILS_TO,
    e.RetryDue: RETRY_TO,
    e.RetryAbandoned: _staying(*RETRY_TO),
    e.RetryRequested: RETRY_TO,
    e.PauseRequested: dict.fromkeys((S.QUEUED, S.SEARCHING, S.FOUND, S.DOWNLOADING), S.PAUSED),
    e.PausedInClient: {S.DOWNLOADING: S.PAUSED},
    e.ResumeRequested: {S.PAUSED: S.PAUSED},  # really to `paused_from`, see `_target`
    e.ResumedInClient: {S.PAUSED: S.DOWNLOADING},
    e.CancelRequested: dict.fromkeys(_UNFINISHED, S.CANCELLED),
    e.SeedingStopped: _staying(S.IMPORTED),
    e.SeedingGoalReached: _staying(*ACQUISITION_STATUSES),
    e.RemovalDue: _staying(S.IMPORTED),
    e.ItemGone: _staying(*ACQUISITION_STATUSES),
    e.StrayFound: _staying(S.CANCELLED),
    e.CleanedUp: _staying(S.CANCELLED, S.IMPORTED),
    e.Waiting: _staying(*_UNFINISHED),
    e.Adjusted: _staying(*_UNFINISHED, S.IMPORTED),
}

#: The torrent's course. An event that is not here leaves it alone.
SEEDING: Mapping[type[e.Event], Mapping[SeedingStatus, SeedingStatus]] = {
    e.SeedingGoalReached: {SeedingStatus.SEEDING: SeedingStatus.SEEDED},
    e.SeedingStopped: {SeedingStatus.SEEDING: SeedingStatus.SEEDED},
    e.ItemGone: {
        SeedingStatus.SEEDING: SeedingStatus.REMOVED,
        SeedingStatus.SEEDED: SeedingStatus.REMOVED,
    },
}

#: Events of the client's item that is to go: removal before -> after.
REMOVAL: Mapping[type[e.Event], Mapping[Removal, Removal]] = {
    e.CancelRequested: {Removal.NONE: Removal.WANTED},
    e.SeedingStopped: {Removal.NONE: Removal.WANTED},
    e.RemovalDue: {Removal.NONE: Removal.WANTED},
    e.StrayFound: {Removal.NONE: Removal.WANTED, Removal.DONE: Removal.WANTED},
    e.CleanupStarted: {Removal.WANTED: Removal.WANTED},
    e.CleanedUp: {Removal.WANTED: Removal.DONE},
}

#: Events after which the worker that held the claim has nothing more to say.
_SUCCESSES = (e.ReleaseChosen, e.PayloadStored, e.SentToClient, e.DownloadCompleted, e.ConversionDone, e.ImportDone)
_KEEPS_CLAIM = (e.Claimed, e.Waiting, e.Adjusted, e.SeedingGoalReached, e.ItemGone)


#: What a person tried, for the refusal.
_SPOKEN: Mapping[type[e.Event], str] = {
    e.PauseRequested: "paused",
    e.ResumeRequested: "resumed",
    e.RetryRequested: "retried",
    e.CancelRequested: "cancelled",
    e.SeedingStopped: "stopped from seeding",
    e.Adjusted: "changed",
    e.ReleaseChosen: "given another release",
}


class IllegalTransition(Exception):
    """The status does not allow this event."""

    def __init__(self, download: Download, event: e.Event) -> None:
        self.status = public_status(download.acquisition, download.seeding)
        self.event = type(event).__name__
        done = _SPOKEN.get(type(event), f"changed by {self.event}")
        super().__init__(f"Download {download.id} is {self.status}: it cannot be {done} now.")


class TooLate(IllegalTransition):
    """Client, order of the pieces and start were settled when the client got the download."""

    def __init__(self, download: Download, event: e.Event) -> None:
        super().__init__(download, event)
        gone = (
            f"Download {download.id} has gone to its client: which one, when and in what order is chosen before that."
        )
        self.args = (f"{gone} To change it, cancel the download and add it again.",)


def public_status(acquisition: DownloadStatus, seeding: SeedingStatus) -> DownloadStatus:
    """What people see: seeding shows once the book is imported."""
    if acquisition is not S.IMPORTED or seeding is SeedingStatus.NONE:
        return acquisition
    return S.SEEDING if seeding is SeedingStatus.SEEDING else S.SEEDING_COMPLETE


def acquisition_of(status: DownloadStatus) -> DownloadStatus:
    """The course of the book behind a public status: the inverse of `public_status`."""
    return S.IMPORTED if status in (S.SEEDING, S.SEEDING_COMPLETE) else status


def owner(download: Download) -> Owner:
    """Who must cause the next event of this download."""
    if download.removal is Removal.WANTED:
        return Owner.WORKER
    status = public_status(download.acquisition, download.seeding)
    if status.failed and download.retry_at is not None:
        return Owner.TIMER
    if status is S.PAUSED and download.paused_in_client:
        return Owner.CLIENT
    return status.owner


def allows(download: Download, event: type[e.Event]) -> bool:
    """Whether an event of this kind may happen now: what the pages offer as buttons."""
    return (
        download.acquisition in ACQUISITION[event]
        and (event not in SEEDING or download.seeding in SEEDING[event])
        and (event not in REMOVAL or download.removal in REMOVAL[event])
    )


def steps(event: type[e.Event]) -> frozenset[tuple[DownloadStatus, DownloadStatus]]:
    """Every step of the book's course that an event of this kind can make: for diagram and log check."""
    table = {(before, after) for before, after in ACQUISITION[event].items()}
    if event is e.ResumeRequested:
        return frozenset((S.PAUSED, origin) for origin in (S.QUEUED, S.FOUND, S.DOWNLOADING))
    if event is e.RetryDue:
        table |= {(failed, S.QUEUED) for failed in RETRY_TO}
    if event in (e.RetryDue, e.RetryRequested):
        table |= {(failed, S.FOUND) for failed in RETRY_TO}
    return frozenset(table)


def apply(download: Download, event: e.Event, at: datetime) -> Download:
    """The record after `event` at the time `at`, one version on.

    Raises:
        IllegalTransition: the tables above do not hold this step, or it comes too late; nothing has changed.
    """
    kind = type(event)
    if not allows(download, kind):
        raise IllegalTransition(download, event)
    if not isinstance(event, _KEEPS_CLAIM):
        download = replace(download, claim_token=None, lease_until=None)
    if isinstance(event, e.PauseRequested | e.PausedInClient):
        download = replace(
            download,
            paused_from=_settled(download.acquisition),
            paused_in_client=isinstance(event, e.PausedInClient),
            reason="Paused in the client." if isinstance(event, e.PausedInClient) else "Paused by a person.",
        )
    moved = replace(
        download,
        version=download.version + 1,
        acquisition=_target(download, event),
        seeding=SEEDING.get(kind, {}).get(download.seeding, download.seeding),
        removal=REMOVAL.get(kind, {}).get(download.removal, download.removal),
    )
    if isinstance(event, _SUCCESSES):
        moved = replace(moved, attempts=replace(moved.attempts, surroundings=0))
    return _carry(event, moved, at)


def _settled(status: DownloadStatus) -> DownloadStatus:
    """Where a pause goes back to: work at hand begins again."""
    return S.QUEUED if status is S.SEARCHING else status


def _target(download: Download, event: e.Event) -> DownloadStatus:
    if isinstance(event, e.ResumeRequested):
        return download.paused_from or S.QUEUED
    if isinstance(event, e.RetryDue) and event.other_release:
        return S.QUEUED
    if isinstance(event, e.RetryRequested | e.RetryDue) and download.failure_kind is FailureKind.SOURCE_LOST:
        return S.FOUND  # nothing left to convert or to import: it has to come once more
    return ACQUISITION[type(event)][download.acquisition]


@singledispatch
def _carry(event: e.Event, download: Download, at: datetime) -> Download:
    """What an event brings besides the step itself; here: nothing."""
    return download


@_carry.register
def _(event: e.Claimed, download: Download, at: datetime) -> Download:
    return replace(
        download,
        claim_token=event.token,
        lease_until=event.lease_until,
        reason=None,
        retry_at=None,
        started_at=download.started_at or at,
    )


@_carry.register
def _(event: e.Released, download: Download, at: datetime) -> Download:
    return replace(download, reason=event.reason)


@_carry.register
def _(event: e.ReleaseChosen, download: Download, at: datetime) -> Download:
    return replace(
        download,
        download_url=event.download_url,
        download_type=event.download_type,
        release_id=event.release_id,
        release_title=event.release_title,
        indexer=event.indexer,
        file_size=event.size,
        file_format=event.file_format,
        quality_score=event.quality_score,
        match_score=event.match_score,
        info_hash_v1=event.info_hash_v1,
        info_hash_v2=event.info_hash_v2,
        seed_goal=event.seed_goal,
        categories=event.categories,
        fetched=False,
        download_client=None,
        download_client_id=None,
        client_why=None,
        adopted=False,
        reason=None,
        failure_kind=None,
    )


@_carry.register
def _(event: e.PayloadStored, download: Download, at: datetime) -> Download:
    return replace(
        download,
        download_type=event.download_type,
        info_hash_v1=event.info_hash_v1,
        info_hash_v2=event.info_hash_v2,
        file_size=event.size if event.size is not None else download.file_size,
        fetched=True,
        reason=_until_start(download, at),
    )


@_carry.register
def _(event: e.SentToClient, download: Download, at: datetime) -> Download:
    return replace(
        download,
        download_client=event.client,
        download_client_id=event.client_id,
        client_why=event.why,
        adopted=event.adopted,
        start_at=None,
        reason=None,
        failure_kind=None,
    )


@_carry.register
def _(event: e.DownloadCompleted, download: Download, at: datetime) -> Download:
    return replace(
        download,
        temp_file_path=event.content_path,
        file_size=event.size,
        progress=100.0,
        seeding=SeedingStatus.SEEDING if event.seeds else SeedingStatus.NONE,
        reason=None,
        failure_kind=None,
    )


@_carry.register
def _(event: e.ConversionDone, download: Download, at: datetime) -> Download:
    return replace(download, converted_file_path=event.path, file_format="m4b", reason=None, failure_kind=None)


@_carry.register
def _(event: e.ImportDone, download: Download, at: datetime) -> Download:
    return replace(
        download,
        final_file_path=event.path,
        completed_at=at,
        removal=Removal.WANTED if event.remove_source else download.removal,
        reason=None,
        failure_kind=None,
    )


@_carry.register
def _(event: e.StageFailed, download: Download, at: datetime) -> Download:
    return replace(
        download,
        attempts=_counted(download.attempts, event.failure.kind, download.acquisition.stage),
        retry_at=event.retry_at,
        reason=str(event.failure),
        failure_kind=event.failure.kind,
    )


@_carry.register
def _(event: e.RetryDue, download: Download, at: datetime) -> Download:
    return replace(download, retry_at=None, progress=_progress_at(download))


@_carry.register
def _(event: e.RetryAbandoned, download: Download, at: datetime) -> Download:
    return replace(download, retry_at=None, reason=event.reason)


@_carry.register
def _(event: e.RetryRequested, download: Download, at: datetime) -> Download:
    return replace(download, retry_at=None, attempts=Attempts(), reason=None, progress=_progress_at(download))


@_carry.register
def _(event: e.ResumeRequested, download: Download, at: datetime) -> Download:
    return replace(download, paused_from=None, paused_in_client=False, reason=_until_start(download, at))


@_carry.register
def _(event: e.ResumedInClient, download: Download, at: datetime) -> Download:
    return replace(download, paused_from=None, paused_in_client=False, reason=None)


@_carry.register
def _(event: e.CancelRequested, download: Download, at: datetime) -> Download:
    return replace(download, retry_at=None, completed_at=at, reason="Cancelled by a person.")


@_carry.register
def _(event: e.CleanedUp, download: Download, at: datetime) -> Download:
    gone = download.seeding if download.seeding is SeedingStatus.NONE else SeedingStatus.REMOVED
    return replace(download, seeding=gone)


@_carry.register
def _(event: e.Waiting, download: Download, at: datetime) -> Download:
    return replace(download, reason=event.reason)


@_carry.register
def _(event: e.Adjusted, download: Download, at: datetime) -> Download:
    after = replace(
        download,
        priority=download.priority if event.priority is None else event.priority,
        download_limit=_limit(download.download_limit, event.download_limit),
        upload_limit=_limit(download.upload_limit, event.upload_limit),
        sequential=download.sequential if event.sequential is None else event.sequential,
        limited=download.limited or bool(event.download_limit or event.upload_limit),
        chosen_client=download.chosen_client if event.client is None else event.client or None,
        tags=download.tags if event.tags is None else event.tags,
        start_at=download.start_at if event.start_at is None else _still_to_come(event.start_at, at),
    )
    _check_in_time(download, after, event)
    waits = after.acquisition is S.FOUND and after.fetched and after.start_at != download.start_at
    return replace(after, reason=_until_start(after, at)) if waits else after


def _check_in_time(before: Download, after: Download, event: e.Adjusted) -> None:
    """Raises `TooLate` for a change that no client would hear of any more."""
    same = _settled_by_client(before) == _settled_by_client(after)
    if not same and not _before_client(before):
        raise TooLate(before, event)


def _settled_by_client(download: Download) -> tuple[bool, str | None, datetime | None]:
    return download.sequential, download.chosen_client, download.start_at


def _still_to_come(start: datetime, at: datetime) -> datetime | None:
    return start if start > at else None


def _until_start(download: Download, at: datetime) -> str | None:
    """Why a release that is there goes to no client yet. The same words at any time; pages say it in theirs."""
    start = download.start_at
    if download.acquisition is not S.FOUND or start is None or start <= at:
        return None
    return f"Starts at {start.astimezone(UTC):%Y-%m-%d %H:%M} UTC."


def _before_client(download: Download) -> bool:
    """Whether the item is still to be added. While a worker has the release at hand it may be under way."""
    status = download.paused_from if download.acquisition is S.PAUSED else download.acquisition
    if status is S.FOUND:
        return download.claim_token is None
    return status in (S.QUEUED, S.SEARCHING, S.SEARCH_FAILED, S.DOWNLOAD_FAILED)


def _limit(current: int | None, wanted: int | None) -> int | None:
    return current if wanted is None else wanted or None


def _progress_at(download: Download) -> float:
    return 0.0 if download.acquisition in (S.QUEUED, S.FOUND) else download.progress


def _counted(attempts: Attempts, kind: FailureKind, stage: Stage) -> Attempts:
    if kind in SURROUNDINGS:
        return replace(attempts, surroundings=attempts.surroundings + 1)
    attempts = replace(attempts, surroundings=0)
    match stage:
        case Stage.SEARCH:
            return replace(attempts, search=attempts.search + 1)
        case Stage.DOWNLOAD:
            return replace(attempts, download=attempts.download + 1)
        case Stage.CONVERSION:
            return replace(attempts, conversion=attempts.conversion + 1)
        case Stage.IMPORT:
            return replace(attempts, import_=attempts.import_ + 1)
