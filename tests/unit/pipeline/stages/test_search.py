"""Which release an automatic download takes, and what it says when there is none."""

from __future__ import annotations

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.stages import search
from auralarchive.ports.errors import Unreachable
from tests.support.scripted import Bench, ScriptedIndexer, a_release


def outcome(bench: Bench) -> e.Event:
    download = bench.automatic()
    return search.run(bench.claim(download.id), bench.tools)


def failure(event: e.Event) -> Failure:
    assert isinstance(event, e.StageFailed)
    return event.failure


def test_the_best_that_fits_is_chosen(bench: Bench) -> None:
    bench.indexer.releases = (a_release(9), a_release(2), a_release(5))
    chosen = outcome(bench)
    assert isinstance(chosen, e.ReleaseChosen)
    assert (chosen.release_id, chosen.indexer, chosen.size) == ("release-2", "Feed", 1002)


def test_what_no_client_takes_is_no_choice(bench: Bench) -> None:
    """The best may be an NZB: with torrent clients only it would wait for a person, beside a torrent that does."""
    bench.indexer.releases = (a_release(1, download_type=DownloadType.NZB), a_release(2))
    chosen = outcome(bench)
    assert isinstance(chosen, e.ReleaseChosen)
    assert chosen.release_id == "release-2"


def test_without_any_client_the_choice_stands(bench: Bench) -> None:
    """Then the grab says which client is missing: more than "nothing fits" would."""
    bench.tools.clients.clients = ()  # type: ignore[attr-defined]  # the scripted ones
    bench.indexer.releases = (a_release(1),)
    assert isinstance(outcome(bench), e.ReleaseChosen)


def test_a_made_up_asin_is_not_asked_for() -> None:
    """Indexers know ASINs of the catalogue only; ours for other books would find nothing."""
    assert search.query_for(Book("AA-SOMETHING", "Emma", "Jane Austen")).asin is None
    assert search.query_for(Book("B00TESTBK1", "Emma", "Jane Austen")).asin == "B00TESTBK1"


def test_without_indexers_a_person_has_to_act(bench: Bench) -> None:
    bench.indexers.clear()
    said = failure(outcome(bench))
    assert (said.kind, said.disposition) == (FailureKind.NOTHING_FOUND, Disposition.NEEDS_PERSON)


def test_silent_indexers_are_a_fault_of_the_surroundings(bench: Bench) -> None:
    """Nothing is concluded from silence: it is asked again, and counts against nothing."""
    bench.indexer.fault = Unreachable("Nobody answers.")
    said = failure(outcome(bench))
    assert (said.kind, said.disposition) == (FailureKind.INDEXERS_UNREACHABLE, Disposition.TRANSIENT)
    assert "Feed: Nobody answers." in said.reason


def test_one_that_answers_is_an_answer(bench: Bench) -> None:
    bench.indexers.append(ScriptedIndexer("Down", fault=Unreachable("Nobody answers.")))
    assert failure(outcome(bench)).kind is FailureKind.NOTHING_FOUND


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_was_tried_before_is_not_taken_again(bench: Bench, forgotten: bool) -> None:
    """Also when the search results of that time are long forgotten: a stall may take a week to show."""
    bench.indexer.releases = (a_release(1), a_release(2))
    download = bench.automatic()
    first = search.run(bench.claim(download.id), bench.tools)
    bench.recorder.record(download.id, first)
    bench.recorder.record(
        download.id, e.StageFailed(Failure(FailureKind.STALLED, "No data.", "", Disposition.PERMANENT))
    )
    bench.recorder.record(download.id, e.RetryDue(other_release=True))
    if forgotten:
        bench.held.forward(8 * 24 * 3600)
        assert bench.store.releases.forget_before(bench.clock.now()) == 2
    second = search.run(bench.claim(download.id), bench.tools)
    assert isinstance(first, e.ReleaseChosen)
    assert isinstance(second, e.ReleaseChosen)
    assert (first.release_id, second.release_id) == ("release-1", "release-2")


def test_the_same_torrent_by_another_name_is_not_taken_again(bench: Bench) -> None:
    twin = {"info_hash": "aa" * 20}
    download = bench.automatic()
    bench.indexer.releases = (a_release(1, **twin),)
    bench.recorder.record(download.id, search.run(bench.claim(download.id), bench.tools))
    bench.recorder.record(
        download.id, e.StageFailed(Failure(FailureKind.RELEASE_GONE, "Gone.", "", Disposition.PERMANENT))
    )
    bench.recorder.record(download.id, e.RetryDue(other_release=True))
    bench.indexer.releases = (a_release(2, indexer="Another", **twin),)
    said = failure(search.run(bench.claim(download.id), bench.tools))
    assert "Nothing else that fits" in said.reason
    assert bench.row(download.id).acquisition is DownloadStatus.SEARCHING
