"""Limits and order are ours: handed over, put back, and told once; a client's own limits come back to it."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from auralarchive.domain.choice import Rule
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.speed_plan import DAYS, Span, SpeedPlan
from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.steering import FIRST_WAIT, LOOK_SECONDS, OwnLimits, Steering
from auralarchive.ports.clients import Ability
from auralarchive.ports.errors import AuthRefused, Unreachable
from tests.support.scripted import Bench, ScriptedClient

S = DownloadStatus
SLOW, OWN = SpeedLimits(100_000, 50_000), SpeedLimits(5_000_000, None)
EVERY_DAY = frozenset(range(len(DAYS)))


@pytest.fixture(autouse=True)
def room(bench: Bench) -> None:
    bench.places = 20


def limited(bench: Bench, number: int = 1, limit: int = 100_000) -> Download:
    download = bench.at(S.DOWNLOADING, number)
    bench.commands.adjust(download.id, download_limit=limit)
    return bench.row(download.id)


def by_hand(bench: Bench, download: Download, limits: SpeedLimits) -> None:
    bench.client.change(download.download_client_id or "", limits=limits)


# --- single items ---------------------------------------------------------------------------------


def test_a_limit_is_handed_over_once(bench: Bench) -> None:
    download = limited(bench)
    for _ in range(3):
        bench.poll()
        bench.held.forward(FIRST_WAIT)
    assert bench.client.limits == [(download.download_client_id, 100_000, None)]


def test_what_was_changed_there_is_put_back_and_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    download = limited(bench)
    bench.poll()
    bench.poll()
    for _ in range(3):
        by_hand(bench, download, SpeedLimits(999_000, None))
        bench.held.forward(FIRST_WAIT)
        bench.poll()
        bench.poll()
        assert bench.client.items[download.download_client_id or ""].limits == SpeedLimits(100_000, None)
    assert caplog.text.count("were changed in Scripted; ours are put back") == 1


def test_a_client_that_keeps_whole_kib_is_left_in_peace(bench: Bench) -> None:
    download = limited(bench)
    bench.poll()
    by_hand(bench, download, SpeedLimits(99_328, None))
    bench.held.forward(FIRST_WAIT)
    bench.poll()
    assert bench.client.calls["set_limits"] == 1


def test_a_client_that_ignores_it_is_asked_after_growing_waits(bench: Bench) -> None:
    """Not at every poll: two requests each, for nothing."""
    download = limited(bench)
    calls: list[int] = []
    for second in range(40):
        bench.poll()
        by_hand(bench, download, SpeedLimits())
        if bench.client.calls["set_limits"] > len(calls):
            calls.append(second)
        bench.held.forward(1)
    assert calls == [0, 5, 15, 35]


def test_limits_that_nobody_set_here_are_the_clients_own(bench: Bench) -> None:
    """Whoever steers a torrent in its client only is left alone."""
    download = bench.at(S.DOWNLOADING)
    by_hand(bench, download, SpeedLimits(5000, 5000))
    bench.poll()
    bench.commands.adjust(download.id, priority=0, download_limit=0, upload_limit=0)
    bench.poll()
    assert bench.client.limits == []


def test_a_limit_that_is_lifted_here_is_lifted_there(bench: Bench) -> None:
    """Also where the process ended in between: the record knows that it was ours."""
    download = limited(bench)
    bench.poll()
    bench.commands.adjust(download.id, download_limit=0)
    bench.monitor._steering._items.clear()
    bench.poll()
    assert bench.client.limits[-1] == (download.download_client_id, None, None)


def test_a_client_that_tells_no_limits_gets_them_again_after_it_was_away(bench: Bench) -> None:
    download = limited(bench)
    bench.poll()
    by_hand(bench, download, SpeedLimits())
    bench.client.change(download.download_client_id or "", limits=None)
    bench.held.forward(FIRST_WAIT)
    bench.poll()
    assert bench.client.calls["set_limits"] == 1
    bench.client.faults["poll"] = Unreachable("It restarts.", "")
    bench.poll()
    bench.client.faults.clear()
    bench.client.change(download.download_client_id or "", limits=None)
    for _ in range(2):
        bench.held.forward(60)
        bench.poll()
    assert bench.client.calls["set_limits"] == 2


def test_a_client_without_such_limits_is_not_called(bench: Bench) -> None:
    download = limited(bench)
    bench.client.abilities = frozenset()
    bench.commands.adjust(download.id, priority=5)
    bench.poll()
    assert (bench.client.limits, bench.client.priorities) == ([], [])


# --- the order ------------------------------------------------------------------------------------


class Queue(ScriptedClient):
    """A client that only knows "to the top" and "to the end"."""

    @property
    def order(self) -> list[str]:
        return list(self.items)

    def set_priority(self, item_id: str, priority: int) -> None:
        super().set_priority(item_id, priority)
        item = self.items.pop(item_id)
        self.items = {item_id: item, **self.items} if priority > 0 else {**self.items, item_id: item}


def wanted(bench: Bench, rows: list[Download]) -> list[str]:
    fresh = [bench.row(row.id) for row in rows]
    return [row.download_client_id or "" for row in sorted(fresh, key=lambda row: (-row.priority, row.id))]


@pytest.fixture
def queue(bench: Bench) -> Queue:
    made = Queue(bench.folder / "queue", "Queue")
    bench.client = bench.clients.clients[0] = made
    return made


@pytest.mark.parametrize(
    "steps",
    [
        [{1: 1, 2: 5, 3: 3}],
        [{4: -1, 2: -5, 3: -3}],
        [{1: 1, 2: 5, 3: 3}, {3: 9}, {1: -4, 2: 2}],
        [{2: 7}, {2: 0}],
        [{2: -7, 3: 4}, {2: 0, 3: -1}, {1: 2}],
    ],
)
def test_the_order_there_ends_as_ours(bench: Bench, queue: Queue, steps: list[dict[int, int]]) -> None:
    rows = [bench.at(S.DOWNLOADING, number) for number in range(1, 5)]
    for step in steps:
        for number, priority in step.items():
            bench.commands.adjust(rows[number - 1].id, priority=priority)
        bench.poll()
        assert queue.order == wanted(bench, rows)


def test_a_new_item_comes_before_those_that_are_to_be_last(bench: Bench, queue: Queue) -> None:
    """A client puts it at its end, behind them."""
    rows = [bench.at(S.DOWNLOADING, number) for number in (1, 2)]
    bench.commands.adjust(rows[0].id, priority=-1)
    bench.poll()
    rows.append(bench.at(S.DOWNLOADING, 3))
    bench.poll()
    assert queue.order == wanted(bench, rows)


def test_only_what_has_to_move_is_told(bench: Bench, queue: Queue) -> None:
    rows = [bench.at(S.DOWNLOADING, number) for number in range(1, 5)]
    for row, priority in zip(rows, (4, 3, 2, 1), strict=True):
        bench.commands.adjust(row.id, priority=priority)
    bench.poll()
    queue.priorities.clear()
    bench.poll()
    assert queue.priorities == []
    bench.commands.adjust(rows[1].id, priority=10)
    bench.poll()
    assert queue.priorities == [(rows[1].download_client_id, 10)]


def test_what_is_complete_has_no_place_in_the_queue(bench: Bench, queue: Queue) -> None:
    download = bench.at(S.DOWNLOADING)
    queue.change(download.download_client_id or "", state=ItemState.STALLED)
    bench.complete(download.id)
    queue.priorities.clear()
    bench.commands.adjust(download.id, priority=4)
    bench.poll()
    assert queue.priorities == []


def test_what_is_paused_gets_its_place_as_it_goes_on(bench: Bench, queue: Queue) -> None:
    """SABnzbd wakes a paused job that is given a priority."""
    download = bench.at(S.DOWNLOADING)
    item_id = download.download_client_id or ""
    queue.change(item_id, state=ItemState.STALLED)
    bench.commands.pause(download.id)
    bench.poll()
    queue.priorities.clear()
    bench.commands.adjust(download.id, priority=4)
    bench.poll()
    assert queue.priorities == []
    bench.commands.resume(download.id)
    bench.poll()
    queue.change(item_id, state=ItemState.STALLED, paused=False)
    bench.poll()
    assert queue.priorities == [(item_id, 4)]


# --- general limits -------------------------------------------------------------------------------


def everyday(limits: SpeedLimits = SLOW) -> SpeedPlan:
    return SpeedPlan(otherwise=limits)


def test_without_a_plan_nothing_is_ever_touched(bench: Bench) -> None:
    bench.client.general = OWN
    for _ in range(5):
        bench.poll()
        bench.held.forward(LOOK_SECONDS)
    assert bench.client.calls["global_limits"] == bench.client.calls["set_global_limits"] == 0


def test_a_plan_is_followed_and_looked_after_once_a_minute(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.plan = everyday()
    for _ in range(30):
        bench.poll()
        bench.held.forward(2)
    assert bench.client.general == SLOW
    assert bench.client.calls["global_limits"] == 1
    for _ in range(3):
        bench.client.general = OWN
        bench.held.forward(LOOK_SECONDS)
        bench.poll()
        assert bench.client.general == SLOW
    assert caplog.text.count("were changed in Scripted; ours are put back") == 1


def test_the_plan_switches_at_its_hour(bench: Bench) -> None:
    """At the next poll, not at the next look."""
    now = bench.held.now()
    minute = now.hour * 60 + now.minute
    bench.plan = SpeedPlan((Span(EVERY_DAY, minute + 1, minute + 2, SLOW),), OWN, now.tzinfo)
    seen = []
    for _ in range(3):
        bench.poll()
        seen.append(bench.client.general)
        bench.held.forward(60)
    assert seen == [OWN, SLOW, OWN]


def test_its_own_limits_come_back_to_a_client(bench: Bench) -> None:
    """Once nothing is planned, also after a restart in between; what it has meanwhile is its own affair again."""
    bench.client.general = OWN
    bench.plan = everyday()
    bench.poll()
    bench.plan = everyday(SpeedLimits(1_000_000))
    bench.held.forward(LOOK_SECONDS)
    bench.poll()
    steering = Steering(bench.clock, OwnLimits(bench.store.settings), lambda: bench.plan)
    steering.general(bench.client)
    bench.plan = SpeedPlan()
    steering.general(bench.client)
    assert bench.client.general == OWN
    bench.client.general = SpeedLimits(7_000_000)
    bench.held.forward(LOOK_SECONDS)
    steering.general(bench.client)
    assert bench.client.general == SpeedLimits(7_000_000)


def test_a_client_that_is_not_ours_to_steer_keeps_its_own(bench: Bench) -> None:
    mine: list[str] = []
    steering = Steering(bench.clock, OwnLimits(bench.store.settings), everyday, lambda name: name in mine)
    bench.client.general = OWN
    steering.general(bench.client)
    assert bench.client.general == OWN
    mine.append("Scripted")
    steering.general(bench.client)
    assert bench.client.general == SLOW
    mine.clear()
    steering.general(bench.client)
    assert bench.client.general == OWN


def test_one_that_cannot_is_not_asked(bench: Bench) -> None:
    bench.client.abilities = frozenset({Ability.ITEM_LIMITS})
    bench.plan = everyday()
    bench.poll()
    assert bench.client.calls["global_limits"] == 0


def test_a_limit_that_cannot_be_set_hides_no_download(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, tried again in a minute, and the client counts as well."""
    bench.plan = everyday()
    bench.client.faults["set_global_limits"] = Unreachable("No such call.", "")
    for _ in range(3):
        bench.poll()
        bench.held.forward(LOOK_SECONDS)
    assert bench.health.trouble("Scripted") is None
    assert caplog.text.count("cannot be set at the moment") == 1
    bench.client.faults.clear()
    bench.poll()
    assert bench.client.general == SLOW


def test_a_refused_password_is_not_tried_for_a_limit_either(bench: Bench) -> None:
    bench.plan = everyday()
    bench.client.faults["global_limits"] = AuthRefused("The password is wrong.", "Mend it.")
    bench.poll()
    assert bench.health.trouble("Scripted") is not None
    bench.held.forward(LOOK_SECONDS)
    bench.poll()
    assert bench.client.calls["global_limits"] == 1


def test_a_client_that_was_away_is_looked_at_at_once(bench: Bench) -> None:
    """A restart may have made it forget."""
    bench.plan = everyday()
    bench.poll()
    bench.client.faults["poll"] = Unreachable("It restarts.", "")
    bench.held.forward(2)
    bench.poll()
    bench.client.faults.clear()
    bench.client.general = SpeedLimits()
    bench.held.forward(4)
    bench.poll()
    bench.poll()
    assert bench.client.general == SLOW


# --- when it starts -------------------------------------------------------------------------------


def test_what_starts_later_waits_with_its_bytes(bench: Bench) -> None:
    start = bench.held.now() + timedelta(hours=3)
    download = bench.manual()
    bench.commands.adjust(download.id, start_at=start)
    assert bench.work() == 0
    row = bench.row(download.id)
    assert (row.acquisition, row.reason) == (S.FOUND, f"Starts at {start:%Y-%m-%d %H:%M} UTC.")
    bench.held.forward(3 * 3600)
    bench.work()
    row = bench.row(download.id)
    assert (row.acquisition, row.start_at) == (S.DOWNLOADING, None)


def test_a_rule_of_the_clients_is_followed(bench: Bench) -> None:
    """And the record says which one it was, and why."""
    second = ScriptedClient(bench.folder / "second", "Second")
    bench.clients.clients.append(second)
    bench.clients.rules["Second"] = Rule(tags=frozenset({"kids"}))
    download = bench.manual()
    bench.commands.adjust(download.id, tags=("Kids",))
    bench.work()
    row = bench.row(download.id)
    assert (row.download_client, row.client_why) == ("Second", "rule")
