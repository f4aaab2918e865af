"""One search: every enabled indexer at once, each with a deadline, then scores with their reasons."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Literal

from auralarchive.domain.release import Reason, Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.ports.errors import AuralError, Cancelled, RateLimited
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.store import Releases
from auralarchive.ports.work import CancelToken, Clock

_log = logging.getLogger(__name__)

OutcomeStatus = Literal["asked", "ok", "error", "timeout", "skipped"]

#: Far more than anybody has indexers: one that does not answer holds its thread, and must not keep others waiting.
_THREADS = 64
#: So often a search looks whether it is still wanted.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class IndexerOutcome:
    """How one indexer fared in a search; `asked` is how it begins."""

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
class Step:
    """What a search has just come to know: of one indexer, and the releases that it brought.

    `replaced` are ids of earlier steps' results: the same torrents, with fewer seeders.
    """

    indexer: IndexerOutcome
    results: tuple[Release, ...] = ()
    replaced: tuple[str, ...] = ()


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
        default_factory=lambda: ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="search")
    )

    def search(
        self, query: SearchQuery, names: tuple[str, ...] | None = None, cancel: CancelToken | None = None
    ) -> SearchReport:
        """All that `steps` finds, in one answer: the best first, and every indexer's outcome as they were asked."""
        last: dict[str, Step] = {}
        replaced: set[str] = set()
        for step in self.steps(query, names, cancel):
            last[step.indexer.name] = step
            replaced.update(step.replaced)
        found = [release for step in last.values() for release in step.results if release.id not in replaced]
        return SearchReport(
            tuple(sorted(found, key=_rank, reverse=True)), tuple(step.indexer for step in last.values())
        )

    def steps(
        self, query: SearchQuery, names: tuple[str, ...] | None = None, cancel: CancelToken | None = None
    ) -> Generator[Step, None, None]:
        """Search by all enabled indexers, or by those of these names, and tell what each brings as it answers.

        First each is told as asked. One bad indexer never fails a search, and a slow one holds up no other.
        Whoever stops reading stops the search. Raises `Cancelled`.
        """
        chosen = [indexer for indexer in self.indexers() if names is None or indexer.name in names]
        asked = [_Question(indexer, query, self.clock) for indexer in chosen]
        twins = _Twins([indexer.name for indexer in chosen])
        try:
            pending = {self._pool.submit(question.ask): question for question in asked}
            yield from (Step(IndexerOutcome(question.name, "asked", 0)) for question in asked)
            for question in self._closed(pending, cancel):
                results, replaced = twins.sorted_out([self._scored(query, one) for one in question.answer()])
                if results:
                    self.releases.save(query, results, self.clock.now())
                yield Step(question.outcome(), results, replaced)
        finally:
            for question in asked:
                question.stop(self.deadline_seconds)

    def close(self) -> None:
        """Wait for nobody: what is still asked then is an indexer that does not answer."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _closed(self, pending: dict[Future[None], _Question], cancel: CancelToken | None) -> Iterator[_Question]:
        """Each question as soon as it is answered; at the deadline those that are left."""
        give_up = self.clock.monotonic() + self.deadline_seconds
        while pending and self.clock.monotonic() < give_up:
            done = wait(pending, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED).done
            if cancel is not None:
                cancel.check()
            yield from [pending.pop(future) for future in done]
        for question in pending.values():
            question.stop(self.deadline_seconds)
            yield question

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
            self._close("timeout", error="It was no longer asked.")
        except RateLimited as error:
            self._close("skipped", error=str(error))
        except AuralError as error:
            self._close("error", error=str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one adapter must not fail the search of the others
            _log.exception("indexer %s failed unexpectedly", self._indexer.name)
            self._close("error", error=f"Unexpected error ({type(error).__name__}). See the log.")
        else:
            self._close("ok", releases)

    @property
    def name(self) -> str:
        return self._indexer.name

    def stop(self, deadline: float) -> None:
        self._cancel.cancel()
        late = f"It did not answer within {deadline:g} s."
        self._close("timeout", error=f"{late} Test it in the settings; there searches can be given more time, too.")

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


class _Twins:
    """One result a torrent: of those with the same info-hash the one with the most seeders.

    What is fetched from the same place is one, too: then the indexer that comes first in the settings tells of it.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(order)}
        self._best: dict[str, Release] = {}

    def sorted_out(self, releases: list[Release]) -> tuple[tuple[Release, ...], tuple[str, ...]]:
        """Of these, the ones that count, and the ids of those from before that no longer do."""
        before = dict(self._best)
        for release in releases:
            key = _identity(release)
            if key not in self._best or self._is_better(release, self._best[key]):
                self._best[key] = release
        changed = {key: one for key, one in self._best.items() if one is not before.get(key)}
        return tuple(changed.values()), tuple(before[key].id for key in changed if key in before)

    def _is_better(self, release: Release, known: Release) -> bool:
        if release.download_type is DownloadType.HTTP:
            return self._places.get(release.indexer, 0) < self._places.get(known.indexer, 0)
        return (release.seeders or 0) > (known.seeders or 0)


def _identity(release: Release) -> str:
    if release.download_type is DownloadType.HTTP and release.guid:
        return f"http {release.guid}"
    return release.info_hash or release.id
