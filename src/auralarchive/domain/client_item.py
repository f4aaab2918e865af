"""A download client's view of one item, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auralarchive.domain.speed import SpeedLimits


class ItemState(StrEnum):
    """What an adapter makes of its client's own states. An unknown one never completes or fails."""

    WAITING = "waiting"  # queued or downloading: bytes may flow
    BUSY = "busy"  # checking, moving, allocating: never import, no stall timer
    METADATA = "metadata"  # a magnet without its info dictionary yet
    STALLED = "stalled"  # no peers at the moment; judged by bytes, not by this word
    PAUSED = "paused"
    READY = "ready"  # all data there and checked
    WARNING = "warning"  # the client reports an error that time or a person may mend
    FAILED = "failed"  # the client has given up
    REMOVED = "removed"  # a person removed it there; the client keeps a record of that
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClientItem:
    """One item of a poll. Sizes in bytes, speeds in bytes per second, times in seconds; None is unknown.

    `hashes` holds every info-hash under which the item may be known (v1, v2, truncated v2), in lower
    case; `content_path` and `save_path` are the client's own view, before any path mapping.
    """

    id: str
    name: str
    state: ItemState
    hashes: frozenset[str] = frozenset()
    progress: float = 0.0  # 0.0 to 1.0
    size: int | None = None
    downloaded: int | None = None
    uploaded: int | None = None
    download_speed: int | None = None
    upload_speed: int | None = None
    eta: int | None = None
    ratio: float | None = None
    seeding_seconds: int | None = None
    content_path: str | None = None
    save_path: str | None = None
    limits: SpeedLimits | None = None  # set there for this item; None: it does not tell
    paused: bool = False  # stopped in the client, also after completion
    message: str | None = None
    raw_state: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One file of an item: its path relative to the save path as the client names it on disk."""

    path: str
    size: int
    wanted: bool = True
    progress: float = 1.0
