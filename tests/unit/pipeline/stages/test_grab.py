"""Bytes once, hashes first, then a client; and never two items for one download."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.clients.payloads import Payloads
from auralarchive.domain import events as e
from auralarchive.domain.choice import Why
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.commands import Extras
from auralarchive.pipeline.stages import grab
from auralarchive.pipeline.tools import SeedGoals
from auralarchive.ports.clients import AddOptions, Payload
from auralarchive.ports.errors import Cancelled, Misconfigured, PermanentError, Unreachable
from auralarchive.ports.store import Conflict, StaleRecord
from tests.support.scripted import Bench, ScriptedClient, a_torrent

LINK = "https://feed.example/1.torrent"


def linked(bench: Bench, number: int = 1, link: str = LINK) -> int:
    bench.fetcher.behind[link] = a_torrent(number)
    return bench.commands.enqueue_link(link, bench.book(number)).id


def test_first_the_bytes_then_the_client(bench: Bench) -> None:
    """Two claims: between them the database can refuse a torrent that is another download's."""
    download_id = linked(bench)
    stored = grab.run(bench.claim(download_id), bench.tools)
    assert stored == e.PayloadStored(DownloadType.TORRENT, a_torrent().info_hash_v1, None, a_torrent().size)
    assert bench.client.calls["add"] == 0
    bench.recorder.record(download_id, stored)
    sent = grab.run(bench.claim(download_id), bench.tools)
    assert sent == e.SentToClient("Scripted", a_torrent().info_hash_v1 or "", why=Why.ONLY)
    assert bench.fetcher.fetched == [LINK]


def test_a_retry_fetches_nothing_again(bench: Bench) -> None:
    """An indexer counts what it is asked for: a client that is down must not use that up."""
    download_id = linked(bench)
    bench.client.faults["add"] = Misconfigured("No.", "Mend it.")
    bench.work()
    assert bench.row(download_id).acquisition is DownloadStatus.DOWNLOAD_FAILED
    bench.client.faults.clear()
    bench.commands.retry(download_id)
    bench.work()
    assert bench.row(download_id).acquisition is DownloadStatus.DOWNLOADING
    assert bench.fetcher.fetched == [LINK]


@pytest.mark.parametrize("download_type", list(DownloadType))
def test_a_crash_after_the_fetch_costs_the_indexer_nothing(bench: Bench, download_type: DownloadType) -> None:
    """The bytes are kept, their event is not: whoever comes next goes on with what is there."""
    kept = Payload(download_type, "A book", data=b"1", size=1)
    bench.fetcher.behind[LINK] = kept
    bench.client.protocols = frozenset({download_type})
    download_id = bench.commands.enqueue_link(LINK, bench.book(), download_type=download_type).id
    grab.run(bench.claim(download_id), bench.tools)  # and then the process dies
    bench.held.forward(61)
    bench.work()
    assert bench.row(download_id).acquisition is DownloadStatus.DOWNLOADING
    assert (bench.fetcher.fetched, bench.store.payloads.get(download_id)) == ([LINK], kept)


def test_what_is_fetched_without_the_claim_is_not_kept(bench: Bench) -> None:
    """A worker that comes back late has the bytes of another release, maybe."""
    download_id = linked(bench)
    job = bench.claim(download_id)
    bench.held.forward(61)
    bench.claim(download_id)
    with pytest.raises(StaleRecord):
        grab.run(job, bench.tools)
    assert bench.store.payloads.get(download_id) is None


def test_our_tag_goal_and_limits_reach_the_client(bench: Bench) -> None:
    download_id = linked(bench)
    bench.commands.adjust(download_id, priority=5, download_limit=1000, sequential=True)
    bench.work()
    (options,) = bench.client.options
    assert (options.tag, options.priority, options.download_limit, options.sequential) == (
        bench.tools.tag(download_id),
        5,
        1000,
        True,
    )
    assert options.seed_goal == bench.goals.general


def test_another_release_replaces_the_bytes_and_the_item(bench: Bench) -> None:
    """What the release before left in the client goes, by our tag; nothing else is touched."""
    download_id = linked(bench)
    bench.work()
    foreign = bench.client.add(a_torrent(7), bench.client.options[0])
    bench.client.change(foreign.id, tags=frozenset({"somebody"}))
    bench.recorder.record(download_id, e.StageFailed(PermanentError("Stalled.", kind=FailureKind.STALLED).failure))
    bench.recorder.record(download_id, e.RetryDue(other_release=True))
    other = "https://feed.example/2.torrent"
    bench.fetcher.behind[other] = a_torrent(2)
    bench.recorder.record(download_id, e.ReleaseChosen(other, DownloadType.TORRENT))
    bench.work()
    assert bench.client.removed == [a_torrent(1).info_hash_v1]
    assert set(bench.client.items) == {a_torrent(2).info_hash_v1, foreign.id}
    assert bench.row(download_id).download_client_id == a_torrent(2).info_hash_v1


def test_another_nzb_replaces_the_first(bench: Bench) -> None:
    """Nothing tells one NZB from another: the bytes of the first go with the choice of the second."""
    nzb = b"""<?xml version="1.0"?><nzb xmlns="http://www.newzbin.com/DTD/2003/nzb"><file poster="p" date="1"
      subject="s"><groups><group>a.b</group></groups><segments><segment bytes="9" number="1">%s@x</segment>
      </segments></file></nzb>"""
    bench.client.protocols = frozenset({DownloadType.NZB})
    for name in ("one", "two"):
        bench.fetcher.behind[name] = Payloads().nzb(nzb % name.encode(), name)
    download_id = bench.commands.enqueue_link("one", bench.book(), download_type=DownloadType.NZB).id
    bench.work()
    bench.recorder.record(download_id, e.StageFailed(PermanentError("Gone.", kind=FailureKind.RELEASE_GONE).failure))
    bench.recorder.record(download_id, e.RetryDue(other_release=True))
    bench.recorder.record(download_id, e.ReleaseChosen("two", DownloadType.NZB))
    bench.work()
    payload = bench.store.payloads.get(download_id)
    assert payload is not None
    assert (payload.name, bench.fetcher.fetched) == ("two", ["one", "two"])


def test_an_item_that_is_there_is_adopted(bench: Bench) -> None:
    """A crash between adding and recording leads back here: the same item, ours, once."""
    download_id = bench.manual().id
    grab.run(bench.claim(download_id), bench.tools)  # and then the process dies
    bench.held.forward(61)
    bench.work()
    assert bench.row(download_id).acquisition is DownloadStatus.DOWNLOADING
    assert bench.client.calls["add"] == 2
    assert not bench.row(download_id).adopted
    assert len(bench.client.items) == 1


def test_an_item_that_is_ours_again_gets_the_goal_of_today(bench: Bench) -> None:
    """What an earlier download left in the client has the seed goal of that one, until it is told."""
    download = bench.manual()
    bench.client.add(a_torrent(), AddOptions(bench.tools.tag(download.id), seed_goal=SeedGoal(9.0)))
    bench.work()
    assert bench.client.goals == [(a_torrent().info_hash_v1, bench.goals.general)]


def test_without_a_goal_there_is_none_to_hand_over(bench: Bench) -> None:
    replace(bench.commands, goals=SeedGoals(SeedGoal())).enqueue_payload(a_torrent(), bench.book())
    bench.work()
    assert (len(bench.client.items), bench.client.goals) == (1, [])


def test_somebody_elses_item_is_used_and_never_ours(bench: Bench) -> None:
    """Nor is its seed goal: that stays theirs."""
    download = bench.manual()
    bench.client.add(a_torrent(), AddOptions("somebody-else"))
    bench.work()
    assert bench.row(download.id).adopted
    assert bench.client.goals == []


def test_the_twin_of_another_download_fails_as_such(bench: Bench) -> None:
    """The link did not tell, its bytes do: the database refuses, the other download is named."""
    first = bench.manual(1)
    link = "https://feed.example/twin.torrent"
    bench.fetcher.behind[link] = a_torrent(1)
    second = bench.commands.enqueue_link(link, bench.book(2))
    bench.work()
    row = bench.row(second.id)
    assert (row.acquisition, row.failure_kind) == (DownloadStatus.DOWNLOAD_FAILED, FailureKind.DUPLICATE)
    assert f"download {first.id}" in (row.reason or "")
    assert row.retry_at is None


def test_one_release_for_two_books_is_fetched_once(bench: Bench) -> None:
    """What has no info-hash is told by its link: the second is refused before anybody is asked."""
    bench.fetcher.behind[LINK] = Payload(DownloadType.HTTP, "A book", data=b"1", size=1)
    bench.client.protocols = frozenset({DownloadType.HTTP})
    rows = [bench.automatic(number) for number in (1, 2)]
    for row in rows:
        bench.recorder.record(row.id, e.ReleaseChosen(LINK, DownloadType.HTTP))
    with pytest.raises(PermanentError, match=f"already download {rows[0].id}") as refused:
        grab.run(bench.claim(rows[1].id), bench.tools)
    assert refused.value.failure.kind is FailureKind.DUPLICATE
    grab.run(bench.claim(rows[0].id), bench.tools)
    assert bench.fetcher.fetched == [LINK]


def test_a_cancelled_grab_reaches_no_client(bench: Bench) -> None:
    job = bench.claim(bench.manual().id)
    job.cancel.cancel()
    with pytest.raises(Cancelled):
        grab.run(job, bench.tools)
    assert bench.client.calls["add"] == 0


def test_a_client_that_is_well_is_preferred(bench: Bench, tmp_path: Path) -> None:
    second = ScriptedClient(tmp_path / "second", "Second")
    bench.clients.clients.append(second)
    download = bench.manual()
    assert grab.choose_client(download, bench.tools)[0].name == "Scripted"
    bench.health.note("Scripted", "it is down")
    assert grab.choose_client(download, bench.tools)[0].name == "Second"
    assert grab.waiting_for(download, bench.tools) is None
    bench.health.note("Second", "it sleeps")
    assert grab.waiting_for(download, bench.tools) == "Waiting for Scripted: it is down; Second: it sleeps"


def test_one_that_goes_down_in_the_midst_is_passed_over_without_another_fetch(bench: Bench, tmp_path: Path) -> None:
    """Nobody has noticed yet: the grab itself finds out, and the bytes that are kept go to the next one."""
    second = ScriptedClient(tmp_path / "second", "Second")
    bench.clients.clients.append(second)
    bench.client.faults["add"] = Unreachable("Nobody answers.", "Start it.")
    download_id = linked(bench)
    bench.work()
    row = bench.row(download_id)
    assert (row.acquisition, row.download_client, row.client_why) == (
        DownloadStatus.DOWNLOADING,
        "Second",
        "stand_in",
    )
    assert bench.fetcher.fetched == [LINK]
    assert bench.health.trouble("Scripted") == "Nobody answers. Start it."


def test_where_none_is_left_the_release_waits_with_its_bytes(bench: Bench) -> None:
    download_id = linked(bench)
    bench.recorder.record(download_id, grab.run(bench.claim(download_id), bench.tools))
    bench.health.note("Scripted", "it is down")
    bench.work()
    row = bench.row(download_id)
    assert (row.acquisition, row.reason) == (DownloadStatus.FOUND, "Waiting for Scripted: it is down")
    bench.health.note("Scripted", None)
    bench.work()
    assert bench.row(download_id).acquisition is DownloadStatus.DOWNLOADING
    assert bench.fetcher.fetched == [LINK]


def test_the_client_that_a_person_chose_gets_it_with_its_limits(bench: Bench, tmp_path: Path) -> None:
    """From the first byte, and whatever the others are preferred for."""
    second = ScriptedClient(tmp_path / "second", "Second")
    bench.clients.clients.append(second)
    bench.fetcher.behind[LINK] = a_torrent()
    wishes = Extras(3, 1000, 500, sequential=True, client="Second")
    made = bench.commands.enqueue_link(LINK, bench.book(), extras=wishes)
    bench.work()
    assert bench.row(made.id).download_client == "Second"
    assert bench.client.calls["add"] == 0
    (options,) = second.options
    assert (options.priority, options.download_limit, options.upload_limit, options.sequential) == (3, 1000, 500, True)


def test_a_chosen_client_that_is_gone_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    """It fails nothing and goes nowhere else: a person wanted it there. Another choice frees it."""
    second = ScriptedClient(tmp_path / "second", "Second")
    bench.clients.clients.append(second)
    made = bench.commands.enqueue_payload(a_torrent(), bench.book(), extras=Extras(client="Second"))
    bench.clients.clients.remove(second)
    bench.work()
    row = bench.row(made.id)
    assert (row.acquisition, bench.client.calls["add"]) == (DownloadStatus.FOUND, 0)
    assert (row.reason or "").startswith("Waiting for Second: this client was chosen, but it is switched off")
    with pytest.raises(Unreachable, match="switched off"):
        grab.choose_client(row, bench.tools)
    bench.commands.adjust(made.id, client="")
    bench.work()
    assert bench.row(made.id).download_client == "Scripted"


def test_a_chosen_client_of_another_protocol_is_told(bench: Bench) -> None:
    made = bench.commands.enqueue_payload(a_torrent(), bench.book(), extras=Extras(client="Scripted"))
    with pytest.raises(Misconfigured, match="takes no nzb"):
        grab.choose_client(replace(made, download_type=DownloadType.NZB), bench.tools)


def test_without_a_client_a_person_has_to_act(bench: Bench) -> None:
    bench.clients.clients.clear()
    download = bench.manual()
    bench.work()
    row = bench.row(download.id)
    assert (row.failure_kind, row.retry_at) == (FailureKind.NO_CLIENT, None)
    assert "Enable one in the settings" in (row.reason or "")


def test_a_duplicate_names_the_other() -> None:
    assert grab.duplicate(Conflict(12, "info_hash")).failure.reason == "The same release is already download 12."
