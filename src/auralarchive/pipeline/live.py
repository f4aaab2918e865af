"""What moves too fast for the log: progress, speeds and ratios, in memory only."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Live:
    """The moment's figures of one download: progress 0 to 100, bytes, bytes per second, seconds."""

    progress: float = 0.0
    speed_bps: int | None = None
    upload_bps: int | None = None
    eta_seconds: int | None = None
    downloaded_bytes: int | None = None
    total_bytes: int | None = None
    seeding_ratio: float | None = None
    seeding_seconds: int | None = None
    raw_state: str | None = None
    idle: bool = False  # no byte for so long that it no longer holds a place of the downloads at once


class LiveBoard:
    """The latest figures of every download that moves. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, Live] = {}

    def put(self, rows: Mapping[int, Live]) -> None:
        """Replace the figures of these downloads."""
        with self._lock:
            self._rows.update(rows)

    def idle(self) -> frozenset[int]:
        """Downloads that nobody seems to share at the moment."""
        with self._lock:
            return frozenset(key for key, live in self._rows.items() if live.idle)

    def progress(self, download_id: int, part: float) -> None:
        """A stage's own progress, 0.0 to 1.0; the torrent's figures stay."""
        with self._lock:
            before = self._rows.get(download_id, Live())
            self._rows[download_id] = replace(
                before, progress=round(part * 100, 2), speed_bps=None, eta_seconds=None, idle=False
            )

    def forget(self, download_id: int) -> None:
        with self._lock:
            self._rows.pop(download_id, None)

    def get(self, download_id: int) -> Live | None:
        with self._lock:
            return self._rows.get(download_id)

    def all(self) -> dict[int, Live]:
        with self._lock:
            return dict(self._rows)
