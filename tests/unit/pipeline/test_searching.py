"""One search over many indexers: none of them can hold it up or break it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.pipeline.searching import Scores, Searcher
from auralarchive.ports.errors import Cancelled, RateLimited, Unreachable
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.clock import SystemClock
from tests.support.scripted import Bench, ScriptedIndexer, a_bench, a_release, fitting

QUERY = SearchQuery(text="book")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, clock=SystemClock()) as made:
        yield made


def searcher(bench: Bench, *indexers: Indexer, deadline: float = 5.0) -> Searcher:
    bench.searcher.close()
    bench.searcher = Searcher(lambda: indexers, bench.store.releases, fitting, bench.clock, deadline)
    return bench.searcher


def test_every_indexer_is_asked_and_the_best_comes_first(bench: Bench) -> None:
    one = ScriptedIndexer("One", releases=(a_release(9),))
    two = ScriptedIndexer("Two", releases=(a_release(3), a_release(4, indexer="Two")))
    report = searcher(bench, one, two).search(QUERY)
    assert [release.id for release in report.results] == ["release-3", "release-4", "release-9"]
    assert [(outcome.name, outcome.status, outcome.count) for outcome in report.indexers] == [
        ("One", "ok", 1),
        ("Two", "ok", 2),
    ]
    assert bench.store.releases.get("release-4") == report.results[1]


def test_only_named_indexers(bench: Bench) -> None:
    one, two = ScriptedIndexer("One"), ScriptedIndexer("Two")
    report = searcher(bench, one, two).search(QUERY, ("Two",))
    assert [outcome.name for outcome in report.indexers] == ["Two"]
    assert not one.asked


def test_bad_indexers_are_told_of_and_spoil_nothing(bench: Bench) -> None:
    """Down, cooling down or broken: each says so in its own line, and the good one's results are there."""
    indexers = (
        ScriptedIndexer("Good", releases=(a_release(),)),
        ScriptedIndexer("Down", fault=Unreachable("Nobody answers.", "Check its address.")),
        ScriptedIndexer("Busy", fault=RateLimited("Asked too often.", retry_after=60)),
        ScriptedIndexer("Broken", fault=KeyError("bug")),
    )
    report = searcher(bench, *indexers).search(QUERY)
    assert len(report.results) == 1
    said = {outcome.name: (outcome.status, outcome.error) for outcome in report.indexers}
    assert said["Down"] == ("error", "Nobody answers. Check its address.")
    assert said["Busy"][0] == "skipped"
    assert said["Broken"] == ("error", "Unexpected error (KeyError). See the log.")


def test_a_slow_indexer_is_left_behind_at_the_deadline(bench: Bench) -> None:
    """What comes after the deadline is not taken, and the search does not wait for it."""
    slow = ScriptedIndexer("Slow", releases=(a_release(1),), answer=threading.Event())
    quick = ScriptedIndexer("Quick", releases=(a_release(2),))
    search = searcher(bench, slow, quick, deadline=0.3)
    report = search.search(QUERY)
    assert not slow.gave_up
    slow.answer.set()  # type: ignore[union-attr]  # made above
    assert [release.id for release in report.results] == ["release-2"]
    assert [outcome.status for outcome in report.indexers] == ["timeout", "ok"]


def test_a_cancel_ends_it_at_once(bench: Bench) -> None:
    cancel = CancelToken()
    slow = ScriptedIndexer("Slow", answer=threading.Event())
    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Cancelled):
        searcher(bench, slow, deadline=30).search(QUERY, cancel=cancel)
    assert not slow.gave_up
    slow.answer.set()  # type: ignore[union-attr]  # made above


def test_what_an_indexer_brings_is_told_before_a_slow_one_has_answered(bench: Bench) -> None:
    """First all are asked; then each is heard when it answers. Its results can be downloaded at once."""
    slow = ScriptedIndexer("Slow", releases=(a_release(1),), answer=threading.Event())
    quick = ScriptedIndexer("Quick", releases=(a_release(2),))
    steps = searcher(bench, slow, quick).steps(QUERY)
    told = [next(steps) for _ in range(3)]
    assert [(step.indexer.name, step.indexer.status) for step in told] == [
        ("Slow", "asked"), ("Quick", "asked"), ("Quick", "ok"),
    ]  # fmt: skip
    assert bench.store.releases.get("release-2") == told[2].results[0]
    slow.answer.set()  # type: ignore[union-attr]  # made above
    assert [(step.indexer.name, step.results[0].id) for step in steps] == [("Slow", "release-1")]


def test_whoever_stops_reading_stops_the_search(bench: Bench) -> None:
    """A page that was closed leaves no indexer at work for nobody."""
    slow = ScriptedIndexer("Slow", answer=threading.Event())
    search = searcher(bench, slow)
    steps = search.steps(QUERY)
    next(steps)
    steps.close()
    search._pool.shutdown(wait=True)
    assert not slow.gave_up  # its thread ended by the sign


def test_a_better_twin_replaces_what_was_told(bench: Bench) -> None:
    """The steps, taken together, are what `search` answers."""
    first = ScriptedIndexer("First", releases=(a_release(1, info_hash="aa", seeders=3), a_release(2)))
    later = ScriptedIndexer("Later", releases=(a_release(3, info_hash="aa", seeders=9),), answer=threading.Event())
    worse = ScriptedIndexer("Worse", releases=(a_release(4, info_hash="aa", seeders=1),), answer=threading.Event())
    search = searcher(bench, first, later, worse)
    steps = search.steps(QUERY)
    told = [next(steps) for _ in range(4)]
    for waiting in (later, worse):
        waiting.answer.set()  # type: ignore[union-attr]  # made above
        told.append(next(steps))
    assert [([one.id for one in step.results], step.replaced) for step in told[3:]] == [
        (["release-1", "release-2"], ()), (["release-3"], ("release-1",)), ([], ()),
    ]  # fmt: skip
    assert {one.id for one in search.search(QUERY).results} == {"release-2", "release-3"}


def test_twins_become_one_with_the_most_seeders(bench: Bench) -> None:
    """The same torrent from two indexers is one result; without an info-hash nothing proves them twins."""
    twin = a_release(1, info_hash="aa", seeders=3)
    other = a_release(2, info_hash="aa", seeders=9, indexer="Two")
    single = a_release(3)
    report = searcher(bench, ScriptedIndexer(releases=(twin, other, single))).search(QUERY)
    assert {release.id for release in report.results} == {"release-2", "release-3"}


def test_what_is_fetched_from_one_place_is_one_result(bench: Bench) -> None:
    """The indexer that comes first in the settings tells of it, whichever answers first; a torrent of it is another."""
    direct = {"download_type": DownloadType.HTTP, "guid": "archive.org/emma"}
    first = ScriptedIndexer("First", releases=(a_release(1, indexer="First", **direct),), answer=threading.Event())
    second = ScriptedIndexer(
        "Second",
        releases=(a_release(2, indexer="Second", **direct), a_release(3, guid="archive.org/emma", indexer="Second")),
    )
    search = searcher(bench, first, second)
    told: list[tuple[list[str], tuple[str, ...]]] = []
    for step in search.steps(QUERY):
        if step.indexer.status != "asked":
            told.append((sorted(one.id for one in step.results), step.replaced))
            if first.answer is not None:
                first.answer.set()
    assert told == [(["release-2", "release-3"], ()), (["release-1"], ("release-2",))]
    assert {one.id for one in search.search(QUERY).results} == {"release-1", "release-3"}


def test_rejected_results_come_last(bench: Bench) -> None:
    def rejecting(query: SearchQuery, release: Release) -> Scores:
        rejections = ("a trailer",) if release.id == "release-1" else ()
        return Scores(99.0 if rejections else 40.0, (), 1.0, (), rejections)

    bench.searcher.close()
    indexer = ScriptedIndexer(releases=(a_release(1), a_release(2)))
    bench.searcher = Searcher(lambda: (indexer,), bench.store.releases, rejecting, bench.clock)
    assert [release.id for release in bench.searcher.search(QUERY).results] == ["release-2", "release-1"]
