"""One search: every enabled indexer at once, each with a deadline, then scores with their reasons."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Literal

from auralarchive.domain.release import Reason, Release, SearchQuery
from auralarchive.ports.errors import AuralError, Cancelled, RateLimited
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.store import Releases
from auralarchive.ports.work import CancelToken, Clock

_log = logging.getLogger(__name__)

OutcomeStatus = Literal["ok", "error", "timeout", "skipped"]


@dataclass(frozen=True, slots=True)
class IndexerOutcome:
    """How one indexer fared in a search."""

    name: str
    status: OutcomeStatus
    elapsed_ms: int
    count: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SearchReport:
    """Releases with scores, the best first, and every indexer's outcome."""

    results: tuple[Release, ...]
    indexers: tuple[IndexerOutcome, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """A release's scores, 0 to 100, with what they are made of."""

    match: float
    match_reasons: tuple[Reason, ...]
    quality: float
    quality_reasons: tuple[Reason, ...]
    rejections: tuple[str, ...]


Score = Callable[[SearchQuery, Release], Scores]


@dataclass(frozen=True, slots=True)
class Searcher:
    """Asks indexers and keeps what they offer, so that a download needs to name only `release_id`."""

    indexers: Callable[[], tuple[Indexer, ...]]
    releases: Releases
    score: Score
    clock: Clock
    deadline_seconds: float = 30.0
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=16, thread_name_prefix="search")
    )

    def search(
        self, query: SearchQuery, names: tuple[str, ...] | None = None, cancel: CancelToken | None = None
    ) -> SearchReport:
        """Search by all enabled indexers, or by those of these names. One bad indexer never fails it."""
        chosen = [indexer for indexer in self.indexers() if names is None or indexer.name in names]
        asked = [_Question(indexer, query, self.clock) for indexer in chosen]
        futures = [self._pool.submit(question.ask) for question in asked]
        self._await(futures, asked, cancel)
        releases = [self._scored(query, release) for question in asked for release in question.answer()]
        results = tuple(sorted(_without_twins(releases), key=_rank, reverse=True))
        self.releases.save(query, results, self.clock.now())
        return SearchReport(results, tuple(question.outcome() for question in asked))

    def close(self) -> None:
        """Wait for nobody: what is still asked then is an indexer that does not answer."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _await(self, futures: list[Future[None]], asked: list[_Question], cancel: CancelToken | None) -> None:
        give_up = self.clock.monotonic() + self.deadline_seconds
        pending: Iterable[Future[None]] = futures
        while pending and self.clock.monotonic() < give_up and not (cancel and cancel.cancelled):
            pending = wait(pending, timeout=0.1).not_done
        for question in asked:
            question.stop()
        if cancel is not None:
            cancel.check()

    def _scored(self, query: SearchQuery, release: Release) -> Release:
        scores = self.score(query, release)
        return replace(
            release,
            match_score=scores.match,
            match_reasons=scores.match_reasons,
            quality_score=scores.quality,
            quality_reasons=scores.quality_reasons,
            rejections=scores.rejections,
        )


class _Question:
    """One indexer's part of a search: asked in a thread, closed at the deadline whatever comes after."""

    def __init__(self, indexer: Indexer, query: SearchQuery, clock: Clock) -> None:
        self._indexer, self._query, self._clock = indexer, query, clock
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._started = clock.monotonic()
        self._releases: tuple[Release, ...] = ()
        self._outcome: IndexerOutcome | None = None

    def ask(self) -> None:
        try:
            releases = self._indexer.search(self._query, self._cancel)
        except Cancelled:
            return
        except RateLimited as error:
            self._close("skipped", error=str(error))
        except AuralError as error:
            self._close("error", error=str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one adapter must not fail the search of the others
            _log.exception("indexer %s failed unexpectedly", self._indexer.name)
            self._close("error", error=f"Unexpected error ({type(error).__name__}). See the log.")
        else:
            self._close("ok", releases)

    def stop(self) -> None:
        self._cancel.cancel()
        self._close("timeout", error="It did not answer in time.")

    def answer(self) -> tuple[Release, ...]:
        return self._releases

    def outcome(self) -> IndexerOutcome:
        assert self._outcome is not None, "stop() has closed it"
        return self._outcome

    def _close(self, status: OutcomeStatus, releases: tuple[Release, ...] = (), error: str | None = None) -> None:
        elapsed = round((self._clock.monotonic() - self._started) * 1000)
        with self._lock:
            if self._outcome is None:
                self._releases = releases
                self._outcome = IndexerOutcome(self._indexer.name, status, elapsed, len(releases), error)


def _rank(release: Release) -> tuple[bool, float, float, int]:
    return (not release.rejections, release.match_score, release.quality_score, release.seeders or 0)


def _without_twins(releases: list[Release]) -> list[Release]:
    """One result a torrent: of those with the same info-hash the one with the most seeders."""
    best: dict[str, Release] = {}
    for release in releases:
        key = release.info_hash or release.id
        if key not in best or (release.seeders or 0) > (best[key].seeders or 0):
            best[key] = release
    return list(best.values())
