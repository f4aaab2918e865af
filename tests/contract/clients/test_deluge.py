"""What only Deluge has to prove: labels by a plugin, notes instead of tags, a line of its own, and its hybrids."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients import deluge, deluge_api
from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge import ADOPTED
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.ports.clients import DownloadClient, Finding
from auralarchive.ports.errors import AuthRefused, InvalidInput, Unreachable
from tests.contract.clients.conftest import add_book, contents, followed, in_state, item_of, options, ready
from tests.contract.clients.rig import FOREIGN, Book
from tests.contract.clients.rigs.deluge import DelugeHand, DelugeRig
from tests.contract.clients.sources import TorrentSource, dialling, torrent_of
from tests.support.deluge import GENERATIONS, Generation
from tests.support.processes import wait_for
from tests.support.relay import Relay
from tests.support.swarm import Seeder

OURS = "auralarchive"


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
def deluge_rig(generation: Generation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DelugeRig]:
    """One daemon for all tests here: each puts back what it changes."""
    running = DelugeRig(tmp_path_factory.mktemp("deluge"), generation)
    yield running
    running.close()


@pytest.fixture(scope="module")
def source(deluge_rig: DelugeRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorrentSource]:
    with dialling(tmp_path_factory.mktemp("source"), lambda: deluge_rig.peer_port) as running:
        assert isinstance(running, TorrentSource)
        yield running


@pytest.fixture
def hand(deluge_rig: DelugeRig) -> DelugeHand:
    return DelugeHand(deluge_rig.server)


def _told(hand: DelugeHand, item_id: str, *keys: str) -> tuple[Any, ...]:
    answer = hand.call("core.get_torrent_status", item_id, list(keys))
    return tuple(answer[key] for key in keys)


def _added_by_hand(hand: DelugeHand, book: Book, **wishes: Any) -> str:
    assert book.payload.data is not None
    data = base64.b64encode(book.payload.data)
    return str(hand.call("core.add_torrent_file", "x", data, {"add_paused": True, **wishes}))


# --- labels and notes -------------------------------------------------------------------------------


def test_what_is_sent_arrives(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """Label, limits, order and goal; nothing removes it at its ratio, whatever is usual there."""
    hand.call("core.set_config", {"remove_seed_at_ratio": True})
    goal = SeedGoal(ratio=1.25)
    book = source.book(50_000)
    added = add_book(
        deluge_rig, book, paused=True, sequential=True, download_limit=64_000, upload_limit=32_000, seed_goal=goal
    )
    hand.call("core.set_config", {"remove_seed_at_ratio": False})
    asked = ("label", "max_download_speed", "max_upload_speed", "stop_at_ratio", "stop_ratio", "remove_at_ratio")
    assert _told(hand, added.id, *asked) == (OURS, 62.5, 31.25, True, 1.25, False)
    assert in_state(deluge_rig, added.id, ItemState.PAUSED).limits == SpeedLimits(64_000, 32_000)
    deluge_rig.client.set_seed_goal(added.id, SeedGoal())
    assert _told(hand, added.id, "stop_at_ratio", "stop_ratio") == (False, 2.0)


def test_our_own_is_known_after_our_restart(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """A new process reads the notes of the one before: tag and item are there from the first poll on."""
    book = source.book(50_000)
    added = add_book(deluge_rig, book, paused=True)
    client = deluge_rig.connected()
    assert next(item.tags for item in client.poll() if item.id == added.id) == {book.tag}
    assert not client.add(book.payload, options(tag=book.tag)).adopted
    client.close()


def test_without_its_note_it_counts_as_somebody_elses(
    deluge_rig: DelugeRig, source: TorrentSource, tmp_path: Path
) -> None:
    """Another instance at the same daemon, or ours after it lost its data: followed, and never removed."""
    book = source.book(50_000)
    added = add_book(deluge_rig, book, paused=True)
    other = deluge_rig.connected(ClientContext(tmp_path / "other"))
    assert added.id not in {item.id for item in other.poll()}
    again = other.add(book.payload, options(tag="auralarchive-other-1"))
    assert (again.id, again.adopted) == (added.id, True)
    assert [item.tags for item in other.poll()] == [{ADOPTED}]
    assert item_of(deluge_rig, added.id).tags == {book.tag}
    other.close()


def test_an_adopted_one_without_label_gets_ours(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """None is nobody's; one of somebody's own stays."""
    nobodys, somebodys = source.book(50_000), source.book(50_000)
    for book, label in ((nobodys, ""), (somebodys, FOREIGN)):
        item_id = _added_by_hand(hand, book)
        hand.label(item_id, label)
        assert add_book(deluge_rig, book).adopted
        assert _told(hand, item_id, "label") == (label or OURS,)


def test_an_adopted_one_stays_adopted(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """Also for the next process, and for another download."""
    book = source.book(50_000)
    item_id = _added_by_hand(hand, book)
    assert add_book(deluge_rig, book).adopted
    client = deluge_rig.connected()
    assert client.add(book.payload, options(tag="auralarchive-test-2")).adopted
    assert item_of(deluge_rig, item_id).tags == {ADOPTED}
    client.close()


def test_a_label_taken_away_by_hand_stays_away(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """The item goes on, and nobody fights over it."""
    added = add_book(deluge_rig, source.book(50_000), paused=True)
    hand.label(added.id, "")
    for _ in range(2):
        assert item_of(deluge_rig, added.id).tags
    assert _told(hand, added.id, "label") == ("",)


_KILLED = """
import sys
from pathlib import Path
from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge import DELUGE
from auralarchive.clients.payloads import Payloads
from auralarchive.ports.clients import AddOptions
port, user, password, state, torrent, tag = sys.argv[1:]
client = DELUGE.build("Deluge", {"port": int(port), "username": user, "password": password}, ClientContext(Path(state)))
client.add(Payloads().torrent(Path(torrent).read_bytes()), AddOptions(tag, paused=True))
"""


@pytest.mark.parametrize("mended_by", ["poll", "add"])
@pytest.mark.parametrize("failpoint", ["deluge.noted", "deluge.added"])
def test_a_kill_in_the_midst_of_an_add(
    deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand, tmp_path: Path, failpoint: str, mended_by: str
) -> None:
    """Before it is sent, or before it has its label: the next attempt knows it for ours, and labels it."""
    book = source.book(50_000)
    (tmp_path / "book.torrent").write_bytes(torrent_of(book).data)
    server = deluge_rig.server
    arguments = [
        str(server.port),
        server.user,
        server.password,
        str(deluge_rig.state),
        str(tmp_path / "book.torrent"),
        book.tag,
    ]
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, *arguments],
        env={**os.environ, "AURALARCHIVE_FAILPOINT": failpoint},
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    there = failpoint == "deluge.added"
    assert (hand.look(str(book.payload.info_hash_v1)) is not None) == there
    client = deluge_rig.connected()
    if there and mended_by == "poll":
        client.poll()
        assert _told(hand, str(book.payload.info_hash_v1), "label") == (OURS,)
    added = client.add(book.payload, options(tag=book.tag, paused=True))
    assert not added.adopted
    assert item_of(deluge_rig, added.id).tags == {book.tag}
    assert _told(hand, added.id, "label") == (OURS,)
    client.close()


def test_without_the_plugin_downloads_work(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """`Test` says what to do; once it is switched on, what has come meanwhile gets its label."""
    hand.call("core.disable_plugin", "Label")
    try:
        assert [finding.subject for finding in _bad(deluge_rig.client)] == ["Label"]
        book = source.book(60_000)
        added = add_book(deluge_rig, book)
        item = followed(deluge_rig, source, book, added.id, ready)
        assert contents(Path(deluge_rig.client.local_path(item))) == book.contents
    finally:
        hand.call("core.enable_plugin", "Label")
    wait_for(lambda: deluge_rig.client.poll() and _told(hand, added.id, "label") == (OURS,))
    assert _bad(deluge_rig.client) == []


# --- states and places ------------------------------------------------------------------------------


def test_files_missing_at_its_start_are_an_error(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """With Deluge's own words: nothing is failed, and nothing is ready."""
    book = source.book(60_000)
    added = add_book(deluge_rig, book)
    content = Path(deluge_rig.client.local_path(followed(deluge_rig, source, book, added.id, ready)))
    deluge_rig.server.stop()
    shutil.rmtree(content)
    deluge_rig.server.start()
    item = wait_for(lambda: next((item for item in deluge_rig.client.poll() if _is_warned(item, added.id)), None))
    assert (item.raw_state, item.progress) == ("Error", 0.0)
    assert "Missing" in str(item.message)
    deluge_rig.client.remove(added.id, with_data=True)


def _is_warned(item: ClientItem, item_id: str) -> bool:
    return item.id == item_id and item.state is ItemState.WARNING


def test_a_folder_that_it_cannot_make_is_an_error(deluge_rig: DelugeRig, source: TorrentSource, tmp_path: Path) -> None:
    """Disk full, no permission: a person can mend that, so it waits."""
    (tmp_path / "file").touch()
    client = deluge_rig.connected(save_path=str(tmp_path / "file" / "below"))
    book = source.book(60_000)
    added = client.add(book.payload, options(tag=book.tag))
    item = followed(deluge_rig, source, book, added.id, lambda item: item.state is ItemState.WARNING)
    assert (item.message, item.progress) == ("Not a directory", 0.0)
    client.close()


def test_files_deleted_by_hand_are_loaded_again(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """Deluge believes in them until it is told to look, which the next add of the release does."""
    book = source.book(60_000, 60_000)
    added = add_book(deluge_rig, book)
    content = Path(deluge_rig.client.local_path(followed(deluge_rig, source, book, added.id, ready)))
    shutil.rmtree(content)
    assert not add_book(deluge_rig, book).adopted
    wait_for(lambda: item_of(deluge_rig, added.id).progress == 0)
    with Seeder() as another:  # Deluge does not take the same peer again so soon
        another.seed(torrent_of(book), source.swarm.folder)

        def complete() -> bool:
            another.connect(torrent_of(book), deluge_rig.peer_port)
            return ready(item_of(deluge_rig, added.id))

        assert wait_for(complete, every=0.5)
    assert contents(content) == book.contents


def test_moved_and_renamed_by_hand(
    deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand, tmp_path: Path
) -> None:
    """The place is Deluge's word at every poll; the name that it displays is no file name."""
    book = source.book(60_000, 60_000)
    added = add_book(deluge_rig, book)
    followed(deluge_rig, source, book, added.id, ready)
    hand.call("core.move_storage", [added.id], str(tmp_path / "moved"))
    moved = tmp_path / "moved" / book.name
    wait_for(lambda: ready(item := item_of(deluge_rig, added.id)) and item.save_path == str(tmp_path / "moved"))
    hand.call("core.set_torrent_options", [added.id], {"name": "Another name"})
    item = item_of(deluge_rig, added.id)
    assert item.name == "Another name"
    assert deluge_rig.client.local_path(item) == str(moved)


def test_the_folder_of_completed_ones(
    deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand, tmp_path: Path
) -> None:
    """Until it lies there it is not ready."""
    hand.call("core.set_config", {"move_completed": True, "move_completed_path": str(tmp_path / "done")})
    try:
        assert "Paths" in {finding.subject for finding in _bad(deluge_rig.client)}, "not there yet"
        book = source.book(300_000)
        added = add_book(deluge_rig, book)
        item = followed(deluge_rig, source, book, added.id, ready)
    finally:
        hand.call("core.set_config", {"move_completed": False})
    assert deluge_rig.client.local_path(item) == str(tmp_path / "done" / book.name)
    assert contents(tmp_path / "done" / book.name) == book.contents


def test_a_file_that_is_not_wanted(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """Chosen away by hand: the rest is complete; with none left, it says so."""
    book = source.book(65_536, 60_000)  # the first ends with a piece
    added = add_book(deluge_rig, book, paused=True)
    hand.call("core.set_torrent_options", [added.id], {"file_priorities": [4, 0]})
    deluge_rig.client.resume(added.id)
    assert followed(deluge_rig, source, book, added.id, ready).size == 65_536
    assert [file.wanted for file in deluge_rig.client.files(added.id)] == [True, False]
    nothing = add_book(deluge_rig, source.book(60_000), paused=True)
    hand.call("core.set_torrent_options", [nothing.id], {"file_priorities": [0]})
    assert in_state(deluge_rig, nothing.id, ItemState.WARNING).message


def test_the_ratio_stops_it(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """A goal of 0.0 is met at once: it is stopped there, and stays ready."""
    book = source.book(60_000)
    added = add_book(deluge_rig, book)
    followed(deluge_rig, source, book, added.id, ready)
    deluge_rig.client.set_seed_goal(added.id, SeedGoal(ratio=0.0))
    wait_for(lambda: (item := item_of(deluge_rig, added.id)).paused and ready(item))


@pytest.mark.parametrize("link", ["short", "full"])
def test_a_hybrid_by_magnet_to_its_content(deluge_rig: DelugeRig, source: TorrentSource, link: str) -> None:
    """Where Deluge loses sight of it, libtorrent's figures and the files on the disk go on"""
    book = source.hybrid(120_000, 80_000)
    torrent = torrent_of(book)
    magnet = torrent.magnet if link == "full" else f"magnet:?xt=urn:btih:{torrent.info_hash}"
    added = deluge_rig.client.add(Payloads().magnet(magnet), options(tag=book.tag))
    item = followed(deluge_rig, source, book, added.id, ready)
    assert item.size == 200_000
    assert {Path(file.path).name: file.size for file in deluge_rig.client.files(added.id)} == {
        name: len(content) for name, content in book.contents.items()
    }
    path = Path(deluge_rig.client.local_path(item))
    assert contents(path) == book.contents
    (path / "01.mp3").unlink()
    assert len(deluge_rig.client.files(added.id)) in (0, 2), "the whole or nothing"
    deluge_rig.client.remove(added.id, with_data=True)
    wait_for(lambda: not path.exists())


def test_v2_alone_comes_as_a_file_only(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """Its magnets are refused, with what to do instead."""
    book = source.hybrid(50_000)
    magnet = f"magnet:?xt=urn:btmh:1220{torrent_of(book).info_hash_v2}"
    with pytest.raises(InvalidInput) as caught:
        deluge_rig.client.add(Payloads().magnet(magnet), options(tag=book.tag))
    assert "file" in caught.value.remedy


# --- signing in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [5, 1])
def test_what_an_account_may_do(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand, level: int) -> None:
    """5 adds, follows and adopts what it does not even see in its own list; with less it is told what to change."""
    deluge_rig.server.allow(
        {deluge_rig.server.user: (deluge_rig.server.password, 10), f"small{level}": ("small-password", level)}
    )
    client = deluge_rig.connected(username=f"small{level}", password="small-password")
    own, foreign = source.book(50_000), source.book(50_000)
    item_id = _added_by_hand(hand, foreign)
    if level < 5:
        for attempt in (client.poll, client.test, lambda: client.add(own.payload, options(tag=own.tag))):
            with pytest.raises(AuthRefused) as caught:
                attempt()
            assert "level" in caught.value.remedy
    else:
        assert not client.add(own.payload, options(tag=own.tag, paused=True)).adopted
        again = client.add(foreign.payload, options(tag=foreign.tag))
        assert (again.id, again.adopted) == (item_id, True)
    client.close()


def test_its_own_certificate_is_believed_and_no_other(deluge_rig: DelugeRig, tmp_path: Path) -> None:
    """A copy of what the daemon shows; another one gets no password."""
    copied = shutil.copy(deluge_rig.server.certificate, tmp_path / "daemon.cert")
    client = deluge_rig.connected(certificate=str(copied))
    client.poll()
    client.close()
    other = deluge_rig.connected(certificate=str(_another_certificate(tmp_path)))
    with pytest.raises(AuthRefused, match="another certificate"):
        other.poll()


def _another_certificate(folder: Path) -> Path:
    file = folder / "other.cert"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-subj",
            "/CN=x",
            "-keyout",
            os.devnull,
            "-out",
            file,
        ],
        check=True,
        capture_output=True,
    )
    return file


# --- the line ---------------------------------------------------------------------------------------


def test_an_add_whose_answer_is_lost(
    deluge_rig: DelugeRig, source: TorrentSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon has it, we never hear so: it is ours all the same, once."""
    book = source.book(50_000)
    with Relay(deluge_rig.port) as relay:
        client = deluge_rig.connected(port=relay.port)
        assert isinstance(client, deluge.DelugeClient)
        client.poll()
        exchange = client._api._exchange

        def lose(line: Any, calls: tuple[deluge_api.Call, ...], **named: str) -> list[Any]:
            answers = exchange(line, calls, **named)
            if calls[0][0] == "core.add_torrent_file":
                raise OSError("the line broke")
            return answers

        monkeypatch.setattr(client._api, "_exchange", lose)
        added = client.add(book.payload, options(tag=book.tag, paused=True))
        assert not added.adopted
        client.close()
    assert item_of(deluge_rig, added.id).tags == {book.tag}


def test_a_daemon_that_is_frozen(deluge_rig: DelugeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts and says nothing: that ends in time, and it is well again as soon as it goes on."""
    monkeypatch.setattr(deluge_api, "TIMEOUT", 0.5)
    monkeypatch.setattr(deluge_api, "CONNECT_TIMEOUT", 0.5)
    client = deluge_rig.connected()
    client.poll()
    os.kill(deluge_rig.server.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(Unreachable) as caught:
                client.poll()
            assert caught.value.remedy
    finally:
        os.kill(deluge_rig.server.pid, signal.SIGCONT)
    monkeypatch.setattr(deluge_api, "TIMEOUT", 20.0)
    monkeypatch.setattr(deluge_api, "CONNECT_TIMEOUT", 5.0)
    client.poll()
    client.close()


def test_a_kill_of_the_daemon(deluge_rig: DelugeRig, source: TorrentSource) -> None:
    """As a power cut: what it had saved is there again, and is ours."""
    book = source.book(50_000)
    added = add_book(deluge_rig, book, paused=True)
    wait_for(lambda: deluge_rig.server.has_saved(added.id))  # it answers a moment before
    deluge_rig.server.kill()
    with pytest.raises(Unreachable):
        deluge_rig.client.poll()
    deluge_rig.server.start()
    assert wait_for(lambda: [item.tags for item in deluge_rig.client.poll() if item.id == added.id]) == [{book.tag}]


# --- the report -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"stop_seed_at_ratio": True, "remove_seed_at_ratio": True}, "Seeding limits"),
        ({"max_active_downloading": 0}, "Queue"),
        ({"max_active_limit": 0}, "Queue"),
        ({"download_location": "/nowhere/at/all"}, "Paths"),
    ],
)
def test_settings_that_would_lose_or_hold_up_a_book(
    deluge_rig: DelugeRig, hand: DelugeHand, settings: dict[str, Any], subject: str
) -> None:
    """Each is named with its remedy, and gone when it is mended."""
    before = hand.call("core.get_config_values", list(settings))
    hand.call("core.set_config", settings)
    try:
        assert [finding.subject for finding in _bad(deluge_rig.client)] == [subject]
    finally:
        hand.call("core.set_config", before)
    assert _bad(deluge_rig.client) == []


def test_a_label_that_removes_is_reported(deluge_rig: DelugeRig, hand: DelugeHand) -> None:
    """Its options come over whatever we ask for."""
    if OURS not in hand.call("label.get_labels"):
        hand.call("label.add", OURS)
    hand.call("label.set_options", OURS, {"apply_queue": True, "stop_at_ratio": True, "remove_at_ratio": True})
    try:
        assert [finding.subject for finding in _bad(deluge_rig.client)] == ["Label"]
    finally:
        hand.call("label.set_options", OURS, {"apply_queue": False, "stop_at_ratio": False, "remove_at_ratio": False})
    assert _bad(deluge_rig.client) == []


def test_a_session_that_is_paused_is_reported(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """Nothing moves then, and no torrent says why; what one of ours is told is to wait, for no resume would help it."""
    stopped = add_book(deluge_rig, source.book(50_000), paused=True)
    book, later = source.book(50_000), source.book(50_000)
    done = add_book(deluge_rig, book)
    followed(deluge_rig, source, book, done.id, ready)
    hand.call("core.pause_session")
    try:
        assert [finding.subject for finding in _bad(deluge_rig.client)] == ["Session"]
        late = add_book(deluge_rig, later)
        for added in (stopped, late):
            item = in_state(deluge_rig, added.id, ItemState.WARNING)
            assert item.paused
            assert "Resume the session" in (item.message or "")
        assert item_of(deluge_rig, done.id).state is ItemState.READY
    finally:
        hand.call("core.resume_session")
    in_state(deluge_rig, stopped.id, ItemState.PAUSED)
    followed(deluge_rig, source, later, late.id, ready)


def _bad(client: DownloadClient) -> list[Finding]:
    found = [finding for finding in client.test().findings if not finding.ok]
    assert all(finding.remedy for finding in found)
    return found


def test_a_poll_tells_what_deluge_tells(deluge_rig: DelugeRig, source: TorrentSource, hand: DelugeHand) -> None:
    """Figures of the real thing, side by side."""
    book = source.book(60_000)
    added = add_book(deluge_rig, book)
    item = replace(followed(deluge_rig, source, book, added.id, ready), tags=frozenset())
    save_path, total, ratio = _told(hand, added.id, "save_path", "total_done", "ratio")
    assert isinstance(item, ClientItem)
    assert (item.save_path, item.downloaded, item.ratio) == (save_path, total, ratio)
    assert (item.content_path, item.size, item.eta) == (f"{save_path}/{book.name}", 60_000, None)
