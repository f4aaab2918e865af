"""One look at each client and interval; what it shows is recorded, and silence proves nothing."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.domain.client_item import ItemState
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.observe import Timers
from auralarchive.domain.status import DownloadStatus, DownloadType, Removal, SeedingStatus
from auralarchive.pipeline.monitor import (
    AUTH_PAUSE_SECONDS,
    LOOK_AGAIN_SECONDS,
    SAVE_SECONDS,
    ClientHealth,
    MonitorSettings,
)
from auralarchive.pipeline.work import JobKind
from auralarchive.ports.clients import Payload
from auralarchive.ports.errors import AuthRefused, Unreachable
from auralarchive.ports.store import Downloads
from tests.support.processes import wait_for
from tests.support.scripted import Bench, ScriptedClient, a_release, a_torrent

S = DownloadStatus
DOWN = Unreachable("Nobody answers.", "Start it.")


class Counted:
    """The downloads, with a count of every call."""

    def __init__(self, real: Downloads) -> None:
        self._real, self.calls = real, Counter[str]()

    def __getattr__(self, name: str) -> object:
        self.calls[name] += 1
        return getattr(self._real, name)


def test_one_poll_a_client_and_tick(bench: Bench) -> None:
    for number in (1, 2):
        bench.at(S.DOWNLOADING, number)
    bench.client.calls.clear()
    for _ in range(3):
        bench.poll()
    assert bench.client.calls == {"test": 1, "poll": 3}


def test_quiet_torrents_cost_no_query(bench: Bench) -> None:
    """The rows are read again only after something was committed."""
    for number in (1, 2):
        bench.at(S.DOWNLOADING, number)
    bench.poll()
    counted = Counted(bench.store.downloads)
    bench.monitor._downloads = counted  # type: ignore[assignment]  # the same, counted
    for _ in range(5):
        bench.poll()
    assert not counted.calls
    bench.commands.adjust(1, priority=1)
    bench.poll()
    assert counted.calls == {"watched": 1}


def hang(until: threading.Event) -> None:
    until.wait(10)


def test_a_client_that_is_still_busy_is_not_asked_again(bench: Bench) -> None:
    """One that hangs holds up neither the tick nor the other clients."""
    answer = threading.Event()
    bench.client.before["poll"] = lambda: hang(answer)
    other = ScriptedClient(bench.folder / "other", "Other")
    bench.clients.clients.append(other)
    thread = threading.Thread(target=bench.monitor.run)
    bench.settings = MonitorSettings(polling_interval=0.05)
    thread.start()
    try:
        wait_for(lambda: other.calls["poll"] >= 5)
        assert bench.client.calls["poll"] == 1
    finally:
        answer.set()
        bench.monitor.stop()
        thread.join(10)


def test_a_failing_client_is_left_alone_for_growing_times_and_others_go_on(bench: Bench) -> None:
    other = ScriptedClient(bench.folder / "other", "Other")
    bench.clients.clients.append(other)
    download = bench.at(S.DOWNLOADING)
    bench.client.faults["poll"] = DOWN
    polled = []
    for second in range(130):
        before = bench.client.calls["poll"]
        bench.poll()
        polled += [second] if bench.client.calls["poll"] > before else []
        bench.held.forward(1)
    assert polled == [0, 2, 6, 14, 30, 62, 122]
    assert other.calls["poll"] == 130
    assert bench.health.trouble("Scripted") == "Nobody answers. Start it."
    assert bench.row(download.id).acquisition is S.DOWNLOADING


def test_one_good_answer_makes_it_well_again(bench: Bench) -> None:
    recovered: list[bool] = []
    bench.monitor._on_recovery = lambda: recovered.append(True)
    bench.client.faults["poll"] = DOWN
    bench.poll()
    bench.client.faults.clear()
    bench.held.forward(2)
    bench.poll()
    bench.poll()
    assert (bench.health.trouble("Scripted"), recovered) == (None, [True])
    (client,) = bench.monitor.status().clients
    assert (client.reachable, client.version, client.error) == (True, "1.0", None)


def test_a_refused_password_is_tried_once_in_half_an_hour(bench: Bench) -> None:
    """Clients ban who keeps knocking. New settings make a new client, which is asked at once."""
    bench.client.faults["poll"] = AuthRefused("The password is wrong.", "Mend it.")
    bench.poll()
    bench.held.forward(AUTH_PAUSE_SECONDS - 1)
    bench.poll()
    assert bench.client.calls["poll"] == 1
    bench.held.forward(1)
    bench.poll()
    assert bench.client.calls["poll"] == 2
    mended = bench.clients.clients[0] = ScriptedClient(bench.folder / "downloads")
    bench.poll()
    assert mended.calls["poll"] == 1
    assert bench.health.trouble("Scripted") is None


def test_a_bug_in_an_adapter_ends_nothing(bench: Bench) -> None:
    bench.client.faults["poll"] = KeyError("oops")
    bench.poll()
    (client,) = bench.monitor.status().clients
    assert not client.reachable


def test_a_bug_over_one_row_does_not_hide_the_others(bench: Bench) -> None:
    """Each row is followed for itself: what one runs into is logged, the rest goes on."""
    bad, good = bench.at(S.DOWNLOADING, 1), bench.at(S.DOWNLOADING, 2)
    for row in (bad, good):
        bench.client.arrive(row.download_client_id or "")
    bench.client.contents[bad.download_client_id or ""] = None  # type: ignore[assignment]  # what a bug would do
    for _ in range(2):
        bench.poll()
    assert bench.row(good.id).acquisition is S.COMPLETE
    assert bench.health.trouble("Scripted") is None


# --- what an item's state means -------------------------------------------------------------------


def test_progress_is_live_and_saved_now_and_then(bench: Bench) -> None:
    """Slow ones too: what creeps by less than a percent at a time is saved once it adds up."""
    download = bench.at(S.DOWNLOADING)
    item = download.download_client_id or ""
    saved = []
    for step in range(1, 7):
        bench.client.change(item, progress=step * 0.004, downloaded=step, download_speed=9)
        bench.poll()
        bench.held.forward(SAVE_SECONDS)
        bench.poll()
        saved.append(bench.row(download.id).progress)
    live = bench.monitor.live(download.id)
    assert live is not None
    assert (live.progress, live.speed_bps) == (2.4, 9)
    assert saved == [0.4, 0.4, 0.4, 1.6, 1.6, 1.6]
    assert bench.story(download.id)[-1] == "SentToClient"


def test_done_needs_two_looks(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.client.arrive(download.download_client_id or "")
    bench.poll()
    assert bench.row(download.id).acquisition is S.DOWNLOADING
    bench.poll()
    assert bench.row(download.id).acquisition is S.COMPLETE


def test_missing_is_looked_for_by_hash_before_it_is_lost(bench: Bench) -> None:
    """Somebody took our category away: still there. Really gone: three polls and two minutes later it fails."""
    download = bench.at(S.DOWNLOADING)
    item = bench.client.items[download.download_client_id or ""]
    bench.client.before["poll"] = bench.client.items.clear
    bench.client.before["find"] = lambda: bench.client.items.update({item.id: item})
    for _ in range(5):
        bench.poll()
        bench.held.forward(60)
    assert bench.row(download.id).acquisition is S.DOWNLOADING
    assert bench.client.calls["find"] >= 5
    bench.client.before.pop("find")
    bench.poll()
    bench.held.forward(100)
    bench.poll()
    bench.poll()
    assert bench.row(download.id).acquisition is S.DOWNLOADING
    bench.held.forward(20)
    bench.poll()
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind, row.retry_at) == (S.DOWNLOAD_FAILED, FailureKind.SOURCE_LOST, None)


@pytest.mark.parametrize("tag", ["auralarchive-main-1", "auralarchive-main-2", "auralarchive-other-1"])
def test_a_job_that_a_person_repeated_while_we_were_away_is_ours_by_its_tag(bench: Bench, tag: str) -> None:
    """It has another id and no info-hash, and lies in a history that no poll shows."""
    bench.client.protocols = frozenset({DownloadType.NZB})
    download = bench.commands.enqueue_payload(Payload(DownloadType.NZB, "Emma", data=b"<nzb/>"), bench.book(1))
    bench.work(JobKind.GRAB)
    download = bench.row(download.id)
    assert download.acquisition is S.DOWNLOADING
    job = bench.client.items.pop(download.download_client_id or "")
    again = replace(job, id="another", hashes=frozenset(), tags=frozenset({tag}))
    bench.client.before["find"] = lambda: bench.client.items.update({again.id: again})
    bench.client.before["poll"] = bench.client.items.clear
    for _ in range(5):
        bench.poll()
        bench.held.forward(60)
    found = tag == "auralarchive-main-1"
    assert bench.row(download.id).acquisition is (S.DOWNLOADING if found else S.DOWNLOAD_FAILED)


def test_an_id_that_has_become_another_downloads_is_not_followed(bench: Bench) -> None:
    """NZBGet's numbers begin anew once somebody has emptied its folders: its book would be taken for ours."""
    bench.client.protocols = frozenset({DownloadType.NZB})
    download = bench.commands.enqueue_payload(Payload(DownloadType.NZB, "Emma", data=b"<nzb/>"), bench.book(1))
    bench.work(JobKind.GRAB)
    download = bench.row(download.id)
    theirs = frozenset({f"auralarchive-main-{download.id + 1}"})
    bench.client.change(download.download_client_id or "", hashes=frozenset(), tags=theirs, state=ItemState.FAILED)
    for _ in range(5):
        bench.poll()
        bench.held.forward(60)
    assert bench.row(download.id).failure_kind is FailureKind.SOURCE_LOST


def test_a_paused_one_that_is_gone_is_asked_for_once_a_minute(bench: Bench) -> None:
    """It is never given up, so it would be asked for at every poll, for ever; resumed, it is at once."""
    download = bench.at(S.DOWNLOADING)
    bench.commands.pause(download.id)
    bench.poll()
    item = bench.client.items.pop(download.download_client_id or "")
    bench.client.calls.clear()
    for _ in range(10):
        bench.poll()
        bench.held.forward(LOOK_AGAIN_SECONDS / 5)
    assert bench.client.calls["find"] == 2
    bench.client.items[item.id] = item
    bench.poll()
    assert bench.client.calls["find"] == 2, "what shows itself need not be looked for"
    bench.client.items.clear()
    bench.commands.resume(download.id)
    bench.poll()
    bench.poll()
    assert bench.client.calls["find"] == 4


def test_silence_is_not_missing(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.client.faults["poll"] = DOWN
    for _ in range(10):
        bench.poll()
        bench.held.forward(3600)
    assert bench.row(download.id).acquisition is S.DOWNLOADING


@pytest.mark.parametrize("manual", [True, False])
def test_a_stall_ends_in_another_release_where_nobody_chose(bench: Bench, manual: bool) -> None:
    """The monitor's own verdicts are tried again like those of stages."""
    bench.indexer.releases = (a_release(1), a_release(2))
    bench.fetcher.behind = {a_release(number).download_url: a_torrent(number) for number in (1, 2)}
    download = bench.manual() if manual else bench.automatic()
    bench.work()
    bench.client.change(bench.row(download.id).download_client_id or "", state=ItemState.STALLED)
    bench.poll()
    bench.held.forward(Timers().stall_fail)
    bench.poll()
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind) == (S.DOWNLOAD_FAILED, FailureKind.STALLED)
    assert (row.retry_at is None) == manual
    bench.held.forward(5)
    bench.workshop.retry_due()
    bench.work()
    wanted = 1 if manual else 2
    assert set(bench.client.items) == {a_torrent(wanted).info_hash_v1}


def test_a_download_that_nobody_shares_gives_its_place_to_the_next(bench: Bench) -> None:
    """Two dead torrents must not stop all others for a week; when bytes come, the place is taken again."""
    bench.places = 1
    dead, healthy = bench.manual(1), bench.manual(2)
    bench.work()
    assert [bench.row(row.id).acquisition for row in (dead, healthy)] == [S.DOWNLOADING, S.FOUND]
    bench.client.change(bench.row(dead.id).download_client_id or "", state=ItemState.STALLED)
    bench.poll()
    bench.held.forward(599)
    bench.poll()
    assert bench.workshop.no_place() is not None
    bench.held.forward(1)
    bench.poll()
    bench.work()
    assert [bench.row(row.id).acquisition for row in (dead, healthy)] == [S.DOWNLOADING, S.DOWNLOADING]
    assert bench.workshop.no_place() is not None, "the healthy one holds the one place now"


def test_an_idle_one_that_is_paused_gives_no_second_place_away(bench: Bench) -> None:
    """Its client does not answer any more, so it is still shown as idle: only what is DOWNLOADING counts."""
    bench.places = 2
    dead, *healthy = (bench.at(S.DOWNLOADING, number) for number in (1, 2))
    bench.client.change(dead.download_client_id or "", state=ItemState.STALLED)
    bench.poll()
    bench.held.forward(600)
    bench.client.change(healthy[0].download_client_id or "", downloaded=5)
    bench.poll()
    assert bench.workshop.no_place() is None
    healthy.append(bench.at(S.DOWNLOADING, 3))
    bench.client.faults["poll"] = DOWN
    bench.commands.pause(dead.id)
    bench.poll()
    assert bench.live.idle() == {dead.id}
    assert bench.workshop.no_place() is not None


def test_what_an_unknown_state_is_called_is_told(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.client.change(download.download_client_id or "", state=ItemState.UNKNOWN, raw_state="dancing")
    bench.poll()
    assert '"dancing"' in (bench.row(download.id).reason or "")


def test_paused_here_and_paused_there(bench: Bench) -> None:
    """Our pause reaches the client; a pause made there is seen here; each goes on where it was stopped."""
    download = bench.at(S.DOWNLOADING)
    item = download.download_client_id or ""
    bench.poll()
    bench.commands.pause(download.id)
    bench.poll()
    assert bench.client.items[item].paused
    bench.commands.resume(download.id)
    bench.poll()
    assert not bench.client.items[item].paused
    bench.poll()
    bench.client.pause(item)
    bench.poll()
    assert bench.row(download.id).paused_in_client
    bench.client.resume(item)
    bench.poll()
    assert bench.row(download.id).acquisition is S.DOWNLOADING


def test_limits_are_handed_over_once(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.poll()
    assert bench.client.limits == []
    bench.commands.adjust(download.id, download_limit=1000, priority=2)
    bench.poll()
    bench.poll()
    item = download.download_client_id
    assert (bench.client.limits, bench.client.priorities) == ([(item, 1000, None)], [(item, 2)])
    bench.commands.adjust(download.id, download_limit=0)
    bench.poll()
    assert bench.client.limits[-1] == (item, None, None)


# --- seeding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("remove", [True, False])
def test_removal_waits_for_import_and_goal(bench: Bench, remove: bool) -> None:
    """The goal alone removes nothing while the book is not in the library; nor does the book without the goal."""
    bench.settings = MonitorSettings(remove_after_import=remove)
    download = bench.at(S.COMPLETE)
    item = download.download_client_id or ""
    bench.client.change(item, ratio=1.0)
    bench.poll()
    assert bench.row(download.id).seeding is SeedingStatus.SEEDED
    bench.poll()
    assert bench.row(download.id).removal is Removal.NONE
    bench.work()
    bench.poll()
    bench.work()
    bench.poll()
    row = bench.row(download.id)
    assert row.acquisition is S.IMPORTED
    assert (item in bench.client.items) != remove
    assert row.seeding is (SeedingStatus.REMOVED if remove else SeedingStatus.SEEDED)


def test_a_seeding_item_that_vanished_only_ends_the_seeding(bench: Bench) -> None:
    download = bench.at(S.IMPORTED)
    bench.client.items.clear()
    for _ in range(4):
        bench.poll()
        bench.held.forward(60)
    row = bench.row(download.id)
    assert (row.acquisition, row.seeding) == (S.IMPORTED, SeedingStatus.REMOVED)


# --- what is remembered ---------------------------------------------------------------------------


def test_what_is_no_longer_watched_is_forgotten(bench: Bench) -> None:
    """Nothing in memory grows with the number of books ever downloaded."""
    bench.client.seeds = False
    for number in (1, 2, 3):
        download = bench.at(S.DOWNLOADING, number)
        bench.commands.adjust(download.id, download_limit=5)
        bench.poll()
        bench.held.forward(SAVE_SECONDS)
        bench.poll()
        bench.complete(download.id)
        bench.work()
    bench.poll()
    monitor = bench.monitor
    assert (monitor._watches, monitor._steering._items, monitor._saved, monitor._look_again) == ({}, {}, {}, {})
    assert (bench.completion._looks, bench.live.all()) == ({}, {})


def test_a_download_of_a_client_that_is_not_enabled_says_so(bench: Bench) -> None:
    """Nobody polls it any more: without a word it would stand at DOWNLOADING for ever."""
    download = bench.at(S.DOWNLOADING)
    removed = bench.clients.clients.pop()
    bench.poll()
    bench.poll()
    assert bench.row(download.id).reason == (
        'Waiting: the client "Scripted" is not enabled. Enable it in the settings.'
    )
    assert bench.story(download.id).count("Waiting") == 1
    bench.clients.clients.append(removed)
    bench.poll()
    assert bench.row(download.id).reason is None


def test_a_row_that_moved_on_is_left_alone(bench: Bench) -> None:
    """A person's cancel between the poll and its evaluation wins."""
    download = bench.at(S.DOWNLOADING)
    bench.client.arrive(download.download_client_id or "")
    bench.poll()
    bench.client.before["poll"] = lambda: _cancel_once(bench, download.id)
    bench.poll()
    assert bench.row(download.id).acquisition is S.CANCELLED


def _cancel_once(bench: Bench, download_id: int) -> None:
    bench.client.before.clear()
    bench.commands.cancel(download_id)


def test_a_database_that_is_away_is_no_fault_of_the_client(bench: Bench) -> None:
    download = bench.at(S.DOWNLOADING)
    bench.client.change(download.download_client_id or "", state=ItemState.FAILED)
    real, bench.monitor._recorder = bench.monitor._recorder, _Away()  # type: ignore[assignment]
    bench.poll()
    assert bench.health.trouble("Scripted") is None
    bench.monitor._recorder = real
    bench.poll()
    assert bench.row(download.id).acquisition is S.DOWNLOAD_FAILED


class _Away:
    def record(self, *_: object, **__: object) -> None:
        raise Unreachable("The database does not answer.", kind=FailureKind.INTERRUPTED)


def test_it_can_be_stopped_and_started(bench: Bench, tmp_path: Path) -> None:
    bench.settings = MonitorSettings(polling_interval=0.05)
    thread = threading.Thread(target=bench.monitor.run)
    thread.start()
    try:
        wait_for(lambda: bench.client.calls["poll"])
        bench.monitor.stop_monitoring()
        assert not bench.monitor.running
        wait_for(lambda: not bench.monitor.status().monitoring)
        bench.monitor.start_monitoring()
        count = bench.client.calls["poll"]
        wait_for(lambda: bench.client.calls["poll"] > count + 1)
    finally:
        bench.monitor.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_health_tells_only_what_changes() -> None:
    health = ClientHealth()
    assert health.note("A", None) is False
    assert health.note("A", "down") is True
    assert health.note("A", "still down") is False
    assert health.trouble("A") == "still down"
    assert health.note("A", None) is True


def test_before_the_first_poll_a_client_was_not_asked(bench: Bench) -> None:
    (client,) = bench.monitor.status().clients
    assert client.error == "Not asked yet."
