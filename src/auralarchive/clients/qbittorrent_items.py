"""qBittorrent's torrents in our words: its states and fields, of every generation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.values import number_of, text_of, whole_of
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.speed import SpeedLimits

#: Every state that a generation from 4.1 to 5.3 knows. Any other is UNKNOWN: it waits and is shown.
STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "downloading": ItemState.WAITING,
        "forcedDL": ItemState.WAITING,  # started by hand past the queue's limits
        "queuedDL": ItemState.WAITING,  # its turn will come: no timer for stalls
        "stalledDL": ItemState.STALLED,  # normal for a minute; bytes decide, not this word
        "metaDL": ItemState.METADATA,  # size 0 or -1, and the name may be the hash
        "forcedMetaDL": ItemState.METADATA,
        "pausedDL": ItemState.PAUSED,  # up to 4.6
        "stoppedDL": ItemState.PAUSED,  # from 5.0
        "checkingDL": ItemState.BUSY,
        "checkingUP": ItemState.BUSY,  # a check at the end: it may still fail and go back to downloading
        "checkingResumeData": ItemState.BUSY,  # after a start; progress may read 0 or 1 by mistake
        "allocating": ItemState.BUSY,  # up to 4.x
        "moving": ItemState.BUSY,  # from the temporary to the final folder: content_path is about to change
        "uploading": ItemState.READY,
        "forcedUP": ItemState.READY,
        "stalledUP": ItemState.READY,  # complete, nobody asks for it
        "queuedUP": ItemState.READY,
        "pausedUP": ItemState.READY,  # up to 4.6: complete and stopped
        "stoppedUP": ItemState.READY,  # from 5.0
        "error": ItemState.WARNING,  # disk full, no permission: not the release's fault
        "missingFiles": ItemState.WARNING,  # disk not mounted, or deleted by hand
        "unknown": ItemState.UNKNOWN,
    }
)
_PAUSED = frozenset({"pausedDL", "pausedUP", "stoppedDL", "stoppedUP"})
_MESSAGES = {
    "error": "qBittorrent reports an error: its disk may be full, or its folder forbidden. Its log tells more.",
    "missingFiles": "qBittorrent misses the files: is its disk mounted, or did somebody delete them?",
}
_NO_ETA = 8_640_000  # a hundred days: qBittorrent's word for unknown
_LARGEST = 2**63


def as_item(item_id: str, fields: Any) -> ClientItem:
    """One torrent. What is missing or of the wrong type is unknown; it never fails."""
    if not isinstance(fields, Mapping):
        return ClientItem(item_id, item_id, ItemState.UNKNOWN, frozenset({item_id}))
    raw = text_of(fields, "state") or ""
    progress = number_of(fields, "progress")
    return ClientItem(
        id=item_id,
        name=display_text(text_of(fields, "name") or "", item_id),
        state=_state(raw, progress, whole_of(fields, "amount_left")),
        hashes=hashes_of(item_id, fields),
        progress=min(progress or 0.0, 1.0),
        size=whole_of(fields, "size") or None,
        downloaded=whole_of(fields, "completed"),
        uploaded=whole_of(fields, "uploaded"),
        download_speed=whole_of(fields, "dlspeed"),
        upload_speed=whole_of(fields, "upspeed"),
        eta=_eta(fields),
        ratio=number_of(fields, "ratio"),
        seeding_seconds=whole_of(fields, "seeding_time"),
        content_path=text_of(fields, "content_path") or None,
        save_path=text_of(fields, "save_path") or None,
        limits=_limits(fields),
        paused=raw in _PAUSED,
        message=_MESSAGES.get(raw),
        raw_state=display_text(raw),
        tags=tags_of(fields),
    )


def hashes_of(item_id: str, fields: Any) -> frozenset[str]:
    """Every hash of a torrent; the id of a hybrid is its v2 hash cut to 40 digits."""
    found = {item_id.lower()}
    if isinstance(fields, Mapping):
        found |= {(text_of(fields, key) or "").lower() for key in ("hash", "infohash_v1", "infohash_v2")}
    found |= {value[:40] for value in found if len(value) == 64}
    return frozenset(value for value in found if value)


def tags_of(fields: Any) -> frozenset[str]:
    text = text_of(fields, "tags") if isinstance(fields, Mapping) else None
    return frozenset(tag.strip() for tag in (text or "").split(",") if tag.strip())


def category_of(fields: Any) -> str:
    return (text_of(fields, "category") or "") if isinstance(fields, Mapping) else ""


def as_files(listed: Any) -> tuple[ClientFile, ...]:
    """The files of a torrent; entries that make no sense are left out."""
    entries = listed if isinstance(listed, list) else []
    return tuple(
        ClientFile(
            path=name.replace("\\", "/"),  # Windows
            size=size,
            wanted=whole_of(entry, "priority") != 0,
            progress=min(number_of(entry, "progress") or 0.0, 1.0),
        )
        for entry in entries
        if isinstance(entry, Mapping)
        and (name := text_of(entry, "name")) is not None
        and (size := whole_of(entry, "size")) is not None
    )


def _state(raw: str, progress: float | None, left: int | None) -> ItemState:
    state = STATES.get(raw, ItemState.UNKNOWN)
    if state is not ItemState.READY:
        return state
    if progress is None:
        return ItemState.UNKNOWN
    # It says that it seeds while bytes are missing: as after a forced recheck. Not for us to read yet.
    return ItemState.READY if progress >= 1.0 and not left else ItemState.BUSY


def _limits(fields: Mapping[str, Any]) -> SpeedLimits | None:
    """Its own limits; 0 and -1 are none, what is not there is not told."""
    told = [fields.get(key) for key in ("dl_limit", "up_limit")]
    if not all(isinstance(value, int) for value in told):
        return None
    return SpeedLimits(*(value if value and value > 0 else None for value in told))


def _eta(fields: Mapping[str, Any]) -> int | None:
    eta = whole_of(fields, "eta")
    return eta if eta is not None and eta < _NO_ETA else None
