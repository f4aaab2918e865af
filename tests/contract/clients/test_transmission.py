"""What only Transmission has to prove: its handshake, labels, names on disk, and other people's hands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients import transmission, wire
from auralarchive.clients.context import ClientContext
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.transmission import TRANSMISSION, TransmissionClient
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, Added, DownloadClient, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Misconfigured, Unreachable
from tests.contract.clients.conftest import contents, options, payload_of
from tests.contract.clients.sources import next_number, write_book
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import wait_for
from tests.support.swarm import FileServer, Seeder, Torrent, make_torrent
from tests.support.transmission import GENERATIONS, Generation, Transmission

ADD = b"torrent-add"
GET = b"torrent-get"


def connected(server: Transmission, **changes: object) -> TransmissionClient:
    """A new adapter of this server."""
    settings = {"url": server.url, "username": server.user, "password": server.password, **changes}
    client = TRANSMISSION.build("Transmission", settings, ClientContext(Path("/nonexistent")))
    assert isinstance(client, TransmissionClient)
    return client


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS
    ],
)
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture(scope="module")
def server(generation: Generation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transmission]:
    with Transmission(tmp_path_factory.mktemp("transmission"), generation.argv()) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Transmission) -> Iterator[TransmissionClient]:
    made = connected(server)
    yield made
    made.close()


@pytest.fixture
def proxy(server: Transmission) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


@pytest.fixture
def wired(server: Transmission, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[TransmissionClient]:
    """A client behind the proxy, with less patience than usual."""
    monkeypatch.setattr(wire, "TIMEOUT", 1.0)
    monkeypatch.setattr(transmission, "_SEEN_WITHIN", 1.0)
    made = connected(server, url=proxy.url)
    made.test()
    made.poll()
    proxy.contents.clear()
    yield made
    made.close()


class Shelf:
    """Makes books and serves them by a web seed, which Transmission asks sooner than its peers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.web = FileServer(folder)

    def book(self, *sizes: int, title: str = "", web: bool = True, v1_only: bool = True) -> Torrent:
        """A book of one file for each size, never the same twice, nor with the same name."""
        source = write_book(self.folder, next_number(), *sizes)
        if title:
            source = source.rename(source.with_name(f"{source.name} {title}"))
        seeds = (f"{self.web.base}/",) if web else ()
        return make_torrent(source, piece_size=16_384, web_seeds=seeds, v1_only=v1_only)

    def content(self, torrent: Torrent) -> dict[str, bytes]:
        return contents(self.folder / torrent.name)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "shelf")
    with made.web:
        yield made


def add(client: DownloadClient, torrent: Torrent, **changes: object) -> Added:
    return client.add(payload_of(torrent), options(**changes))


def item_of(client: DownloadClient, item_id: str) -> ClientItem:
    """The item as the next poll shows it."""
    found = [item for item in client.poll() if item.id == item_id]
    assert len(found) == 1, f"{len(found)} items are {item_id}"
    return found[0]


def in_state(client: DownloadClient, item_id: str, *states: ItemState, timeout: float = 30) -> ClientItem:
    """The item once it is in one of the states."""

    def look() -> ClientItem | None:
        item = item_of(client, item_id)
        return item if item.state in states else None

    return wait_for(look, timeout, every=0.1)


def by_hand(server: Transmission, torrent: Torrent, **arguments: object) -> None:
    """Somebody else adds it, paused and without a label."""
    server.call("torrent-add", {"filename": torrent.magnet, "paused": True, **arguments})


# --- peers ------------------------------------------------------------------------------------------


def test_a_magnet_with_a_name_that_no_disk_likes(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """Metadata and data from peers; what 3.00 calls it on disk is another name than the one that it shows."""
    torrent = shelf.book(50_000, 30_000, title=': "Part?" <1>|*', web=False)
    with Seeder() as seeder:
        seeder.seed(torrent, shelf.folder)
        added = client.add(Payloads().magnet(torrent.magnet), options())
        assert item_of(client, added.id).state is ItemState.METADATA
        assert client.files(added.id) == ()

        def look() -> ClientItem | None:
            seeder.connect(torrent, server.peer_port)
            item = item_of(client, added.id)
            return item if item.state is ItemState.READY else None

        item = wait_for(look, 60, every=0.5)
    assert (item.name, item.size, item.progress) == (torrent.name, 80_000, 1)
    local = Path(client.local_path(item))
    assert contents(local) == shelf.content(torrent)
    assert (":" in local.name) is (server.version != "3.00")
    assert {Path(file.path).parent.name for file in client.files(added.id)} == {local.name}


# --- other people's hands ---------------------------------------------------------------------------


def test_a_foreign_duplicate_is_adopted_without_stealing(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """What somebody added before keeps its labels; it gains one that is no download's."""
    torrent = shelf.book(20_000)
    by_hand(server, torrent)
    server.call("torrent-set", {"ids": [torrent.info_hash], "labels": ["films"]})
    assert add(client, torrent).adopted
    assert add(client, torrent).adopted
    assert item_of(client, torrent.info_hash).tags == {"films", "auralarchive-adopted"}
    assert server.torrent(torrent.info_hash, "status")["status"] == 0


def test_an_adopted_torrent_without_labels_gets_ours(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """No label is nobody's."""
    torrent = shelf.book(20_000)
    by_hand(server, torrent)
    assert add(client, torrent).adopted
    assert set(server.torrent(torrent.info_hash, "labels")["labels"]) == {"auralarchive", "auralarchive-adopted"}


def test_labels_changed_by_hand_lose_nothing(client: TransmissionClient, server: Transmission, shelf: Shelf) -> None:
    """The info-hash goes on."""
    added = add(client, shelf.book(20_000), paused=True)
    for labels in ([], ["films", "ä ö"]):
        server.call("torrent-set", {"ids": [added.id], "labels": labels})
        assert item_of(client, added.id).tags == set(labels)


def test_foreign_torrents_are_neither_shown_nor_touched(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """Whatever we do to ours, or try to do to nobody."""
    foreign, ours = shelf.book(20_000), shelf.book(20_000)
    by_hand(server, foreign)
    wait_for(lambda: server.torrent(foreign.info_hash, "status")["status"] == 0)  # it has been looked at first
    fields = ("status", "labels", "downloadLimited", "seedRatioMode", "bandwidthPriority", "downloadDir")
    before = server.torrent(foreign.info_hash, *fields)
    added = add(client, ours, paused=True)
    for item_id in (added.id, "ab" * 20):
        client.resume(item_id)
        client.set_limits(item_id, 5_000, 5_000)
        client.set_seed_goal(item_id, SeedGoal(2.0))
        client.pause(item_id)
        client.remove(item_id, with_data=True)
    assert foreign.info_hash not in {item.id for item in client.poll()}
    assert server.torrent(foreign.info_hash, *fields) == before


def test_a_torrent_removed_by_hand_is_no_longer_polled(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """It is missing from a healthy list at once: what that means is not for the adapter to say."""
    added = add(client, shelf.book(20_000), paused=True)
    item_of(client, added.id)
    server.call("torrent-remove", {"ids": [added.id]})
    assert added.id not in {item.id for item in client.poll()}
    assert client.find(frozenset({added.id})) is None
    assert client.files(added.id) == ()


def test_files_moved_by_hand_are_found_where_they_are(
    client: TransmissionClient, server: Transmission, shelf: Shelf, tmp_path: Path
) -> None:
    """Transmission's own word about the place counts, at every poll anew."""
    torrent = shelf.book(30_000, 20_000)
    added = add(client, torrent)
    in_state(client, added.id, ItemState.READY)
    (tmp_path / "moved").mkdir()
    server.call("torrent-set-location", {"ids": [added.id], "location": str(tmp_path / "moved"), "move": True})
    moved = str(tmp_path / "moved" / torrent.name)
    wait_for(lambda: item_of(client, added.id).content_path == moved and Path(moved, "02.mp3").exists())
    assert client.local_path(item_of(client, added.id)) == moved


def test_a_book_renamed_by_hand_is_found_by_its_new_name(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """The folder and what Transmission says of it change together."""
    torrent = shelf.book(30_000, 20_000)
    added = add(client, torrent)
    in_state(client, added.id, ItemState.READY)
    new = f"Renamed {added.id[:8]}"
    server.call("torrent-rename-path", {"ids": [added.id], "path": torrent.name, "name": new})
    wait_for(lambda: item_of(client, added.id).name == new)
    assert contents(Path(client.local_path(item_of(client, added.id)))) == shelf.content(torrent)


def test_a_file_that_is_not_wanted_is_said(client: TransmissionClient, server: Transmission, shelf: Shelf) -> None:
    """A book with a part left out must not pass for a whole one; chosen again, it is completed."""
    torrent = shelf.book(60_000, 60_000)
    added = add(client, torrent, paused=True)
    server.call("torrent-set", {"ids": [added.id], "files-unwanted": [1]})
    client.resume(added.id)
    item = in_state(client, added.id, ItemState.WARNING, ItemState.READY)
    assert (item.state, item.progress) == (ItemState.WARNING, 1)
    assert "choose all of them" in (item.message or "")
    assert [file.wanted for file in sorted(client.files(added.id), key=lambda file: file.path)] == [True, False]
    server.call("torrent-set", {"ids": [added.id], "files-wanted": [1]})
    client.pause(added.id)  # 4.1 asks a web seed again after a new start only
    wait_for(lambda: item_of(client, added.id).paused)
    client.resume(added.id)
    item = in_state(client, added.id, ItemState.READY)
    assert contents(Path(client.local_path(item))) == shelf.content(torrent)


def test_deleted_files_are_told_and_loaded_again(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """Transmission finds out when it checks; the same add, as after a retry, gets the book anew and keeps it ours."""
    torrent = shelf.book(60_000, 30_000)
    added = add(client, torrent)
    folder = Path(client.local_path(in_state(client, added.id, ItemState.READY)))
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    server.call("torrent-verify", {"ids": [added.id]})
    item = in_state(client, added.id, ItemState.WARNING)
    assert "data" in (item.message or "")
    again = add(client, torrent)
    assert (again.id, again.adopted) == (added.id, False)
    client.resume(added.id)
    item = in_state(client, added.id, ItemState.READY)
    assert contents(Path(client.local_path(item))) == shelf.content(torrent)


# --- what is sent -----------------------------------------------------------------------------------


def test_what_is_sent_arrives(client: TransmissionClient, server: Transmission, shelf: Shelf, tmp_path: Path) -> None:
    """Labels, limits, order, goal, priority and place, by the words of this generation."""
    placed = connected(server, save_path=str(tmp_path / "placed"))
    added = add(
        placed,
        shelf.book(20_000),
        tag="auralarchive-main-1",
        paused=True,
        sequential=True,
        download_limit=64_999,
        upload_limit=32_000,
        seed_goal=SeedGoal(1.25, 7_200),
        priority=2,
    )
    in_state(placed, added.id, ItemState.PAUSED)
    placed.close()
    fields = ["downloadLimit", "downloadLimited", "uploadLimit", "uploadLimited", "seedRatioLimit", "seedRatioMode"]
    fields += ["seedIdleMode", "bandwidthPriority", "downloadDir", "labels", "sequential_download", "status"]
    told = server.torrent(added.id, *fields)
    assert [told[key] for key in fields[:8]] == [64, True, 32, True, 1.25, 1, 2, 1]
    assert (told["downloadDir"], told["status"]) == (str(tmp_path / "placed"), 0)
    assert set(told["labels"]) == {"auralarchive", "auralarchive-main-1"}
    knows_order = Ability.SEQUENTIAL in placed.abilities
    assert knows_order is (server.version != "3.00")
    assert bool(told["sequential_download"]) is knows_order
    assert item_of(client, added.id).limits == SpeedLimits(64_000, 32_000)
    client.set_limits(added.id, None, 5_000)
    client.set_seed_goal(added.id, SeedGoal())
    told = server.torrent(added.id, "downloadLimited", "uploadLimit", "seedRatioMode", "seedIdleMode")
    assert (told["downloadLimited"], told["uploadLimit"], told["seedRatioMode"], told["seedIdleMode"]) == (
        False,
        5,
        0,
        0,
    )
    assert item_of(client, added.id).limits == SpeedLimits(None, 5_000)


def test_a_torrent_keeps_to_its_limit_and_stops_at_its_goal(
    client: TransmissionClient, server: Transmission, shelf: Shelf
) -> None:
    """A crawling one is caught in the middle; at ratio 0 it has shared enough as soon as it is complete."""
    torrent = shelf.book(600_000, 600_000)  # of a web seed 4.1 counts whole files only
    added = add(client, torrent, download_limit=200_000, seed_goal=SeedGoal(0.0))

    def in_the_middle() -> bool:
        item = item_of(client, added.id)
        assert item.progress < 1
        return item.progress > 0

    wait_for(in_the_middle, every=0.1)
    client.set_limits(added.id, None, None)
    item = wait_for(lambda: (item := item_of(client, added.id)).paused and item)
    assert (item.state, item.raw_state) == (ItemState.READY, "finished")


def test_the_queue_moves(client: TransmissionClient, server: Transmission, shelf: Shelf) -> None:
    """To its head and to its end."""
    first, last = (add(client, shelf.book(20_000), paused=True).id for _ in range(2))

    def place(item_id: str) -> int:
        return int(server.torrent(item_id, "queuePosition")["queuePosition"])

    assert place(first) < place(last)
    client.set_priority(last, 1)
    assert place(last) == 0
    client.set_priority(last, -1)
    assert place(last) > place(first)
    assert server.torrent(last, "bandwidthPriority")["bandwidthPriority"] == -1


def test_general_limits_are_its_own(client: TransmissionClient, server: Transmission) -> None:
    """Set, read, changed by hand and taken off."""
    assert client.global_limits() == SpeedLimits()
    client.set_global_limits(SpeedLimits(1_024_000, 64_500))
    assert client.global_limits() == SpeedLimits(1_024_000, 64_000)
    server.call("session-set", {"speed-limit-down": 7})
    assert client.global_limits().download == 7_000
    client.set_global_limits(SpeedLimits())
    assert client.global_limits() == SpeedLimits()


# --- unfinished files -------------------------------------------------------------------------------


def test_unfinished_files_in_a_folder_of_their_own(
    client: TransmissionClient, server: Transmission, shelf: Shelf, tmp_path: Path
) -> None:
    """What is unfinished is not where Transmission says; complete, it is, and a removed one leaves nothing behind."""
    unfinished = tmp_path / "unfinished"
    # Without its cache, for else what is unfinished lies in memory and not on the disk.
    apart = {"incomplete-dir": str(unfinished), "incomplete-dir-enabled": True, "cache-size-mb": 0}
    server.call("session-set", apart)
    try:
        torrent = shelf.book(300_000, 300_000)
        added = add(client, torrent, download_limit=100_000)
        wait_for(lambda: ".part" in _suffixes(unfinished))
        with pytest.raises(Misconfigured, match="is not there"):
            client.local_path(item_of(client, added.id))
        client.set_limits(added.id, None, None)
        item = in_state(client, added.id, ItemState.READY)
        assert contents(Path(client.local_path(item))) == shelf.content(torrent)
        cancelled = add(client, shelf.book(300_000, 300_000), download_limit=100_000)
        wait_for(lambda: ".part" in _suffixes(unfinished))
        client.remove(cancelled.id, with_data=True)
        wait_for(lambda: not _suffixes(unfinished))
    finally:
        server.call("session-set", {"incomplete-dir-enabled": False, "cache-size-mb": 4})


def _suffixes(folder: Path) -> set[str]:
    return {path.suffix for path in folder.rglob("*") if path.is_file()}


# --- versions of torrents ---------------------------------------------------------------------------


def test_a_hybrid(client: TransmissionClient, server: Transmission, shelf: Shelf) -> None:
    """4.x takes it as version 1, with padding on disk that is no file of the book; 3.00 cannot read it."""
    torrent = shelf.book(40_000, 30_000, v1_only=False, web=False)
    if server.version == "3.00":
        with pytest.raises(InvalidInput, match="declines") as caught:
            add(client, torrent)
        assert "hybrid" in caught.value.remedy
        return
    with Seeder() as seeder:
        seeder.seed(torrent, shelf.folder)
        added = add(client, torrent)

        def ready() -> bool:
            seeder.connect(torrent, server.peer_port)
            return item_of(client, added.id).state is ItemState.READY

        wait_for(ready, 60, every=0.5)
    assert torrent.info_hash_v2 in item_of(client, added.id).hashes
    assert {Path(file.path).name for file in client.files(added.id)} == {"01.mp3", "02.mp3"}
    assert add(client, torrent).id == added.id


@pytest.mark.parametrize("data", [b"no", b"d4:infod4:name1:xee"])
def test_bytes_that_are_no_torrent_are_refused(client: TransmissionClient, data: bytes) -> None:
    """Its refusal is final: the same bytes will never be taken."""
    with pytest.raises(InvalidInput, match="declines") as caught:
        client.add(Payload(DownloadType.TORRENT, "x", data=data, info_hash_v1="cd" * 20), options())
    assert caught.value.remedy


# --- a restart --------------------------------------------------------------------------------------


def test_after_a_restart_everything_is_there(client: TransmissionClient, server: Transmission, shelf: Shelf) -> None:
    """3.00 shows nothing for a moment: who asked then would take everything for removed."""
    ids = {add(client, shelf.book(10_000), paused=True).id for _ in range(5)}
    before = {item.id: item for item in client.poll()}
    assert ids <= before.keys()
    server.restart()
    after = {item.id: item for item in client.poll()}
    assert after.keys() == before.keys()
    assert {after[item_id].state for item_id in ids} == {ItemState.PAUSED}
    assert {item_id: after[item_id].tags for item_id in ids} == {item_id: before[item_id].tags for item_id in ids}


# --- the login --------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(server: Transmission, proxy: FaultProxy) -> None:
    """Transmission locks itself after a hundred; the breaker leaves it alone until settings change."""
    for changes, message in (({"password": "wrong"}, "refuses"), ({"username": "", "password": ""}, "wants")):
        client = connected(server, url=proxy.url, **changes)
        proxy.contents.clear()
        for _ in range(5):
            with pytest.raises(AuthRefused, match=message) as caught:
                client.poll()
        assert caught.value.remedy
        assert len(proxy.contents) == 1
        client.close()


def test_a_session_that_is_no_longer_known_is_renewed_once(wired: TransmissionClient, proxy: FaultProxy) -> None:
    """One more request, and nobody notices."""
    wired.poll()
    assert len(proxy.contents) == 1
    wired._api.session = "of yesterday"
    wired.poll()
    assert len(proxy.contents) == 3


def test_an_address_that_is_not_on_its_whitelist(generation: Generation, tmp_path: Path) -> None:
    """403, and well again as soon as somebody has added it."""
    settings = {"rpc_whitelist_enabled": True, "rpc_whitelist": "192.0.2.1"}
    with Transmission(tmp_path / "strict", generation.argv(), **settings) as strict:
        client = connected(strict)
        with pytest.raises(Unreachable, match="403") as caught:
            client.test()
        assert "rpc-whitelist" in caught.value.remedy
        client.close()


def test_a_host_name_that_is_not_on_its_whitelist(generation: Generation, tmp_path: Path) -> None:
    """421 where no password protects it; with the name, or by address, it works."""
    settings = {"rpc_authentication_required": False, "rpc_host_whitelist_enabled": True}
    with Transmission(tmp_path / "open", generation.argv(), rpc_host_whitelist="nas.local", **settings) as unlocked:
        client = connected(unlocked, username="", password="")
        assert client.test().version
        client._api._wire._http.headers["Host"] = "nas.local"
        client.poll()
        client._api._wire._http.headers["Host"] = "other.local"
        with pytest.raises(Unreachable, match="421") as caught:
            client.poll()
        assert "rpc-host-whitelist" in caught.value.remedy
        client.close()


@pytest.mark.parametrize("path", ["/elsewhere", "/transmission/deeper"])
def test_a_wrong_base_path_is_explained(server: Transmission, path: str) -> None:
    """It answers, but with its page or with nothing."""
    client = connected(server, url=server.url + path)
    with pytest.raises(Unreachable) as caught:
        client.test()
    assert "base path" in caught.value.remedy
    client.close()


def test_the_address_of_its_page_leads_to_the_rpc(server: Transmission) -> None:
    """As people copy it."""
    client = connected(server, url=f"{server.url}/transmission/web/")
    assert client.test().version == f"Transmission {server.version}"
    client.close()


# --- the wire ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", asked=ADD),
        Fault("reset", asked=ADD, amount=20),
        Fault("delay", asked=ADD, amount=1.5),
        Fault("garbage", asked=ADD),
        Fault("status", asked=ADD, amount=500),
        Fault("html", asked=ADD),
        Fault("truncate", asked=ADD),
        Fault("body", asked=ADD, content=b'{"result": 7}'),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}",
)
def test_an_add_whose_answer_is_lost(
    wired: TransmissionClient, proxy: FaultProxy, server: Transmission, shelf: Shelf, fault: Fault
) -> None:
    """The server has it: the look by its hash says so, and there is one torrent, with our labels."""
    proxy.fault = fault
    torrent = shelf.book(10_000)
    added = add(wired, torrent, paused=True)
    assert (added.id, added.adopted) == (torrent.info_hash, False)
    assert sum(ADD in content for content in proxy.contents) == 1
    assert set(server.torrent(added.id, "labels")["labels"]) == {"auralarchive", "auralarchive-test"}


def test_an_add_that_never_arrived(wired: TransmissionClient, proxy: FaultProxy, shelf: Shelf) -> None:
    """The server does not have it: that is a failure that time may mend, and the next add succeeds."""
    proxy.fault = Fault("refuse", asked=ADD)
    torrent = shelf.book(10_000)
    with pytest.raises(Unreachable):
        add(wired, torrent, paused=True)
    proxy.fault = Fault()
    assert not add(wired, torrent, paused=True).adopted


def test_an_add_that_is_cut_off_before_its_labels(
    wired: TransmissionClient, proxy: FaultProxy, server: Transmission, shelf: Shelf
) -> None:
    """The next attempt completes it. A process that knows nothing of the first adopts it on 3.00: never removed."""
    proxy.fault = Fault("refuse", asked=b"torrent-set")
    torrent = shelf.book(10_000)
    with pytest.raises(Unreachable):
        add(wired, torrent, paused=True)
    proxy.fault = Fault()
    labelled = server.version != "3.00"
    assert bool(server.torrent(torrent.info_hash, "labels")["labels"]) is labelled
    after_a_crash = connected(server)
    assert add(after_a_crash, torrent, paused=True).adopted is not labelled
    after_a_crash.close()
    other = shelf.book(10_000)
    proxy.fault = Fault("refuse", asked=b"torrent-set")
    with pytest.raises(Unreachable):
        add(wired, other, paused=True)
    proxy.fault = Fault()
    assert not add(wired, other, paused=True).adopted
    assert "auralarchive-test" in server.torrent(other.info_hash, "labels")["labels"]


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
        Fault("status", amount=409),
        Fault("body", content=b'{"result": "success", "arguments": {'),
        Fault("body", content=b'{"result": "no"}'),
        Fault("body", content=b'{"result": "success"}'),
        Fault("body", content=b'{"result": "success", "arguments": {"torrents": null}}'),
        Fault("body", content=b'["a list"]'),
        Fault("body", content=b"[" * 100_000),
        Fault("body", content=b"\xff\xfe{}"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}-{fault.content[:36]!r}",
)
def test_a_poll_over_a_bad_wire(
    wired: TransmissionClient, client: TransmissionClient, proxy: FaultProxy, shelf: Shelf, fault: Fault
) -> None:
    """Every fault is `Unreachable`, never a list in which torrents seem gone; the next good poll shows all of them."""
    added = add(client, shelf.book(1_000), paused=True)
    proxy.fault = fault
    with pytest.raises(Unreachable) as caught:
        wired.poll()
    assert caught.value.remedy
    proxy.fault = Fault()
    assert added.id in {item.id for item in wired.poll()}


def test_one_bad_torrent_does_not_hide_the_others(wired: TransmissionClient, proxy: FaultProxy) -> None:
    """Wrong types and unknown words make one item UNKNOWN; its neighbour is polled as ever."""
    ours = {"labels": ["auralarchive-1"]}
    whole = {"status": 6, "metadataPercentComplete": 1, "percentDone": 1, "leftUntilDone": 0, "error": 0}
    told: list[Any] = [
        {"hashString": "a" * 40, **ours, "status": 99, "eta": 8640000, "sizeWhenDone": -1, "name": None, "error": "x"},
        {"hashString": "b" * 40, **ours, **whole, "name": "Good \udcff", "uploadRatio": 1e400},
        {"hashString": ["c"], **ours},
        None,
    ]
    body = json.dumps({"result": "success", "arguments": {"torrents": told}}).encode()
    proxy.fault = Fault("body", asked=GET, content=body)
    items = {item.id[0]: item for item in wired.poll()}
    assert items.keys() == {"a", "b"}
    assert (items["a"].state, items["a"].eta, items["a"].size) == (ItemState.UNKNOWN, None, None)
    assert items["b"].state is ItemState.READY


def test_a_poll_is_one_request(wired: TransmissionClient, proxy: FaultProxy) -> None:
    """However many torrents there are."""
    for _ in range(3):
        wired.poll()
    assert [GET in content for content in proxy.contents] == [True] * 3


# --- the report -------------------------------------------------------------------------------------


def test_the_report_tells_what_matters(client: TransmissionClient, server: Transmission) -> None:
    """All is well; then somebody switches turtle mode on and lets a script run."""
    report = client.test()
    assert report.version == f"Transmission {server.version}"
    assert {finding.subject for finding in report.findings} >= {"Label", "Paths", "Space", "Seeding limits"}
    assert all(finding.ok for finding in report.findings)
    script = {"script-torrent-done-enabled": True, "script-torrent-done-filename": "/bin/true"}
    server.call("session-set", {"alt-speed-enabled": True, **script})
    told = {finding.subject: finding for finding in client.test().findings}
    server.call("session-set", {"alt-speed-enabled": False, "script-torrent-done-enabled": False})
    assert not told["Speed limits"].ok
    assert told["Speed limits"].remedy
    assert "/bin/true" in told["Script"].message


def test_path_mapping_leads_to_the_files(
    client: TransmissionClient, server: Transmission, shelf: Shelf, tmp_path: Path
) -> None:
    """A client that names its folder otherwise than we: mapped it works, wrongly mapped it is explained."""
    torrent = shelf.book(20_000)
    item = in_state(client, add(client, torrent).id, ItemState.READY)
    (tmp_path / "here").symlink_to(server.save_path)
    mapped = connected(server, path_mappings=[{"remote": str(server.save_path), "local": str(tmp_path / "here")}])
    assert mapped.local_path(item) == str(tmp_path / "here" / torrent.name)
    wrong = connected(server, path_mappings=[{"remote": str(server.save_path), "local": str(tmp_path / "nowhere")}])
    with pytest.raises(Misconfigured, match="does not exist here"):
        wrong.local_path(item)
    assert [finding.subject for finding in wrong.test().findings if not finding.ok] == ["Paths"]
    mapped.close()
    wrong.close()
