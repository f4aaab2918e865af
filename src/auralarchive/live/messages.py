"""The events of the log as browsers hear of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.live import Live
from auralarchive.ports.store import LoggedEvent

#: A Socket.IO event and its data.
Message = tuple[str, dict[str, Any]]
Redact = Callable[[str], str]

_S = DownloadStatus

#: Events of the log that have a name of their own for browsers.
_BY_EVENT = {
    "Enqueued": "queue:item_added",
    "SentToClient": "download:started",
    "DownloadCompleted": "download:completed",
    "ResumeRequested": "download:resumed",
    "ResumedInClient": "download:resumed",
}


def told(events: Sequence[LoggedEvent], redact: Redact) -> list[Message]:
    """All that some lines of the log say, in order, and once that these downloads have changed."""
    return [message for event in events for message in messages_of(event, redact)] + [updated(events)]


def messages_of(event: LoggedEvent, redact: Redact) -> Iterator[Message]:
    """What one line of the log says: that its status changed, and what that means."""
    data = _data(event, redact)
    name = _name(event)
    if name is not None:
        yield name, data
    if event.old_status is not event.new_status:
        yield "download:state_changed", data


def updated(events: Sequence[LoggedEvent]) -> Message:
    """One message for a batch of the log: these downloads have changed, ask for them if you show them."""
    ids = list(dict.fromkeys(event.download_id for event in events))
    return "queue:updated", {"download_ids": ids, "seq": events[-1].seq}


def progress_rows(now: Mapping[int, Live], before: Mapping[int, Live]) -> list[dict[str, Any]]:
    """Rows of the downloads whose figures have changed since `before`."""
    return [_row(download_id, live) for download_id, live in now.items() if _moved(live, before.get(download_id))]


def _moved(live: Live, before: Live | None) -> bool:
    """Whether a row shows something else. All that seeds grows older: that alone is told once a minute."""
    return before is None or (live != before and _shown(live) != _shown(before))


def _shown(live: Live) -> tuple[object, ...]:
    return (
        live.progress,
        live.speed_bps,
        live.eta_seconds,
        live.downloaded_bytes,
        live.total_bytes,
        _ratio(live),
        live.seeding_seconds // 60 if live.seeding_seconds is not None else None,
    )


def _ratio(live: Live) -> float | None:
    return round(live.seeding_ratio, 2) if live.seeding_ratio is not None else None


def _row(download_id: int, live: Live) -> dict[str, Any]:
    return {
        "download_id": download_id,
        "progress": live.progress,
        "speed_bps": live.speed_bps,
        "eta_seconds": live.eta_seconds,
        "downloaded_bytes": live.downloaded_bytes,
        "total_bytes": live.total_bytes,
        "seeding_ratio": _ratio(live),
        "seeding_seconds": live.seeding_seconds,
    }


def _name(event: LoggedEvent) -> str | None:
    if event.old_status is not event.new_status:
        if event.new_status is _S.CANCELLED:
            return "download:cancelled"
        if event.new_status is _S.PAUSED:
            return "download:paused"
        if event.new_status.failed:
            return "download:failed"
    return _BY_EVENT.get(event.event)


def _data(event: LoggedEvent, redact: Redact) -> dict[str, Any]:
    return {
        "download_id": event.download_id,
        "old_status": event.old_status.value if event.old_status else None,
        "new_status": event.new_status.value,
        "reason": redact(event.reason) if event.reason else None,
        "version": event.version,
        "seq": event.seq,
    }
