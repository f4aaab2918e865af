"""Claims, fences, retries and what is left behind: what every runner does with one claim."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.choice import Why
from auralarchive.domain.download import Download
from auralarchive.domain.failures import RELEASE_FAULTS, SURROUNDINGS, FailureKind
from auralarchive.domain.lifecycle import RETRY_TO
from auralarchive.domain.status import DownloadStatus, Removal
from auralarchive.pipeline import work
from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.pipeline.stages import convert, grab
from auralarchive.pipeline.work import JobKind, kind_of
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import AuthRefused, Damaged, NoSpace, PermanentError, TransientError, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.records import a_download
from tests.support.scripted import Bench, ScriptedClient, a_bench, a_release, a_torrent

S = DownloadStatus


@pytest.fixture
def any_bench(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """On either database."""
    with a_bench(tmp_path, database_url) as made:
        yield made


def folders(bench: Bench) -> list[str]:
    return sorted(path.name for path in (bench.folder / "work").iterdir())


def test_a_book_walks_the_whole_way(bench: Bench) -> None:
    bench.indexer.releases = (a_release(),)
    bench.fetcher.behind[a_release().download_url] = a_torrent()
    download = bench.automatic()
    bench.work()
    bench.complete(download.id)
    bench.work()
    assert bench.story(download.id) == [
        "Enqueued",
        "SearchStarted",
        "ReleaseChosen",
        "GrabStarted",
        "PayloadStored",
        "GrabStarted",
        "SentToClient",
        "DownloadCompleted",
        "ConversionStarted",
        "ConversionDone",
        "ImportStarted",
        "ImportDone",
    ]
    assert folders(bench) == []


@pytest.mark.parametrize("status", list(S))
def test_every_status_of_a_worker_has_its_work(status: DownloadStatus) -> None:
    """Nobody's row: what the table gives to a worker, a worker takes; everything else it leaves alone."""
    if status in (S.SEEDING, S.SEEDING_COMPLETE):
        return
    assert (kind_of(a_download(status)) is not None) == (status.owner.value == "worker")


# --- claims and fences ----------------------------------------------------------------------------


def test_a_claim_is_taken_once(any_bench: Bench) -> None:
    """Eight threads with the same view of the same row: one gets it."""
    row = any_bench.automatic()
    start = threading.Barrier(8)

    def take(_: int) -> bool:
        start.wait()
        return any_bench.workshop.claim(row) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_an_expired_lease_is_work_again(bench: Bench) -> None:
    """A worker that died needs nobody to tell: its row is claimable, and its late word counts for nothing."""
    download = bench.at(S.COMPLETE)
    dead = bench.claim(download.id)
    assert bench.work() == 0
    bench.held.forward(61)
    assert bench.work() == 2
    assert bench.row(download.id).acquisition is S.IMPORTED
    before = bench.row(download.id)
    bench.workshop.run(dead)
    assert bench.row(download.id) == before


def test_a_renewed_lease_is_kept(bench: Bench) -> None:
    job = bench.claim(bench.automatic().id)
    bench.held.forward(50)
    assert bench.workshop.renew(job)
    bench.held.forward(50)
    assert bench.work() == 0
    bench.commands.cancel(job.download.id)
    assert not bench.workshop.renew(job)


def test_a_conversion_that_was_cancelled_leaves_nothing(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)

    def cancel(request: ConvertRequest, token: CancelToken) -> None:
        bench.commands.cancel(download.id)

    bench.converter.during = cancel
    bench.work(JobKind.CONVERT)
    assert folders(bench) == []
    assert bench.store.recipes.get(download.id) is None
    assert bench.row(download.id).acquisition is S.CANCELLED
    bench.work()
    assert bench.client.items == {}


def test_a_conversion_that_was_overtaken_leaves_only_its_successors(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    late = bench.claim(download.id)
    event = convert.run(late, bench.tools)
    bench.held.forward(61)
    bench.work(JobKind.CONVERT)
    late_folder = convert.work_folder(bench.tools, download.id, late.token)
    assert isinstance(event, e.ConversionDone)
    assert not late_folder.exists()
    bench.work()
    assert bench.row(download.id).acquisition is S.IMPORTED


def test_a_download_cancelled_while_it_is_added_is_removed_again(bench: Bench) -> None:
    """SentToClient comes after the cancel, even after its clean-up: the stray is found and removed."""
    download = bench.manual()
    job = bench.claim(download.id)

    def cancel_and_clean_up() -> None:
        bench.client.before.clear()
        bench.commands.cancel(download.id)
        assert bench.work(JobKind.CLEANUP) == 1

    bench.client.before["add"] = cancel_and_clean_up
    bench.workshop.run(job)
    assert bench.story(download.id)[-2:] == ["CleanedUp", "StrayFound"]
    bench.work()
    assert bench.client.items == {}
    assert bench.row(download.id).removal is Removal.DONE


def pause_once(bench: Bench, download_id: int) -> None:
    bench.client.before.clear()
    bench.commands.pause(download_id)


def test_a_download_paused_while_it_is_added_stands_still(bench: Bench) -> None:
    """The client got it all the same: it is stopped there, and resumed when the person wants it."""
    download = bench.manual()
    job = bench.claim(download.id)
    bench.client.before["add"] = lambda: pause_once(bench, download.id)
    bench.workshop.run(job)
    (item,) = bench.client.items.values()
    assert (item.paused, bench.row(download.id).acquisition) == (True, S.PAUSED)
    bench.commands.resume(download.id)
    bench.work()
    bench.poll()
    assert not bench.client.items[item.id].paused
    assert bench.row(download.id).acquisition is S.DOWNLOADING


def test_a_client_that_is_away_while_a_late_item_is_undone_ends_nothing(bench: Bench) -> None:
    download = bench.manual()
    job = bench.claim(download.id)
    bench.client.before["add"] = lambda: pause_once(bench, download.id)
    bench.client.faults["pause"] = Unreachable("Nobody answers.")
    bench.workshop.run(job)
    assert bench.row(download.id).acquisition is S.PAUSED


# --- places ---------------------------------------------------------------------------------------


def test_places_are_not_exceeded_in_a_race(any_bench: Bench) -> None:
    """Ten claims at once for two places: two get one, the others say what they wait for."""
    rows = [any_bench.manual(number) for number in range(1, 11)]
    start = threading.Barrier(10)

    def grab_it(index: int) -> bool:
        start.wait()
        job = any_bench.workshop.claim(rows[index])
        if job is not None:
            any_bench.workshop.run(job)
        return job is not None

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(grab_it, range(10))) == 2
    assert any_bench.store.downloads.counts() == {S.DOWNLOADING: 2, S.FOUND: 8}
    waiting = any_bench.store.downloads.in_status([S.FOUND])
    assert {row.reason for row in waiting} == {"Waiting for a free place: 2 may download at once."}


def test_a_free_place_is_taken_by_the_most_urgent(bench: Bench) -> None:
    bench.places = 1
    first, second, third = (bench.manual(number) for number in (1, 2, 3))
    bench.commands.adjust(third.id, priority=5)
    bench.work()
    assert [bench.row(row.id).acquisition for row in (first, second, third)] == [S.FOUND, S.FOUND, S.DOWNLOADING]
    bench.complete(third.id)
    bench.work(JobKind.GRAB)
    assert bench.row(first.id).acquisition is S.DOWNLOADING


def test_waiting_is_told_once(bench: Bench) -> None:
    """Looking again and again at a row that waits writes nothing."""
    bench.places = 0
    download = bench.manual()
    for _ in range(5):
        assert bench.work() == 0
    assert bench.story(download.id).count("Waiting") == 1


def test_a_client_in_trouble_is_waited_for(bench: Bench) -> None:
    download = bench.manual()
    bench.health.note("Scripted", "Nobody answers.")
    assert bench.work() == 0
    assert bench.row(download.id).reason == "Waiting for Scripted: Nobody answers."
    bench.health.note("Scripted", None)
    bench.work()
    assert bench.row(download.id).acquisition is S.DOWNLOADING
    assert bench.row(download.id).reason is None


def test_hundreds_that_wait_do_not_hide_one_that_can_go_on(bench: Bench) -> None:
    """150 rows without a place, and then a cancel and a conversion of later ones: both are done."""
    bench.places = 1
    running = bench.at(S.DOWNLOADING, 1)
    for number in range(2, 152):
        bench.manual(number)
    late = bench.manual(200)
    bench.complete(running.id)
    bench.commands.cancel(late.id)
    bench.work(JobKind.CLEANUP, JobKind.CONVERT)
    assert bench.row(running.id).acquisition is S.CONVERTED
    assert bench.row(late.id).removal is Removal.DONE


# --- failures and retries -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "limit"), [(S.DOWNLOAD_FAILED, 2), (S.CONVERSION_FAILED, 1), (S.IMPORT_FAILED, 2), (S.SEARCH_FAILED, 3)]
)
def test_each_stage_is_tried_so_often_and_no_more(bench: Bench, failed: DownloadStatus, limit: int) -> None:
    """Growing waits, a limit per stage, then a person; whose retry counts anew."""
    error = TransientError("It hiccuped.", "Wait.", kind=FailureKind.INTERRUPTED)
    bench.client.faults["add"] = bench.converter.fault = error
    download = bench.automatic() if failed is S.SEARCH_FAILED else bench.manual()
    if failed in (S.CONVERSION_FAILED, S.IMPORT_FAILED):
        bench.client.faults.clear()
        bench.work()
        bench.complete(download.id)
    if failed is S.IMPORT_FAILED:
        bench.converter.fault = None
        bench.work(JobKind.CONVERT)
        (bench.library.root / "Ada Author").write_text("a file where the author's folder belongs")
    waits = []
    for _ in range(limit + 1):
        bench.work()
        row = bench.row(download.id)
        assert row.acquisition is failed
        if row.retry_at is None:
            break
        wait = (row.retry_at - bench.clock.now()).total_seconds()
        waits.append(wait)
        bench.held.forward(wait - 1)
        assert bench.workshop.retry_due() == 0
        bench.held.forward(1)
        assert bench.workshop.retry_due() == 1
        assert bench.row(download.id).acquisition is RETRY_TO[failed]
    if failed is not S.IMPORT_FAILED:  # there a person has to act at once
        assert len(waits) == limit
        assert waits == sorted(waits)
        assert 60 <= waits[0] <= 66
    assert bench.row(download.id).retry_at is None
    assert bench.row(download.id).reason


def test_a_result_is_kept_until_the_database_takes_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that was full for a moment does not cost an hour of conversion."""
    download = bench.at(S.COMPLETE)
    faults = [NoSpace("The database's disk is full.", "Free some space on it.") for _ in range(2)]
    commit = bench.store.downloads.commit

    def full_for_a_moment(before: Download, after: Download, event: e.Event) -> object:
        if isinstance(event, e.ConversionDone) and faults:
            raise faults.pop()
        return commit(before, after, event)

    monkeypatch.setattr(work, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(bench.store.downloads, "commit", full_for_a_moment)
    bench.work(JobKind.CONVERT)
    assert not faults
    assert bench.row(download.id).acquisition is S.CONVERTED
    assert bench.story(download.id).count("ConversionStarted") == 1


@pytest.mark.parametrize("kind", sorted(SURROUNDINGS))
def test_surroundings_never_use_up_the_attempts(bench: Bench, kind: FailureKind) -> None:
    """A full disk is waited for as long as it takes."""
    download = bench.at(S.COMPLETE)
    bench.converter.fault = NoSpace("The disk is full.", "Make room.", kind=kind)
    for _ in range(6):
        bench.work()
        row = bench.row(download.id)
        assert row.acquisition is S.CONVERSION_FAILED
        assert row.retry_at is not None
        bench.held.forward(7 * 3600)
        bench.workshop.retry_due()
    bench.converter.fault = None
    bench.work()
    assert bench.row(download.id).acquisition is S.IMPORTED


@pytest.mark.parametrize("kind", sorted(RELEASE_FAULTS))
def test_a_bad_release_makes_room_for_another(bench: Bench, kind: FailureKind) -> None:
    """An automatic download takes the next one and never the same again, until there is none."""
    bench.indexer.releases = (a_release(1), a_release(2))
    bench.fetcher.behind = {
        release.download_url: PermanentError("It is bad.", "Choose another.", kind=kind)
        for release in bench.indexer.releases
    }
    download = bench.automatic()
    for _ in range(3):
        bench.work()
        bench.held.forward(5)
        bench.workshop.retry_due()
    assert bench.fetcher.fetched == [a_release(1).download_url, a_release(2).download_url]
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind) == (S.SEARCH_FAILED, FailureKind.NOTHING_FOUND)
    assert "Nothing else that fits" in (row.reason or "")


def test_a_manual_download_waits_for_its_person(bench: Bench) -> None:
    """Who chose a release is not given another one."""
    download = bench.commands.enqueue_link("https://feed.example/1.torrent", bench.book())
    bench.work()
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind, row.retry_at) == (S.DOWNLOAD_FAILED, FailureKind.RELEASE_GONE, None)


def test_a_damaged_download_is_replaced(bench: Bench) -> None:
    """Found out while converting: the next release is searched for, the damaged one leaves the client."""
    bench.indexer.releases = (a_release(1), a_release(2))
    bench.fetcher.behind = {a_release(number).download_url: a_torrent(number) for number in (1, 2)}
    download = bench.automatic()
    bench.work()
    bench.complete(download.id)
    bench.converter.fault = Damaged("It is cut.", "Choose another release.")
    bench.work()
    bench.converter.fault = None
    bench.held.forward(5)
    bench.workshop.retry_due()
    bench.work()
    assert set(bench.client.items) == {a_torrent(2).info_hash_v1}
    bench.complete(download.id)
    bench.work()
    assert bench.row(download.id).acquisition is S.IMPORTED


def test_a_refused_password_is_no_failure_of_the_download(bench: Bench) -> None:
    download = bench.manual()
    bench.client.faults["add"] = AuthRefused("The password is wrong.", "Mend it in the settings.")
    job = bench.claim(download.id)
    bench.workshop.run(job)
    row = bench.row(download.id)
    assert (row.acquisition, row.claim_token) == (S.FOUND, None)
    assert "password is wrong" in (row.reason or "")


def test_a_refused_password_is_not_tried_again_before_the_client_is_well(bench: Bench) -> None:
    """Nobody polls yet, or any more: the log must not fill with attempts all the same."""
    download = bench.manual()
    bench.client.faults["add"] = AuthRefused("The password is wrong.", "Mend it in the settings.")
    bench.work()
    assert bench.client.calls["add"] == 1
    assert "password is wrong" in (bench.row(download.id).reason or "")
    bench.client.faults.clear()
    bench.poll()
    bench.work()
    assert bench.row(download.id).acquisition is S.DOWNLOADING


def test_a_bug_in_a_stage_is_a_failure_and_not_the_end(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    bench.converter.fault = KeyError("oops")
    bench.work()
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind) == (S.CONVERSION_FAILED, FailureKind.BUG)
    assert "report it" in (row.reason or "")


def test_a_retry_in_anothers_way_is_abandoned(bench: Bench) -> None:
    """Meanwhile the book was queued anew: the old row is left to its person, the runner goes on."""
    download = bench.at(S.COMPLETE)
    bench.converter.fault = NoSpace("The disk is full.", "Make room.")
    bench.work()
    other = bench.automatic()
    bench.held.forward(3600)
    bench.workshop.retry_due()
    row = bench.row(download.id)
    assert (row.acquisition, row.retry_at) == (S.CONVERSION_FAILED, None)
    assert f"download {other.id} is already active" in (row.reason or "")
    assert bench.workshop.retry_due() == 0


def test_a_lost_source_comes_once_more(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    Path(download.temp_file_path or "").unlink()
    bench.work()
    assert bench.row(download.id).failure_kind is FailureKind.SOURCE_LOST
    assert bench.commands.retry(download.id).acquisition is S.FOUND


# --- what is left behind --------------------------------------------------------------------------


def test_folders_stay_for_whom_they_are_needed(bench: Bench) -> None:
    download = bench.at(S.CONVERTED)
    before = folders(bench)
    bench.workshop.sweep(download.id)
    assert folders(bench) == before != []
    bench.commands.cancel(download.id)
    bench.work()
    assert folders(bench) == []


def test_finished_parts_of_an_encode_outlive_a_killed_worker_but_not_the_download(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    units = convert.units_folder(bench.tools, download.id)
    (units / "part").mkdir(parents=True)
    bench.workshop.sweep(download.id)
    assert units.exists()
    bench.commands.cancel(download.id)
    bench.work()
    Reconciler(bench.tools, bench.workshop).sweep_disk()
    assert not units.exists()


def test_figures_go_with_the_work(bench: Bench) -> None:
    """A board that keeps every book for ever grows for ever."""
    bench.client.seeds = False
    download = bench.at(S.COMPLETE)
    bench.work()
    assert bench.row(download.id).acquisition is S.IMPORTED
    assert bench.live.all() == {}


def test_a_stray_of_a_living_download_is_none(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.workshop.found_in_client(download.id)
    assert bench.row(download.id) == download


def test_two_clients_one_item(bench: Bench, tmp_path: Path) -> None:
    """The duplicate of our own making is undone too: added twice by two workers, it is there once."""
    bench.clients.clients.append(ScriptedClient(tmp_path / "second", "Second"))
    download = bench.manual()
    late = bench.claim(download.id)
    bench.held.forward(61)
    bench.work()
    assert grab.run(late, bench.tools) == e.SentToClient("Scripted", download.info_hash_v1 or "", why=Why.PREFERRED)
    bench.workshop.run(late)
    assert len(bench.client.items) == 1
    assert bench.row(download.id).acquisition is S.DOWNLOADING
