"""What a poll of a client means for one download: a pure function from observation to decisions.

The monitor polls, calls `observe` for each download, and carries out what comes back: events to
record, and commands to the client. What has to be remembered between two polls is in `Watch`; it
lives in memory only, since after a restart the next polls tell it again.

Only two things may ever end a download from here: a client that says itself that it has failed, and
timers on *no progress* (metadata, stall, missing). A state that we do not know waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.seeding import goal_reached
from auralarchive.domain.status import DownloadStatus, DownloadType, Removal, SeedingStatus

S = DownloadStatus


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds without progress until we warn or give up. Paused time does not count."""

    metadata_warn: float = 30 * 60
    metadata_fail: float = 24 * 3600
    stall_warn: float = 2 * 3600
    stall_fail: float = 7 * 24 * 3600
    missing_polls: int = 3
    missing_seconds: float = 120


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one download between two polls; times are monotonic seconds."""

    moved_at: float
    downloaded: int | None = None
    has_metadata: bool = True
    missing_polls: int = 0
    missing_since: float | None = None
    was_running: bool = False  # seen running since the last change of its status
    held_up: bool = False  # an error stood in its way at the latest look
    status: DownloadStatus | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Write this event."""

    event: e.Event


@dataclass(frozen=True, slots=True)
class PauseItem:
    """Tell the client to stop the item: here it is paused, there it runs."""


@dataclass(frozen=True, slots=True)
class ResumeItem:
    """Tell the client to go on: here it is wanted, there it stands still since our own pause."""


@dataclass(frozen=True, slots=True)
class CheckCompletion:
    """The client says that all is there: look at the files, and complete it when they agree twice."""


Decision = Record | PauseItem | ResumeItem | CheckCompletion


def observe(
    download: Download, item: ClientItem | None, watch: Watch | None, now: float, timers: Timers
) -> tuple[Watch, tuple[Decision, ...]]:
    """What to remember and what to do, after a healthy poll that showed `item` (None: not there)."""
    if watch is None or watch.status is not download.acquisition:
        watch = Watch(moved_at=now, status=download.acquisition, has_metadata=_has_metadata(item))
    if item is None:
        return _missing(download, watch, now, timers)
    watch = _progressed(replace(watch, missing_polls=0, missing_since=None), item, now)
    match download.acquisition:
        case S.DOWNLOADING:
            return watch, _downloading(download, item, watch, now, timers)
        case S.PAUSED:
            return watch, _paused(download, item)
        case _:
            return watch, _seeding(download, item)


def _has_metadata(item: ClientItem | None) -> bool:
    return item is None or item.state is not ItemState.METADATA


def _progressed(watch: Watch, item: ClientItem, now: float) -> Watch:
    """Restart the timers whenever a byte came, the metadata came, or nothing is due.

    After an error as well: nothing could come meanwhile, be it a full disk or a client that is paused as a whole.
    """
    held_up = item.state is ItemState.WARNING
    moved = (
        item.downloaded != watch.downloaded
        or _has_metadata(item) != watch.has_metadata
        or (watch.held_up and not held_up)
        or item.state in (ItemState.PAUSED, ItemState.BUSY, ItemState.READY, ItemState.UNKNOWN)
    )
    return replace(
        watch,
        moved_at=now if moved else watch.moved_at,
        downloaded=item.downloaded,
        has_metadata=_has_metadata(item),
        held_up=held_up,
        was_running=watch.was_running or not (item.paused or item.state is ItemState.PAUSED),
    )


def _missing(download: Download, watch: Watch, now: float, timers: Timers) -> tuple[Watch, tuple[Decision, ...]]:
    since = now if watch.missing_since is None else watch.missing_since
    watch = replace(watch, missing_polls=watch.missing_polls + 1, missing_since=since)
    if watch.missing_polls < timers.missing_polls or now - since < timers.missing_seconds:
        return watch, ()
    if download.acquisition is S.DOWNLOADING:
        return watch, (Record(e.StageFailed(_source_lost(download))),)
    if download.seeding in (SeedingStatus.SEEDING, SeedingStatus.SEEDED):
        return watch, (Record(e.ItemGone()),)
    return watch, ()


def _source_lost(download: Download) -> Failure:
    return Failure(
        FailureKind.SOURCE_LOST,
        f"{download.download_client} no longer has this download.",
        "It was removed there by hand or by another program. Retry to send it again.",
        Disposition.NEEDS_PERSON,
    )


def _downloading(
    download: Download, item: ClientItem, watch: Watch, now: float, timers: Timers
) -> tuple[Decision, ...]:
    match item.state:
        case ItemState.READY:
            return (CheckCompletion(),)
        case ItemState.PAUSED:
            # Never seen running since we resumed it: the client has not heard of it yet.
            return (Record(e.PausedInClient()),) if watch.was_running else (ResumeItem(),)
        case ItemState.FAILED:
            return (Record(e.StageFailed(_client_failed(download, item))),)
        case ItemState.REMOVED:
            return (Record(e.StageFailed(_source_lost(download))),)
        case ItemState.METADATA:
            return _timed(download, item, now - watch.moved_at, timers.metadata_warn, timers.metadata_fail)
        case ItemState.WAITING | ItemState.STALLED:
            return _timed(download, item, now - watch.moved_at, timers.stall_warn, timers.stall_fail)
        case _:
            return _say(download, _explanation(item))


def _timed(download: Download, item: ClientItem, idle: float, warn: float, fail: float) -> tuple[Decision, ...]:
    if idle >= fail:
        return (Record(e.StageFailed(_gave_up(download, item, idle))),)
    if idle >= warn:
        return _say(download, f"{_nothing_for(download, item, idle)} at the moment. Still trying.")
    return _say(download, "Fetching the torrent's metadata from peers." if item.state is ItemState.METADATA else None)


def _paused(download: Download, item: ClientItem) -> tuple[Decision, ...]:
    running = not (item.paused or item.state is ItemState.PAUSED)
    if not running:
        return ()
    return (Record(e.ResumedInClient()),) if download.paused_in_client else (PauseItem(),)


def _seeding(download: Download, item: ClientItem) -> tuple[Decision, ...]:
    if download.seeding is not SeedingStatus.SEEDING:
        return ()
    # A client that stops by itself at its own limit has met the goal that we gave it.
    if goal_reached(download.seed_goal, item.ratio, item.seeding_seconds):
        return (Record(e.SeedingGoalReached(item.ratio, item.seeding_seconds)),)
    return ()


def removal_due(download: Download, *, remove_after_import: bool) -> bool:
    """Whether the client's item may go by itself: goal met, book verified in the library, and wanted."""
    return (
        remove_after_import
        and download.acquisition is S.IMPORTED
        and download.seeding is SeedingStatus.SEEDED
        and download.removal is Removal.NONE
        and not download.adopted
    )


def _say(download: Download, reason: str | None) -> tuple[Decision, ...]:
    return () if download.reason == reason else (Record(e.Waiting(reason)),)


def _explanation(item: ClientItem) -> str | None:
    match item.state:
        case ItemState.WARNING:
            return f"The client reports: {item.message or item.raw_state}. Still watching."
        case ItemState.UNKNOWN:
            return f'The client reports the state "{item.raw_state}", which we do not know. Waiting.'
        case _:
            return None


def _client_failed(download: Download, item: ClientItem) -> Failure:
    return Failure(
        FailureKind.CLIENT_ERROR,
        f"{download.download_client} gave up: {item.message or item.raw_state}.",
        "Choose another release, or mend the cause and retry.",
        Disposition.PERMANENT,
    )


_SILENT = {
    DownloadType.TORRENT: "nobody shares this torrent",
    DownloadType.NZB: "the news servers send nothing of it",
    DownloadType.HTTP: "the site sends nothing of it",
}


def _nothing_for(download: Download, item: ClientItem, idle: float) -> str:
    what = "metadata" if item.state is ItemState.METADATA else "data"
    return f"No {what} for {_spoken(idle)}: {_SILENT[download.download_type]}"


def _gave_up(download: Download, item: ClientItem, idle: float) -> Failure:
    metadata = item.state is ItemState.METADATA
    return Failure(
        FailureKind.METADATA_TIMEOUT if metadata else FailureKind.STALLED,
        f"{_nothing_for(download, item, idle)}.",
        "Choose another release.",
        Disposition.PERMANENT,
    )


def _spoken(seconds: float) -> str:
    hours = seconds / 3600
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    if hours >= 2:
        return f"{hours:.0f} hours"
    minutes = int(seconds // 60)
    # In tens: each other wording is one more line in the log.
    return f"{minutes // 10 * 10 if minutes >= 10 else minutes} minutes"
