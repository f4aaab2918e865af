"""What a person wants becomes one event, or a clear refusal."""

from __future__ import annotations

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.release import Release
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType, SeedingStatus
from auralarchive.pipeline.commands import (
    QUEUE,
    Extras,
    NoPlace,
    UnknownClient,
    UnknownDownload,
    allowed_actions,
    seed_goal_of,
)
from auralarchive.pipeline.tools import SeedGoals
from auralarchive.ports.errors import InvalidInput, PermanentError
from auralarchive.ports.store import Conflict, StaleRecord
from tests.support.scripted import Bench, a_release, a_torrent

MAGNET = f"magnet:?xt=urn:btih:{'ab' * 20}&dn=Book"
S = DownloadStatus


def test_a_wanted_book_is_queued(bench: Bench) -> None:
    download = bench.commands.enqueue(bench.book(), extras=Extras(7, 1000, 2000, sequential=True))
    assert (download.acquisition, download.manual) == (S.QUEUED, False)
    limits = (download.priority, download.download_limit, download.upload_limit, download.sequential)
    assert limits == (7, 1000, 2000, True)


def test_a_magnet_is_ours_at_once(bench: Bench) -> None:
    """Its hash is known before anything is fetched: a twin is refused right away, whatever its book."""
    download = bench.commands.enqueue_link(f"  {MAGNET}".strip(), bench.book())
    assert (download.acquisition, download.info_hash_v1) == (S.FOUND, "ab" * 20)
    with pytest.raises(Conflict) as refused:
        bench.commands.enqueue_link(MAGNET.upper().replace("MAGNET:?XT=URN:BTIH", "magnet:?xt=urn:btih"), bench.book(2))
    assert (refused.value.existing_id, refused.value.what) == (download.id, "info_hash")


def test_one_active_download_a_link(bench: Bench) -> None:
    """A direct download has no info-hash: under another title its link tells that it is the same."""
    link = "https://feed.example/details/a-book"
    first = bench.commands.enqueue_link(link, bench.book(), download_type=DownloadType.HTTP)
    with pytest.raises(Conflict) as refused:
        bench.commands.enqueue_link(link, bench.book(2), download_type=DownloadType.HTTP)
    assert (refused.value.existing_id, refused.value.what) == (first.id, "link")
    bench.commands.cancel(first.id)
    assert bench.commands.enqueue_link(link, bench.book(2), download_type=DownloadType.HTTP).id != first.id


def test_one_active_download_a_book(bench: Bench) -> None:
    first = bench.automatic()
    with pytest.raises(Conflict) as refused:
        bench.commands.enqueue_payload(a_torrent(), bench.book())
    assert (refused.value.existing_id, refused.value.what) == (first.id, "book")
    bench.commands.cancel(first.id)
    assert bench.automatic().id != first.id


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://feed.example/get/1.NZB?apikey=x", DownloadType.NZB),
        ("https://feed.example/get/1.torrent", DownloadType.TORRENT),
        ("https://feed.example/get?file=1.nzb", DownloadType.TORRENT),
        ("http://[", DownloadType.TORRENT),
    ],
)
def test_a_links_kind_is_guessed_from_its_path(bench: Bench, link: str, kind: DownloadType) -> None:
    """A link of broken form is no accident of ours either: it is for the check of links to refuse."""
    assert bench.commands.enqueue_link(link, bench.book()).download_type is kind


def test_a_broken_magnet_is_refused_and_nothing_is_made(bench: Bench) -> None:
    with pytest.raises(InvalidInput):
        bench.commands.enqueue_link("magnet:?dn=nothing", bench.book())
    assert bench.store.downloads.page().total == 0


def test_a_release_brings_its_scores_and_its_seeding_floor(bench: Bench) -> None:
    release = a_release(3, match_score=91.0, quality_score=55.0, minimum_ratio=1.5, magnet=None)
    download = bench.commands.enqueue_release(release, bench.book())
    assert (download.match_score, download.quality_score) == (91.0, 55.0)
    assert download.seed_goal == SeedGoal(ratio=1.5)
    assert download.release_title == release.title


def test_a_feeds_floor_raises_the_goal() -> None:
    goals = SeedGoals(SeedGoal(1.0, 60))
    release: Release = a_release(minimum_seed_seconds=72 * 3600)
    assert seed_goal_of(release, goals) == SeedGoal(1.0, 72 * 3600)


def test_pause_resume_and_retry(bench: Bench) -> None:
    download = bench.manual()
    assert bench.commands.pause(download.id).acquisition is S.PAUSED
    assert allowed_actions(bench.row(download.id)) == ("resume", "cancel")
    assert bench.commands.resume(download.id).acquisition is S.FOUND
    with pytest.raises(IllegalTransition):
        bench.commands.retry(download.id)
    with pytest.raises(UnknownDownload):
        bench.commands.pause(99)


def test_cancelling_an_imported_book_ends_the_seeding_and_keeps_the_book(bench: Bench) -> None:
    download = bench.at(S.IMPORTED)
    assert "stop_seeding" in allowed_actions(download)
    after = bench.commands.cancel(download.id)
    assert (after.acquisition, after.seeding) == (S.IMPORTED, SeedingStatus.SEEDED)
    bench.work()
    assert bench.client.removed == [download.download_client_id]
    assert (bench.library.root / "Ada Author" / "Book 1" / "Book 1.m4b").is_file()


def test_adjusting_leaves_out_what_is_not_named(bench: Bench) -> None:
    download = bench.commands.enqueue(bench.book(), extras=Extras(download_limit=500))
    after = bench.commands.adjust(download.id, priority=4, download_limit=0)
    assert (after.priority, after.download_limit, after.upload_limit) == (4, None, None)


def test_a_client_that_is_not_there_is_refused(bench: Bench) -> None:
    """Before anything is made: for a new download, and for a change."""
    with pytest.raises(UnknownClient, match="called Nobody"):
        bench.commands.enqueue(bench.book(), extras=Extras(client="Nobody"))
    assert bench.store.downloads.page().total == 0
    made = bench.commands.enqueue(bench.book(), extras=Extras(client="Scripted"))
    assert made.chosen_client == "Scripted"
    with pytest.raises(UnknownClient):
        bench.commands.adjust(made.id, client="Nobody")
    assert bench.commands.adjust(made.id, client="").chosen_client is None


@pytest.mark.parametrize("status", [S.QUEUED, S.SEARCHING, S.SEARCH_FAILED])
def test_a_person_may_choose_for_a_wanted_book(bench: Bench, status: S) -> None:
    """Whatever the search is at: the choice goes before it, and no second download is made."""
    wanted = bench.automatic()
    if status is not S.QUEUED:
        bench.recorder.record(wanted.id, e.SearchStarted("token", bench.clock.now()))
    if status is S.SEARCH_FAILED:
        bench.recorder.record(wanted.id, e.StageFailed(PermanentError("Nothing.").failure), token="token")
    after = bench.commands.choose(wanted.id, a_release(3), Extras(download_limit=1000))
    assert (after.acquisition, after.release_title, after.download_limit) == (S.FOUND, a_release(3).title, 1000)
    assert bench.store.downloads.page().total == 1
    with pytest.raises(IllegalTransition, match="another release"):
        bench.commands.choose(wanted.id, a_release(4))


def test_a_change_of_what_has_changed_is_refused(bench: Bench) -> None:
    """Who read an older version is told so, instead of undoing what somebody else did."""
    download = bench.commands.enqueue(bench.book())
    bench.commands.adjust(download.id, priority=4, version=download.version)
    with pytest.raises(StaleRecord):
        bench.commands.adjust(download.id, priority=9, version=download.version)
    assert bench.row(download.id).priority == 4


def test_a_place_in_the_queue_becomes_priorities(bench: Bench) -> None:
    """Before or after another, as the workers will take them; each change is in the log."""
    first, second, third = (bench.commands.enqueue(bench.book(number)).id for number in (1, 2, 3))
    changed = bench.commands.move(third, before=second)
    assert [one.id for one in bench.store.downloads.in_status(QUEUE)] == [first, third, second]
    assert bench.commands.move(first, after=second)[0].priority < 0
    assert [one.id for one in bench.store.downloads.in_status(QUEUE)] == [third, second, first]
    assert {one.event for one in bench.store.downloads.events(changed[0].id)} == {"Enqueued", "Adjusted"}


def test_only_what_waits_has_a_place(bench: Bench) -> None:
    first, second = (bench.commands.enqueue(bench.book(number)).id for number in (1, 2))
    bench.commands.cancel(first)
    with pytest.raises(NoPlace):
        bench.commands.move(first, before=second)
    with pytest.raises(NoPlace):
        bench.commands.move(second, before=first)
    with pytest.raises(UnknownDownload):
        bench.commands.move(99, before=second)


def test_a_move_that_shifts_everybody_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of lines in the log for one drag of the mouse would bury what happened."""
    ids = [bench.commands.enqueue(bench.book(number)).id for number in range(1, 9)]
    monkeypatch.setattr("auralarchive.pipeline.commands.MOST_MOVED", 2)
    with pytest.raises(NoPlace):
        bench.commands.move(ids[7], before=ids[3])
    assert [one.priority for one in bench.store.downloads.in_status(QUEUE)] == [0] * 8
