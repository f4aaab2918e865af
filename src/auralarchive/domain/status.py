"""The words for where a download stands. What may follow what is in `lifecycle.py`."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Owner(StrEnum):
    """Who must cause the next event of a download."""

    WORKER = "worker"
    CLIENT = "client"
    PERSON = "person"
    TIMER = "timer"
    NOBODY = "nobody"


class Stage(StrEnum):
    """A part of the work that has its own attempts and its own limit of retries."""

    SEARCH = "search"
    DOWNLOAD = "download"
    CONVERSION = "conversion"
    IMPORT = "import"


class DownloadStatus(StrEnum):
    """The public status: the column `download_queue.status`, the API and the pages.

    Each member carries its `owner` (a failed download whose retry is due belongs to the timer, see
    `lifecycle.owner`), the `stage` that it belongs to, and whether it is `terminal`.
    """

    owner: Owner
    stage: Stage
    terminal: bool

    def __new__(cls, value: str, owner: Owner, stage: Stage, terminal: bool = False) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.owner, member.stage, member.terminal = owner, stage, terminal
        return member

    QUEUED = "QUEUED", Owner.WORKER, Stage.SEARCH
    SEARCHING = "SEARCHING", Owner.WORKER, Stage.SEARCH
    FOUND = "FOUND", Owner.WORKER, Stage.DOWNLOAD
    DOWNLOADING = "DOWNLOADING", Owner.CLIENT, Stage.DOWNLOAD
    PAUSED = "PAUSED", Owner.PERSON, Stage.DOWNLOAD
    COMPLETE = "COMPLETE", Owner.WORKER, Stage.CONVERSION
    CONVERTING = "CONVERTING", Owner.WORKER, Stage.CONVERSION
    CONVERTED = "CONVERTED", Owner.WORKER, Stage.IMPORT
    IMPORTING = "IMPORTING", Owner.WORKER, Stage.IMPORT
    IMPORTED = "IMPORTED", Owner.NOBODY, Stage.IMPORT, True
    SEEDING = "SEEDING", Owner.CLIENT, Stage.IMPORT
    SEEDING_COMPLETE = "SEEDING_COMPLETE", Owner.NOBODY, Stage.IMPORT, True
    CANCELLED = "CANCELLED", Owner.NOBODY, Stage.DOWNLOAD, True
    SEARCH_FAILED = "SEARCH_FAILED", Owner.PERSON, Stage.SEARCH
    DOWNLOAD_FAILED = "DOWNLOAD_FAILED", Owner.PERSON, Stage.DOWNLOAD
    CONVERSION_FAILED = "CONVERSION_FAILED", Owner.PERSON, Stage.CONVERSION
    IMPORT_FAILED = "IMPORT_FAILED", Owner.PERSON, Stage.IMPORT

    @property
    def failed(self) -> bool:
        return self.value.endswith("_FAILED")


class SeedingStatus(StrEnum):
    """The torrent's own course, beside that of its book: it seeds while the book is converted."""

    NONE = "NONE"
    SEEDING = "SEEDING"
    SEEDED = "SEEDED"
    REMOVED = "REMOVED"


class Removal(StrEnum):
    """Whether the client's item has to go: after a cancel, or after goal and verified import."""

    NONE = "NONE"
    WANTED = "WANTED"
    DONE = "DONE"


class DownloadType(StrEnum):
    """The protocol of a release."""

    TORRENT = "torrent"
    NZB = "nzb"
    HTTP = "http"
