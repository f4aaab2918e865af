"""The record of one download, immutable: `lifecycle.apply` makes the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from auralarchive.domain.book import Book
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType, Removal, SeedingStatus


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failures of each stage since a person last asked for a retry.

    Faults of the surroundings cost a stage nothing: `surroundings` counts them in a row, for longer waits.
    """

    search: int = 0
    download: int = 0
    conversion: int = 0
    import_: int = 0
    surroundings: int = 0


@dataclass(frozen=True, slots=True)
class Download:
    """One row of `download_queue`.

    `acquisition` is the course of the book and never SEEDING or SEEDING_COMPLETE; the public status
    is a function of it and of `seeding` (`lifecycle.public_status`). `claim_token` is the fencing
    token of whoever works on it until `lease_until`. Sizes in bytes, speeds in bytes per second.
    """

    id: int
    version: int
    book: Book
    acquisition: DownloadStatus
    created_at: datetime
    seeding: SeedingStatus = SeedingStatus.NONE
    removal: Removal = Removal.NONE
    manual: bool = True
    priority: int = 0
    reason: str | None = None
    failure_kind: FailureKind | None = None
    attempts: Attempts = field(default_factory=Attempts)
    retry_at: datetime | None = None
    paused_from: DownloadStatus | None = None
    paused_in_client: bool = False
    # the claim
    claim_token: str | None = None
    lease_until: datetime | None = None
    # the release
    release_id: str | None = None
    release_title: str | None = None
    indexer: str | None = None
    download_url: str | None = None
    download_type: DownloadType = DownloadType.TORRENT
    file_format: str | None = None
    file_size: int | None = None
    quality_score: float | None = None
    match_score: float | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    # the client's item
    download_client: str | None = None
    download_client_id: str | None = None
    adopted: bool = False  # it was in the client before us: never removed by us
    seed_goal: SeedGoal = field(default_factory=SeedGoal)
    download_limit: int | None = None
    upload_limit: int | None = None
    limited: bool = False  # a person has set a limit here at some time: from then on the client's are ours
    sequential: bool = False
    chosen_client: str | None = None  # by a person; None: `choice.choose` decides
    client_why: str | None = None  # `choice.Why` of the client that has it
    categories: tuple[int, ...] = ()  # the release's, as its indexer numbers them
    tags: tuple[str, ...] = ()  # given by a person: rules of clients go by them
    fetched: bool = False  # the bytes of the release are ours
    start_at: datetime | None = None  # handed to no client before
    # the results
    progress: float = 0.0
    temp_file_path: str | None = None
    converted_file_path: str | None = None
    final_file_path: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def hashes(self) -> frozenset[str]:
        """Every info-hash under which a client may know the torrent, in lower case."""
        found = {value for value in (self.info_hash_v1, self.info_hash_v2) if value}
        if self.info_hash_v2:
            found.add(self.info_hash_v2[:40])
        return frozenset(found)
