"""What only a client across a wire has to prove: faults, logins, and other people's hands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import qbittorrentapi

from auralarchive.clients import qbittorrent, wire
from auralarchive.clients.qbittorrent import QBittorrentClient
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import DownloadClient, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Unreachable
from tests.contract.clients.conftest import (
    QBittorrentRig,
    Swarm,
    add,
    in_state,
    item_of,
    options,
    payload_of,
    ready,
    until,
)
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS


@pytest.fixture
def hand(qbittorrent_rig: QBittorrentRig) -> Iterator[qbittorrentapi.Client]:
    """Somebody else at the same qBittorrent, by a library that is not ours."""
    server = qbittorrent_rig.server
    with qbittorrentapi.Client(host=server.url, username=server.user, password=server.password) as client:
        yield client


@pytest.fixture
def proxy(qbittorrent_rig: QBittorrentRig) -> Iterator[FaultProxy]:
    with FaultProxy(qbittorrent_rig.server.url) as running:
        yield running


@pytest.fixture
def wired(
    qbittorrent_rig: QBittorrentRig, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DownloadClient]:
    """A client behind the proxy, with less patience than usual."""
    monkeypatch.setattr(wire, "TIMEOUT", 1.0)
    monkeypatch.setattr(qbittorrent, "_SEEN_WITHIN", 3.0)
    client = qbittorrent_rig.connected(url=proxy.url)
    client.poll()
    proxy.requests.clear()
    yield client
    client.close()


# --- other people's hands ---------------------------------------------------------------------------


def test_a_foreign_duplicate_is_adopted_without_stealing(
    qbittorrent_rig: QBittorrentRig, swarm: Swarm, hand: qbittorrentapi.Client
) -> None:
    """What somebody added before keeps its category and tags; it gains a tag that is no download's.

    Were it a download's own tag, an attempt repeated after a crash would take the torrent for ours.
    """
    torrent = swarm.book(50_000)
    hand.torrents_add(torrent_files=torrent.data, category="films", tags="mine", is_stopped=True, is_paused=True)
    wait_for(lambda: hand.torrents_info(torrent_hashes=torrent.info_hash))
    assert add(qbittorrent_rig, torrent).adopted
    assert add(qbittorrent_rig, torrent).adopted
    wait_for(lambda: item_of(qbittorrent_rig, torrent.info_hash).tags == {"mine", "auralarchive-adopted"})
    assert hand.torrents_info(torrent_hashes=torrent.info_hash)[0].category == "films"


def test_an_adopted_item_without_category_gets_ours(
    qbittorrent_rig: QBittorrentRig, swarm: Swarm, hand: qbittorrentapi.Client
) -> None:
    """An empty category is nobody's."""
    torrent = swarm.book(50_000)
    hand.torrents_add(torrent_files=torrent.data, is_stopped=True, is_paused=True)
    wait_for(lambda: hand.torrents_info(torrent_hashes=torrent.info_hash))
    assert add(qbittorrent_rig, torrent).adopted
    assert wait_for(lambda: hand.torrents_info(torrent_hashes=torrent.info_hash)[0].category) == "auralarchive"


def test_category_and_tags_changed_by_hand_lose_nothing(
    qbittorrent_rig: QBittorrentRig, swarm: Swarm, hand: qbittorrentapi.Client
) -> None:
    """The hash goes on."""
    torrent = swarm.book(50_000)
    added = add(qbittorrent_rig, torrent)
    until(qbittorrent_rig, swarm, torrent, added.id, ready)
    hand.torrents_create_category(name="other")
    hand.torrents_set_category(category="other", torrent_hashes=added.id)
    hand.torrents_remove_tags(torrent_hashes=added.id)
    wait_for(lambda: not item_of(qbittorrent_rig, added.id).tags)
    hand.torrents_remove_categories(categories="other")


def test_files_moved_by_hand_are_found_where_they_are(
    qbittorrent_rig: QBittorrentRig, swarm: Swarm, hand: qbittorrentapi.Client, tmp_path: Path
) -> None:
    """The client's own word about the place counts, at every poll anew."""
    torrent = swarm.book(60_000, 60_000)
    added = add(qbittorrent_rig, torrent)
    until(qbittorrent_rig, swarm, torrent, added.id, ready)
    hand.torrents_set_location(location=str(tmp_path / "moved"), torrent_hashes=added.id)
    moved = str(tmp_path / "moved" / torrent.name)
    wait_for(lambda: (item := item_of(qbittorrent_rig, added.id)).content_path == moved and ready(item))
    assert qbittorrent_rig.client.local_path(item_of(qbittorrent_rig, added.id)) == moved


def test_what_is_sent_arrives(qbittorrent_rig: QBittorrentRig, swarm: Swarm, hand: qbittorrentapi.Client) -> None:
    """Category, tag, limits, order and goal, by the words of this generation."""
    goal = SeedGoal(ratio=1.25, seconds=7_200)
    added = add(
        qbittorrent_rig,
        swarm.book(50_000),
        paused=True,
        sequential=True,
        download_limit=64_000,
        upload_limit=32_000,
        seed_goal=goal,
    )
    in_state(qbittorrent_rig, added.id, ItemState.PAUSED)
    info = hand.torrents_info(torrent_hashes=added.id)[0]
    assert (info.category, info.tags, info.dl_limit, info.up_limit) == (
        "auralarchive",
        "auralarchive-test",
        64_000,
        32_000,
    )
    assert (info.seq_dl, round(info.ratio_limit, 2), info.seeding_time_limit) == (True, 1.25, 120)
    qbittorrent_rig.client.set_seed_goal(added.id, SeedGoal(ratio=3.0))
    qbittorrent_rig.client.set_limits(added.id, None, 5_000)

    def changed() -> bool:
        now = hand.torrents_info(torrent_hashes=added.id)[0]
        return bool((now.ratio_limit, now.seeding_time_limit, now.up_limit) == (3.0, -1, 5_000) and now.dl_limit <= 0)

    assert wait_for(changed)


# --- the login --------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(qbittorrent_rig: QBittorrentRig, proxy: FaultProxy) -> None:
    """qBittorrent bans an address that goes on trying; the breaker leaves it alone until settings change."""
    client = qbittorrent_rig.connected(url=proxy.url, password="wrong")
    for _ in range(5):
        with pytest.raises(AuthRefused) as caught:
            client.poll()
    assert caught.value.remedy
    assert proxy.requests == ["/api/v2/auth/login"]
    client.close()


@pytest.mark.parametrize("qbittorrent_rig", GENERATIONS[-1:], ids=lambda each: each.name, indirect=True)
def test_an_api_key_signs_in_without_a_password(
    qbittorrent_rig: QBittorrentRig, hand: qbittorrentapi.Client, proxy: FaultProxy
) -> None:
    """From 5.2 on a key does; a wrong one is tried once, and never at the login."""
    key = str(hand.app_rotate_api_key()["apiKey"])
    client = qbittorrent_rig.connected(url=proxy.url, username="", password="", api_key=key)
    client.poll()
    client.close()
    wrong = qbittorrent_rig.connected(url=proxy.url, username="", password="", api_key=f"{key[:-4]}0000")
    proxy.requests.clear()
    for _ in range(3):
        with pytest.raises(AuthRefused):
            wrong.poll()
    assert len(proxy.requests) == 1
    wrong.close()


def test_an_expired_session_is_renewed_once(qbittorrent_rig: QBittorrentRig, proxy: FaultProxy) -> None:
    """A cookie that the server no longer knows costs one login, and nobody notices."""
    client = qbittorrent_rig.connected(url=proxy.url)
    assert isinstance(client, QBittorrentClient)
    client.poll()
    client._api._wire._http.cookies.clear()
    proxy.requests.clear()
    client.poll()
    assert [request.split("?")[0] for request in proxy.requests] == [
        "/api/v2/sync/maindata",
        "/api/v2/auth/login",
        "/api/v2/sync/maindata",
    ]
    client.close()


def test_a_refusal_after_the_login_ends_it(wired: DownloadClient, proxy: FaultProxy) -> None:
    """403 to everything (a host name that it does not like): one more login, then silence."""
    proxy.fault = Fault("status", "sync/", amount=403)
    for _ in range(3):
        with pytest.raises(AuthRefused):
            wired.poll()
    assert len(proxy.requests) == 3


# --- the wire ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", "torrents/add"),
        Fault("reset", "torrents/add", amount=20),
        Fault("delay", "torrents/add", amount=1.5),
        Fault("garbage", "torrents/add"),
        Fault("status", "torrents/add", amount=500),
        Fault("status", "torrents/add", amount=409),
        Fault("body", "torrents/add", content=b"Fails."),
        Fault("html", "torrents/add"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}",
)
def test_an_add_whose_answer_is_lost_or_lies(
    wired: DownloadClient, proxy: FaultProxy, qbittorrent_rig: QBittorrentRig, swarm: Swarm, fault: Fault
) -> None:
    """The server has it: the look by hash says so, whatever the answer was, and there is one item."""
    proxy.fault = fault
    torrent = swarm.book(20_000)
    assert wired.add(payload_of(torrent), options(paused=True)).id == torrent.info_hash
    assert [request for request in proxy.requests if "torrents/add" in request][1:] in (
        [],
        ["/api/v2/torrents/addTags"],
    )
    assert item_of(qbittorrent_rig, torrent.info_hash).name == torrent.name


def test_an_add_that_never_arrived(wired: DownloadClient, proxy: FaultProxy, swarm: Swarm) -> None:
    """The server does not have it: that is a failure that time may mend, and the next add succeeds."""
    proxy.fault = Fault("refuse", "torrents/add")
    torrent = swarm.book(20_000)
    with pytest.raises(Unreachable):
        wired.add(payload_of(torrent), options(paused=True))
    proxy.fault = Fault()
    assert not wired.add(payload_of(torrent), options(paused=True)).adopted


@pytest.mark.parametrize(
    "fault",
    [
        Fault("refuse"),
        Fault("reset"),
        Fault("reset", amount=200),
        Fault("delay", amount=1.5),
        Fault("garbage"),
        Fault("html"),
        Fault("truncate"),
        Fault("status", amount=502),
        Fault("status", amount=302),
        Fault("status", amount=404),
        Fault("body", content=b'{"rid": 1, "torrents": {'),
        Fault("body", content=b'["a list"]'),
        Fault("body", content=b"{}"),
        Fault("body", content=b'{"status": "sign in first"}'),
        Fault("body", content=b'{"rid": 1, "full_update": true, "torrents": null}'),
        Fault("body", content=b"[" * 100_000),
        Fault("body", content=b"\xff\xfe{}"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}-{fault.content[:22]!r}",
)
def test_a_poll_over_a_bad_wire(wired: DownloadClient, proxy: FaultProxy, swarm: Swarm, fault: Fault) -> None:
    """Every fault is `Unreachable`, never a list in which torrents seem gone; the next good poll shows all of them."""
    torrent = swarm.book(1_000)
    added = wired.add(payload_of(torrent), options(paused=True))
    proxy.fault = fault
    with pytest.raises(Unreachable) as caught:
        wired.poll()
    assert caught.value.remedy
    proxy.fault = Fault()
    assert added.id in {item.id for item in wired.poll()}


def test_one_bad_item_does_not_hide_the_others(wired: DownloadClient, proxy: FaultProxy, swarm: Swarm) -> None:
    """Wrong types and unknown words make one item UNKNOWN; its neighbour is polled as ever."""
    first, second = (wired.add(payload_of(swarm.book(1_000)), options(paused=True)).id for _ in range(2))
    told = {
        first: {"state": 7, "progress": "much", "eta": 8640000, "size": -1, "name": None, "ratio": 1e400},
        second: {
            "state": "stalledUP",
            "progress": 1,
            "tags": "auralarchive-1",
            "name": "Good \udcff",
            "amount_left": 0,
        },
    }
    body = json.dumps({"rid": 9, "full_update": True, "torrents": told}).encode()
    proxy.fault = Fault("body", "sync/maindata", content=body)
    items = {item.id: item for item in wired.poll()}
    assert (items[first].state, items[first].eta, items[first].size) == (ItemState.UNKNOWN, None, None)
    assert items[second].state is ItemState.READY


def test_a_poll_is_one_small_request(wired: DownloadClient, proxy: FaultProxy) -> None:
    """However many torrents there are: only what has changed is asked for."""
    for _ in range(3):
        wired.poll()
    assert len(proxy.requests) == 3
    assert all("rid=0" not in request for request in proxy.requests)


# --- paths and report -------------------------------------------------------------------------------


def test_a_client_that_deletes_is_reported(qbittorrent_rig: QBittorrentRig, hand: qbittorrentapi.Client) -> None:
    """Removing at the ratio would take the files from under the import."""
    hand.app_set_preferences({"max_ratio_enabled": True, "max_ratio": 1, "max_ratio_act": 1})
    wrong = [finding for finding in qbittorrent_rig.client.test().findings if not finding.ok]
    hand.app_set_preferences({"max_ratio_enabled": False, "max_ratio_act": 0})
    assert [finding.subject for finding in wrong] == ["Seeding limits"]
    assert wrong[0].remedy


def test_bytes_that_are_no_torrent_are_refused(qbittorrent_rig: QBittorrentRig) -> None:
    """Its refusal is final: the same bytes will never be taken."""
    payload = Payload(DownloadType.TORRENT, "x", data=b"no", info_hash_v1="cd" * 20)
    with pytest.raises(InvalidInput):
        qbittorrent_rig.client.add(payload, options())


# --- speed ---------------------------------------------------------------------------------------------------


def test_general_limits_are_its_own_even_while_the_alternative_ones_are_in_force(
    qbittorrent_rig: QBittorrentRig, hand: qbittorrentapi.Client
) -> None:
    """Its calls for the present limit would change the alternative ones; and the test says that those stand above."""
    client = qbittorrent_rig.client
    assert all(finding.subject != "Speed limits" for finding in client.test().findings)
    alternative = hand.app_preferences()["alt_dl_limit"]
    hand.transfer_set_speed_limits_mode(intended_state=True)
    client.set_global_limits(SpeedLimits(1_024_000, 102_400))
    preferences = hand.app_preferences()
    assert (preferences["dl_limit"], preferences["up_limit"]) == (1_024_000, 102_400)
    assert preferences["alt_dl_limit"] == alternative
    assert client.global_limits() == SpeedLimits(1_024_000, 102_400)
    (finding,) = [one for one in client.test().findings if one.subject == "Speed limits"]
    assert (finding.ok, "in force now" in finding.message) == (False, True)
    hand.transfer_set_speed_limits_mode(intended_state=False)
    hand.app_set_preferences({"scheduler_enabled": True})
    assert any(one.subject == "Speed limits" for one in client.test().findings), "by day its own hours hold already"
    hand.app_set_preferences({"scheduler_enabled": False})
    client.set_global_limits(SpeedLimits())
    assert client.global_limits() == SpeedLimits()
