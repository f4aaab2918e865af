"""What the pipeline needs of an indexer, and of whoever fetches releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.ports.clients import Finding, Payload
from auralarchive.ports.work import CancelToken


@dataclass(frozen=True, slots=True)
class IndexerReport:
    """The answer of `test`: what the indexer can do."""

    title: str
    findings: tuple[Finding, ...] = ()


class Indexer(Protocol):
    """One configured indexer. Methods block and are called from worker threads, several at once.

    Raises: `Unreachable` (down, slow, not XML), `RateLimited` (also while it cools down),
    `AuthRefused`, `PermanentError` for what it says of the request itself.
    """

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def origin(self) -> str:
        """Scheme, host and port as its owner typed them: links to it may be private addresses."""

    @property
    def seed_goal(self) -> SeedGoal: ...

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        """Releases with parsed titles but without scores, at most 1,000."""

    def test(self) -> IndexerReport: ...

    def close(self) -> None: ...


class Fetcher(Protocol):
    """Turns the link of a release into bytes or a magnet, by the address rules."""

    def fetch(self, url: str, *, indexer: str | None, cancel: CancelToken) -> Payload:
        """The payload behind `url`; at most five redirects, each judged anew.

        Raises: `InvalidInput` (address refused, not a torrent, too large), `Gone`, `Unreachable`,
        `RateLimited`, `AuthRefused`.
        """
