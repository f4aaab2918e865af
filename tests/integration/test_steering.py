"""Choosing, limits and hours against real clients: what others change there is put back, and nobody waits in vain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import qbittorrentapi

from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import Api, ApiFailure, RunningServer
from tests.support.world import DONE, World, session_of, use_qbittorrent

OURS, FOREIGN = 64 * 1024, 900 * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("shared")) as world:
        world.mp3_book("Emma", chapters=2, seconds=2)
        world.mp3_book("Persuasion", chapters=2, seconds=8, limit=4_000)
        world.mp3_book("Sanditon", chapters=2, seconds=2)
        yield world


@pytest.fixture
def client(tmp_path: Path) -> Iterator[QBittorrent]:
    with QBittorrent(tmp_path / "qbittorrent", GENERATIONS[0].argv()) as client:
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "auralarchive") as server:
        yield server


@pytest.fixture
def hand(client: QBittorrent) -> Iterator[qbittorrentapi.Client]:
    with session_of(client) as session:
        yield session


def found(api: Api, title: str) -> str:
    (release,) = api.search(f"jane austen {title}")
    return str(release["id"])


def fetches(world: World) -> int:
    """How often a .torrent was asked for."""
    return sum(seen.path.startswith("/download") for seen in world.indexer.requests)


def limit_of(hand: qbittorrentapi.Client, row: dict[str, Any]) -> int:
    (torrent,) = hand.torrents_info(torrent_hashes=row["download_client_id"])
    return int(str(torrent["dl_limit"]))


def test_limits_that_somebody_changes_there_are_put_back(
    world: World, server: RunningServer, client: QBittorrent, hand: qbittorrentapi.Client
) -> None:
    """Of one torrent, and of all; and a restart of the client changes nothing."""
    api = world.introduce(server.api())
    use_qbittorrent(api, client)
    hand.transfer_set_download_limit(FOREIGN)
    api.put("/api/settings/speed", {"upload_limit": OURS})
    download = api.download(release_id=found(api, "persuasion"), download_limit=OURS)
    row = api.wait_for_status(download, "DOWNLOADING")
    assert limit_of(hand, row) == OURS
    wait_for(lambda: hand.transfer_upload_limit() == OURS)
    assert hand.transfer_download_limit() == 0, "one of both is set: the other one is none"
    hand.torrents_set_download_limit(FOREIGN, torrent_hashes=row["download_client_id"])
    wait_for(lambda: limit_of(hand, row) == OURS, timeout=30)
    client.restart()
    with session_of(client) as again:
        again.transfer_set_upload_limit(FOREIGN)
        wait_for(lambda: again.transfer_upload_limit() == OURS, timeout=90)
        api.put("/api/settings/speed", {"upload_limit": None})
        wait_for(lambda: again.transfer_download_limit() == FOREIGN)
    api.delete(f"/api/downloads/queue/{download}")


def test_a_plan_of_this_hour_is_in_force_and_one_of_another_hour_is_not(
    server: RunningServer, client: QBittorrent, hand: qbittorrentapi.Client
) -> None:
    api = server.api()
    use_qbittorrent(api, client)
    now = datetime.now(UTC)
    soon = now + timedelta(hours=5)
    now_entry = {"begins": f"{now - timedelta(minutes=5):%H:%M}", "ends": f"{soon:%H:%M}", "download_limit": OURS}
    later = {"begins": f"{soon:%H:%M}", "ends": f"{soon + timedelta(hours=1):%H:%M}", "download_limit": FOREIGN}
    api.put("/api/settings/speed", {"time_zone": "UTC", "plan": [later, now_entry]})
    wait_for(lambda: hand.transfer_download_limit() == OURS)
    api.put("/api/settings/speed", {"plan": [later]})
    wait_for(lambda: hand.transfer_download_limit() == 0)


def test_a_start_to_come_outlives_a_power_cut(world: World, server: RunningServer) -> None:
    """Its bytes are ours meanwhile: nothing is fetched again. Brought forward, it begins."""
    api = world.introduce(server.api())
    before = fetches(world)
    start = datetime.now(UTC) + timedelta(days=1)
    download = api.download(release_id=found(api, "emma"), start_at=start.isoformat())
    wait_for(lambda: (api.row(download)["reason"] or "").startswith("Starts at"))
    server.kill()
    server.start()
    row = api.row(download)
    assert (row["status"], row["start_at"][:16]) == ("FOUND", start.isoformat()[:16])
    assert "GrabStarted" not in api.events(download)[api.events(download).index("PayloadStored") :]
    api.patch(f"/api/downloads/queue/{download}", {"start_at": "2020-01-01T00:00:00+02:00"})
    api.wait_for_status(download, *DONE, timeout=90)
    assert fetches(world) - before <= 1


def test_a_client_that_goes_down_is_passed_over_and_then_waited_for(
    world: World, server: RunningServer, client: QBittorrent
) -> None:
    """Two real clients; the indexer is asked for each torrent once, whatever happens to the clients."""
    api = world.introduce(server.api())
    made = use_qbittorrent(api, client)
    first = api.download(release_id=found(api, "persuasion"))
    assert api.wait_for_status(first, "DOWNLOADING")["client_why"] == "preferred"
    client.kill()
    before = fetches(world)
    second = api.download(release_id=found(api, "emma"))
    row = api.wait_for_status(second, *DONE, timeout=90)
    assert (row["download_client"], row["client_why"]) == ("Embedded", "stand_in")
    (embedded,) = [one for one in api.get("/api/clients")["items"] if one["name"] == "Embedded"]
    away = {key: embedded[key] for key in ("type", "name", "priority", "settings")}
    api.put(f"/api/clients/{embedded['id']}", {**away, "enabled": False})
    third = api.download(release_id=found(api, "sanditon"))
    wait_for(lambda: "Waiting for qBittorrent" in (api.row(third)["reason"] or ""), timeout=30)
    assert api.row(third)["status"] == "FOUND"
    client.start()
    assert api.wait_for_status(third, *DONE, timeout=90)["download_client"] == made["name"]
    assert fetches(world) - before <= 2
    api.delete(f"/api/downloads/queue/{first}")


def test_an_hour_needs_its_time_zone_and_a_client_its_name(server: RunningServer) -> None:
    api = server.api()
    for wrong, words in (({"start_at": "2030-01-01T00:00:00"}, "time zone"), ({"client": "Nobody"}, "Nobody")):
        with pytest.raises(ApiFailure, match=words):
            api.post("/api/downloads/queue", {"title": "Emma", "author": "Jane Austen", **wrong})
