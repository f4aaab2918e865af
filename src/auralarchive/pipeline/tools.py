"""What stages and monitor work with: everything that they are handed, nothing that they reach for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from auralarchive.domain.download import Download
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.tags import tag_of
from auralarchive.pipeline.live import LiveBoard
from auralarchive.pipeline.searching import Searcher
from auralarchive.ports.audio import Converter
from auralarchive.ports.clients import DownloadClient
from auralarchive.ports.indexers import Fetcher
from auralarchive.ports.library import Library
from auralarchive.ports.store import AdapterRow, Store
from auralarchive.ports.work import CancelToken, Clock


@dataclass(frozen=True, slots=True)
class SeedGoals:
    """The general seeding goal, and those of single indexers by name."""

    general: SeedGoal
    by_indexer: Callable[[], Mapping[str, SeedGoal]] = field(default=dict)

    def of(self, indexer: str | None) -> SeedGoal:
        """The goal for a release of this indexer; what it leaves unset comes from the general one."""
        own = self.by_indexer().get(indexer or "", SeedGoal())
        return SeedGoal(
            own.ratio if own.ratio is not None else self.general.ratio,
            own.seconds if own.seconds is not None else self.general.seconds,
        )


class Clients(Protocol):
    """The download clients that are configured at this moment."""

    def all(self) -> tuple[DownloadClient, ...]:
        """By priority, the preferred first."""

    def get(self, name: str) -> DownloadClient | None: ...

    def configured(self) -> tuple[tuple[DownloadClient, AdapterRow], ...]:
        """Each with the row that it was made of, the preferred first."""


class Health(Protocol):
    """Whether a client answered lately."""

    def trouble(self, client: str) -> str | None:
        """Why this client is left alone at the moment; None: it is well, or nobody has asked yet."""

    def note(self, client: str, error: str | None) -> bool:
        """Remember; True when this changes whether the client is well."""


@dataclass(frozen=True, slots=True)
class Job:
    """One claim: the record as claimed, the token that fences it, and the sign to stop."""

    download: Download
    token: str
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What stages need to know of the settings."""

    work_root: Path  # temp_conversion_path
    instance: str  # part of our tags: several instances may share one client
    bitrate_kbps: int | None = None
    jobs: int | None = None
    minimum_match_score: float = 70.0
    remove_unseeded: bool = True  # Usenet and direct downloads leave their client once the book is verified


@dataclass(frozen=True, slots=True)
class Tools:
    """The ports of a stage."""

    store: Store
    clients: Clients
    health: Health
    fetcher: Fetcher
    searcher: Searcher
    goals: SeedGoals
    converter: Converter
    library: Library
    live: LiveBoard
    clock: Clock
    settings: StageSettings

    def tag(self, download_id: int) -> str:
        """Our tag on the client's item of this download."""
        return tag_of(self.settings.instance, download_id)
