"""The runner in threads: nothing twice, nothing left under a claim, and cancels within a second."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from auralarchive.domain.status import DownloadStatus
from auralarchive.engine.local import PLACES, LocalRunner
from auralarchive.pipeline.work import JobKind, Workshop
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import Unreachable
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.clock import SystemClock
from tests.support.processes import wait_for
from tests.support.scripted import Bench, a_bench, a_release, a_torrent

S = DownloadStatus


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, clock=SystemClock()) as made:
        yield made


@contextmanager
def running(*runners: LocalRunner) -> Iterator[None]:
    """They run until the block ends; an error of theirs is the test's."""
    with ThreadPoolExecutor(len(runners)) as pool:
        ends = [pool.submit(runner.run) for runner in runners]
        try:
            yield
        finally:
            for runner in runners:
                runner.stop()
        for end in ends:
            end.result(20)


def a_runner(bench: Bench, workshop: Workshop | None = None, check: float = 0.05) -> LocalRunner:
    made = LocalRunner(
        workshop or bench.workshop, bench.store.downloads, bench.clock, idle_seconds=0.05, check_seconds=check
    )
    bench.store.on_commit(made.wake)
    return made


def in_status(bench: Bench, *statuses: DownloadStatus) -> int:
    return len(bench.store.downloads.in_status(statuses))


def test_two_runners_never_do_the_same_work(tmp_path: Path, database_url: str) -> None:
    """Each as a process of its own would have it, over one database: every stage of every book runs once."""
    with a_bench(tmp_path, database_url, SystemClock()) as bench, a_second(bench, tmp_path, database_url) as second:
        bench.places = 3
        added = Counter[str]()
        for client in (bench.client, second.client):
            client.before["add"] = lambda: added.update(["add"])
        rows = [bench.manual(number) for number in range(1, 9)]
        most, give_up = 0, time.monotonic() + 60
        with running(a_runner(bench), a_runner(second)):
            while in_status(bench, S.IMPORTED, S.SEEDING) < len(rows):
                assert time.monotonic() < give_up
                most = max(most, in_status(bench, S.DOWNLOADING))
                for row in bench.store.downloads.in_status([S.DOWNLOADING]):
                    finish(bench, row.id)
                time.sleep(0.02)
        assert most <= 3
        assert added["add"] == len(rows)
        assert len(bench.converter.requests) + len(second.converter.requests) == len(rows)
        for row in rows:
            story = bench.story(row.id)
            assert len(story) == len(set(story)), story
        assert bench.store.downloads.claimed() == ()


@contextmanager
def a_second(bench: Bench, folder: Path, url: str) -> Iterator[Bench]:
    """Another process over the same database, client and folders."""
    with a_bench(folder, url, SystemClock()) as second:
        second.clients.clients[0] = second.client = bench.client
        if url.startswith("sqlite"):  # one process only there: the same store, as its threads have it
            second.store.close()
            second.store = bench.store
            workshop = Workshop(bench.tools, bench.recorder, bench.workshop.policy, 60.0, lambda: bench.places)
            second.converter, second.workshop = bench.converter, workshop
            second.converter = type(bench.converter)()
        second.places = 3
        yield second


def finish(bench: Bench, download_id: int) -> None:
    """All bytes are there and were looked at twice."""
    row = bench.row(download_id)
    if row.acquisition is S.DOWNLOADING and row.download_client_id in bench.client.items:
        bench.client.arrive(row.download_client_id or "")
        for _ in range(2):
            bench.monitor.wake()
            bench.poll()


def test_an_automatic_book_walks_by_itself(bench: Bench) -> None:
    bench.indexer.releases = (a_release(),)
    bench.fetcher.behind[a_release().download_url] = a_torrent()
    with running(a_runner(bench)):
        download = bench.automatic()
        wait_for(lambda: bench.row(download.id).acquisition is S.DOWNLOADING)
        finish(bench, download.id)
        wait_for(lambda: bench.row(download.id).acquisition is S.IMPORTED)


def a_long_conversion(bench: Bench) -> tuple[threading.Event, list[bool]]:
    """The next conversion lasts until it is cancelled; that it began, and whether it ended by a cancel."""
    begun, ended = threading.Event(), list[bool]()

    def hold(request: ConvertRequest, cancel: CancelToken) -> None:
        begun.set()
        ended.append(cancel.wait(20))

    bench.converter.during = hold
    return begun, ended


@pytest.mark.parametrize("action", ["cancel", "take over"])
def test_work_that_is_taken_away_hears_of_it(bench: Bench, action: str) -> None:
    """A cancel wakes the keeper; a take-over by another worker is found out by its look at the claim."""
    begun, ended = a_long_conversion(bench)
    download = bench.at(S.COMPLETE)
    with running(a_runner(bench)):
        assert begun.wait(10)
        bench.converter.during = None
        if action == "cancel":
            bench.commands.cancel(download.id)
        else:
            rob(bench, download.id)
        wait_for(lambda: ended)
        assert ended == [True]
        wait_for(lambda: not list((bench.folder / "work").iterdir()))


def rob(bench: Bench, download_id: int) -> None:
    """Another worker has the claim: as after a freeze longer than the lease."""
    before = bench.row(download_id)
    with bench.store.downloads._database.write() as connection:
        connection.exec_driver_sql("UPDATE download_queue SET claim_token = 'another'")
    assert bench.row(download_id).claim_token == "another" != before.claim_token


def test_a_long_stage_keeps_its_lease(bench: Bench) -> None:
    """Longer than the lease, and nobody takes it over: it is renewed in time."""
    begun, ended = a_long_conversion(bench)
    download = bench.at(S.COMPLETE)
    workshop = Workshop(bench.tools, bench.recorder, bench.workshop.policy, 0.6, lambda: 2)
    with running(a_runner(bench, workshop)):
        assert begun.wait(10)
        first = bench.row(download.id)
        time.sleep(1.3)
        now = bench.row(download.id)
        assert now.claim_token == first.claim_token
        assert now.lease_until is not None
        assert first.lease_until is not None
        assert now.lease_until > first.lease_until
        assert not ended
        bench.commands.cancel(download.id)


def test_a_stop_gives_the_work_back(bench: Bench) -> None:
    """At once claimable for the next process: nobody has to wait for a lease to run out."""
    begun, _ = a_long_conversion(bench)
    download = bench.at(S.COMPLETE)
    runner = a_runner(bench)
    with running(runner):
        assert begun.wait(10)
        assert runner.running == (download.id,)
    row = bench.row(download.id)
    assert (row.acquisition, row.claim_token) == (S.COMPLETE, None)
    assert list((bench.folder / "work").iterdir()) == []


def test_what_a_killed_process_held_is_taken_over_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's lock says that it is dead: an hour's lease need not run out."""
    download = bench.at(S.COMPLETE)
    workshop = Workshop(bench.tools, bench.recorder, bench.workshop.policy, 3600, lambda: 2)
    assert workshop.claim(download) is not None
    monkeypatch.setattr(type(bench.store.downloads), "abandoned", type(bench.store.downloads).claimed)
    with running(a_runner(bench)):
        wait_for(lambda: bench.row(download.id).acquisition is S.IMPORTED, timeout=20)
    assert "Released" in bench.story(download.id)


def test_no_more_at_once_than_there_are_places(bench: Bench) -> None:
    """One conversion at a time; a cancel has places of its own and does not wait for it."""
    begun, _ = a_long_conversion(bench)
    first, second = bench.at(S.COMPLETE, 1), bench.at(S.COMPLETE, 2)
    with running(a_runner(bench)):
        assert begun.wait(10)
        time.sleep(0.2)
        assert [bench.row(row.id).acquisition for row in (first, second)] == [S.CONVERTING, S.COMPLETE]
        bench.commands.cancel(second.id)
        wait_for(lambda: second.download_client_id not in bench.client.items)
        bench.converter.during = None
        bench.commands.cancel(first.id)


def test_a_retry_comes_by_itself(bench: Bench) -> None:
    bench.client.faults["add"] = Unreachable("Nobody answers.")
    policy = type(bench.workshop.policy)(bench.workshop.policy.limits, scale=0.005)
    workshop = Workshop(bench.tools, bench.recorder, policy, 60.0, lambda: 2)
    download = bench.manual()
    with running(a_runner(bench, workshop)):
        wait_for(lambda: bench.row(download.id).acquisition is S.DOWNLOAD_FAILED)
        bench.client.faults.clear()
        bench.poll()  # the monitor finds it well again: until then it is left alone
        wait_for(lambda: bench.row(download.id).acquisition is S.DOWNLOADING)


def test_a_database_that_is_away_is_waited_for(bench: Bench) -> None:
    """Neither the dispatcher nor the keeper ends when it does not answer for a while."""
    runner = a_runner(bench)
    begun, ended = a_long_conversion(bench)
    download = bench.at(S.COMPLETE)
    with running(runner):
        assert begun.wait(10)
        real, runner._downloads = runner._downloads, _Away()  # type: ignore[assignment]
        time.sleep(0.3)
        assert not ended
        runner._downloads = real
        bench.commands.cancel(download.id)
        wait_for(lambda: ended)


class _Away:
    def __getattr__(self, name: str) -> object:
        raise Unreachable("The database does not answer.")


class _Broken:
    def claim_held(self, *_: object) -> bool:
        raise KeyError("bug")

    def claimable(self, *_: object) -> tuple[object, ...]:
        return ()


def test_a_keeper_that_dies_ends_the_runner_with_its_error(bench: Bench) -> None:
    """Work whose lease nobody renews would be done twice: better to end loudly."""
    begun, _ = a_long_conversion(bench)
    bench.at(S.COMPLETE)
    runner = a_runner(bench)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            runner.run()
        except KeyError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    runner._downloads = _Broken()  # type: ignore[assignment]
    thread.join(20)
    assert len(failed) == 1


def test_every_kind_of_work_has_places() -> None:
    assert set(PLACES) == set(JobKind)
    assert PLACES[JobKind.CONVERT] == 1
