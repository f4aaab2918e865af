"""What every download client does, proved on the real ones with a real swarm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput
from tests.contract.clients.conftest import (
    Rig,
    Swarm,
    add,
    contents,
    in_state,
    item_of,
    options,
    payload_of,
    ready,
    until,
)
from tests.support.processes import wait_for

UNKNOWN = "ab" * 20
ACTIONS: list[Callable[[DownloadClient, str], object]] = [
    lambda client, item_id: client.pause(item_id),
    lambda client, item_id: client.resume(item_id),
    lambda client, item_id: client.set_limits(item_id, 1, 1),
    lambda client, item_id: client.set_seed_goal(item_id, SeedGoal(1.0)),
    lambda client, item_id: client.set_priority(item_id, 1),
    lambda client, item_id: client.files(item_id),
    lambda client, item_id: client.remove(item_id, with_data=True),
]


def test_a_book_from_file_to_content(rig: Rig, swarm: Swarm) -> None:
    """Added by bytes, followed to the end, found on disk byte for byte."""
    torrent = swarm.book(700_000, 300_000)
    added = add(rig, torrent)
    assert not added.adopted
    item = until(rig, swarm, torrent, added.id, ready)
    assert (item.progress, item.size, item.name) == (1.0, 1_000_000, torrent.name)
    assert torrent.info_hash in item.hashes
    assert {(file.path, file.size) for file in rig.client.files(added.id)} == {
        (f"{torrent.name}/01.mp3", 700_000),
        (f"{torrent.name}/02.mp3", 300_000),
    }
    assert contents(Path(rig.client.local_path(item))) == swarm.content(torrent)


def test_a_book_from_magnet_to_content(rig: Rig, swarm: Swarm) -> None:
    """The metadata comes from a peer; until then the item says so, and names and sizes are unknown."""
    torrent = swarm.book(400_000)
    added = rig.client.add(Payloads().magnet(torrent.magnet), options())
    assert item_of(rig, added.id).state is ItemState.METADATA
    item = until(rig, swarm, torrent, added.id, ready)
    assert (item.name, item.size) == (torrent.name, 400_000)
    assert contents(Path(rig.client.local_path(item))) == swarm.content(torrent)


def test_a_repeated_add_finds_its_item(rig: Rig, swarm: Swarm) -> None:
    """The same add twice, as after a lost answer, finds the item instead of failing or doubling it; it stays ours."""
    torrent = swarm.book(50_000)
    first = add(rig, torrent, paused=True)
    again = add(rig, torrent)
    by_magnet = rig.client.add(Payloads().magnet(torrent.magnet), options())
    assert not again.adopted
    assert not by_magnet.adopted
    assert {first.id, again.id, by_magnet.id} == {first.id}


def test_a_hybrid_is_known_by_all_its_hashes(rig: Rig, swarm: Swarm) -> None:
    """Clients differ in which hash they show; looking up by any of them finds the item."""
    torrent = swarm.book(200_000, 100_000, v1_only=False)
    added = add(rig, torrent)
    until(rig, swarm, torrent, added.id, ready)
    for known in (torrent.info_hash, torrent.info_hash_v2, torrent.info_hash_v2[:40]):
        found = rig.client.find(frozenset({known}))
        assert found is not None
        assert found.id == added.id
    assert rig.client.find(frozenset({UNKNOWN})) is None


def test_a_hybrid_by_its_short_magnet_stays_known(rig: Rig, swarm: Swarm) -> None:
    """The link names only the v1 hash; with the metadata comes a second one, and a client may change its id."""
    torrent = swarm.book(120_000, 80_000, v1_only=False)
    added = rig.client.add(Payloads().magnet(f"magnet:?xt=urn:btih:{torrent.info_hash}"), options())

    def complete() -> bool:
        found = rig.client.find(frozenset({torrent.info_hash}))
        assert found is not None
        swarm.seeder.connect(torrent, rig.peer_port)
        return ready(found)

    assert wait_for(complete, every=0.5)
    assert len(rig.client.files(added.id)) == 2
    rig.client.remove(added.id, with_data=True)
    assert rig.client.find(frozenset({torrent.info_hash})) is None


def test_pause_resume_and_limits(rig: Rig, swarm: Swarm) -> None:
    """A paused item stays where it is, a limited one crawls, and without limits it gets to the end."""
    torrent = swarm.book(3_000_000)
    added = add(rig, torrent, paused=True, download_limit=200_000)
    assert in_state(rig, added.id, ItemState.PAUSED).paused
    rig.client.resume(added.id)
    begun = until(rig, swarm, torrent, added.id, lambda item: item.progress > 0, timeout=15)
    assert begun.progress < 1
    rig.client.pause(added.id)
    assert in_state(rig, added.id, ItemState.PAUSED).progress < 1
    rig.client.set_limits(added.id, None, None)
    rig.client.resume(added.id)
    until(rig, swarm, torrent, added.id, ready)


def test_sequential_order(rig: Rig, swarm: Swarm) -> None:
    """With sequential order the beginning of the book is there before its end."""
    torrent = swarm.book(600_000, 600_000, 600_000, limit=500_000)
    added = add(rig, torrent, sequential=True)
    until(rig, swarm, torrent, added.id, lambda item: item.progress > 0.3)
    shares = [file.progress for file in sorted(rig.client.files(added.id), key=lambda file: file.path)]
    assert shares[0] > shares[2]
    swarm.seeder.limit(torrent, 0)
    until(rig, swarm, torrent, added.id, ready)


@pytest.mark.parametrize("with_data", [True, False])
def test_remove(rig: Rig, swarm: Swarm, with_data: bool) -> None:
    """The item goes, its data only when asked for; removing what is gone is no error."""
    torrent = swarm.book(60_000)
    added = add(rig, torrent)
    content = Path(rig.client.local_path(until(rig, swarm, torrent, added.id, ready)))
    rig.client.remove(added.id, with_data=with_data)
    assert rig.client.find(payload_of(torrent).hashes) is None
    wait_for(lambda: content.exists() != with_data, timeout=5)
    rig.client.remove(added.id, with_data=with_data)


def test_a_restart_in_the_middle_loses_nothing(rig: Rig, swarm: Swarm) -> None:
    """Progress, tag and pause survive, and it goes on to the end."""
    torrent = swarm.book(3_000_000, limit=600_000)
    added = add(rig, torrent)
    waiting = swarm.book(50_000)
    paused = add(rig, waiting, paused=True)
    before = until(rig, swarm, torrent, added.id, lambda item: 0.3 < item.progress < 1)
    rig.restart()
    after = in_state(rig, added.id, ItemState.WAITING, ItemState.STALLED)
    assert after.progress >= before.progress - 0.05
    assert "auralarchive-test" in after.tags
    assert in_state(rig, paused.id, ItemState.PAUSED)
    swarm.seeder.limit(torrent, 0)
    until(rig, swarm, torrent, added.id, ready)


def test_an_empty_id_is_refused_before_anything_is_sent(rig: Rig) -> None:
    """To some clients no id means every item."""
    for action in ACTIONS:
        with pytest.raises(ValueError, match="id"):
            action(rig.client, "")


def test_an_item_that_is_gone_is_no_error(rig: Rig) -> None:
    """Somebody removed it by hand between two polls: nothing is left to do."""
    for action in ACTIONS:
        action(rig.client, UNKNOWN)
    assert rig.client.files(UNKNOWN) == ()


def test_goal_and_priority_are_taken(rig: Rig, swarm: Swarm) -> None:
    """Each generation wants them in another form."""
    added = add(rig, swarm.book(50_000), paused=True)
    rig.client.set_seed_goal(added.id, SeedGoal(1.5, 3600))
    rig.client.set_priority(added.id, 5)
    assert in_state(rig, added.id, ItemState.PAUSED)


def test_what_is_no_torrent_is_refused(rig: Rig) -> None:
    """Another kind of payload, or bytes that the client cannot read, is refused with a remedy."""
    for payload in (
        Payload(DownloadType.NZB, "x", data=b"<nzb/>"),
        Payload(DownloadType.TORRENT, "x", data=b"d4:infod4:name1:aee", info_hash_v1=UNKNOWN),
    ):
        with pytest.raises(InvalidInput) as caught:
            rig.client.add(payload, options())
        assert caught.value.remedy


def test_the_report_names_a_version(rig: Rig) -> None:
    """`test` answers with what is there, and each finding that is not well has a remedy."""
    report = rig.client.test()
    assert any(character.isdigit() for character in report.version)
    assert all(finding.ok or finding.remedy for finding in report.findings)
