"""The threads of the direct client and their manners, and what a restart finds, against a real file server."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auralarchive.clients import direct_fetch, direct_items
from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DirectClient
from auralarchive.clients.direct_settings import DirectSettings
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.manifest import Manifest
from auralarchive.ports.clients import AddOptions
from tests.support.files import FileHost, Twist, book
from tests.support.processes import wait_for

Open = Callable[..., DirectClient]
Patch = pytest.MonkeyPatch


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the client of this test's folders, as often as the test restarts it; impatient where it waits."""
    monkeypatch.setattr(direct_items, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(direct_items, "DISK_WAIT", 0.05)
    monkeypatch.setattr(direct_items, "QUIET", 0.0)
    clients: list[DirectClient] = []

    def open_client(**changes: object) -> DirectClient:
        told = {
            "download_folder": tmp_path / "downloads",
            "loopback": True,
            "pause_seconds": 0,
            "reserve_bytes": 0,
            **changes,
        }
        client = DirectClient("direct", DirectSettings.model_validate(told), ClientContext(tmp_path / "state"))
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.close()


def add(client: DirectClient, manifest: Manifest, **changes: object) -> str:
    options = AddOptions(**{"tag": "auralarchive-test", **changes})  # type: ignore[arg-type] # names of its fields
    return client.add(read_manifest(manifest.to_bytes()), options).id


def item_of(client: DirectClient, item_id: str) -> ClientItem:
    return next(item for item in client.poll() if item.id == item_id)


def until(client: DirectClient, item_id: str, *states: ItemState) -> ClientItem:
    def look() -> ClientItem | None:
        item = item_of(client, item_id)
        return item if item.state in states else None

    return wait_for(look, timeout=20)


def loading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "direct-direct"]


# --- threads --------------------------------------------------------------------------------------


def test_there_is_no_thread_where_there_is_nothing_to_do(host: FileHost, opened: Open) -> None:
    """Neither before the first book, nor for paused ones, nor after the last."""
    client = opened()
    assert not loading_threads()
    item_id = add(client, host.manifest("Emma", book(1_000, 1_000)), paused=True)
    assert not loading_threads()
    client.resume(item_id)
    until(client, item_id, ItemState.READY)
    wait_for(lambda: not loading_threads())


def test_one_thread_sleeps_while_something_has_to_wait(host: FileHost, opened: Open, monkeypatch: Patch) -> None:
    monkeypatch.setattr(direct_items, "FIRST_WAIT", 30.0)
    manifest = host.manifest("Emma", book(1_000, 1_000, 1_000, 1_000))
    for number in range(1, 5):
        host.always(f"Emma/{number:02}.mp3", Twist(status=503))
    client = opened()
    item_id = add(client, manifest)
    wait_for(lambda: len(host.asked) == 4 and len(loading_threads()) == 1)
    for number in range(1, 5):
        host.always(f"Emma/{number:02}.mp3", None)
    client.resume(item_id)  # a person need not wait
    until(client, item_id, ItemState.READY)


def test_one_server_is_asked_for_little_at_a_time(host: FileHost, opened: Open) -> None:
    """However many files and books there are."""
    client = opened(files_at_once=8, files_per_server=2, pause_seconds=0.05)
    books = [host.manifest(f"Book {number}", book(*[60_000] * 4, seed=number)) for number in range(3)]
    for manifest in books:
        for file in manifest.files:
            host.always(f"{manifest.name.replace(' ', '-')}/{file.path}", Twist(rate=600_000))
    ids = [add(client, manifest) for manifest in books]
    for item_id in ids:
        until(client, item_id, ItemState.READY)
    assert host.most_at_once == 2


def test_servers_do_not_wait_for_one_another(host: FileHost, opened: Open) -> None:
    with FileHost() as other:
        client = opened(files_at_once=2, files_per_server=1)
        slow = host.manifest("Slow", book(10_000, 10_000))
        host.always("Slow/01.mp3", Twist(stall=10))
        add(client, slow)
        until(client, add(client, other.manifest("Fast", book(10_000, 10_000))), ItemState.READY)


def test_there_is_a_pause_before_a_server_is_asked_again(host: FileHost, opened: Open) -> None:
    client = opened(files_per_server=1, pause_seconds=0.2)
    begun = time.monotonic()
    until(client, add(client, host.manifest("Emma", book(100, 100, 100))), ItemState.READY)
    assert time.monotonic() - begun >= 0.4


def test_a_server_that_asks_for_silence_gets_it(host: FileHost, opened: Open, monkeypatch: Patch) -> None:
    """All of its files wait, not only the one that was refused; and the person is told."""
    monkeypatch.setattr(direct_items, "LONGEST_WAIT", 1.0)
    manifest = host.manifest("Emma", book(1_000, 1_000, 1_000))
    host.next("Emma/01.mp3", Twist(status=429, headers={"Retry-After": "1"}))
    client = opened(files_per_server=1)
    item_id = add(client, manifest)
    trouble = until(client, item_id, ItemState.WARNING)
    assert trouble.message == "01.mp3: 127.0.0.1 answers 429 Too Many Requests"
    assert len(host.asked) == 1
    until(client, item_id, ItemState.READY)


def test_the_more_important_book_comes_first(host: FileHost, opened: Open) -> None:
    client = opened(files_at_once=1)
    first, second = (host.manifest(name, book(1_000, 1_000, seed=len(name))) for name in ("First", "Second"))
    ids = [add(client, first, paused=True), add(client, second, paused=True)]
    client.set_priority(ids[1], 5)
    client._dispatch = lambda: None  # type: ignore[method-assign] # both are there before the first thread begins
    for item_id in ids:
        client.resume(item_id)
    del client._dispatch
    client.set_priority(ids[1], 6)
    for item_id in ids:
        until(client, item_id, ItemState.READY)
    assert [asked.path.partition("/")[0] for asked in host.asked] == ["Second", "Second", "First", "First"]


def test_a_bug_costs_one_file_and_not_the_others(host: FileHost, opened: Open, monkeypatch: Patch) -> None:
    """It is written down, and tried again."""
    client = opened()
    load = client._loader.load
    failed: list[direct_fetch.Order] = []

    def break_once(order: direct_fetch.Order) -> None:
        if not failed:
            failed.append(order)
            raise RuntimeError("a bug")
        load(order)

    monkeypatch.setattr(client._loader, "load", break_once)
    until(client, add(client, host.manifest("Emma", book(1_000, 1_000))), ItemState.READY)


# --- after a restart ------------------------------------------------------------------------------


def test_a_restart_in_the_middle_goes_on(host: FileHost, opened: Open) -> None:
    """Tag, priority and limits survive; what has come is not asked for again."""
    manifest = host.manifest("Emma", book(50_000, 50_000))
    host.next("Emma/02.mp3", Twist(stall=20_000))
    client = opened()
    item_id = add(client, manifest, priority=3, download_limit=10**9)
    wait_for(lambda: item_of(client, item_id).downloaded == 70_000)
    client.close()
    again = opened()
    item = until(again, item_id, ItemState.READY)
    assert item.tags == {"auralarchive-test"}
    assert item.downloaded == 100_000
    assert item.limits is not None
    assert item.limits.download == 10**9
    assert host.starts("Emma/02.mp3") == [0, 20_000]
    assert host.starts("Emma/01.mp3") == [0]


def test_a_pause_survives(host: FileHost, opened: Open) -> None:
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000)), paused=True)
    client.close()
    assert item_of(opened(), item_id).state is ItemState.PAUSED
    assert not host.asked


def test_after_a_power_cut_only_what_is_proved_goes_on(host: FileHost, opened: Open, tmp_path: Path) -> None:
    """The end of a part may be zeros: a checksum would find them, without one it begins anew."""
    with_proof = host.manifest("Proved", book(50_000))
    without = host.manifest("Unproved", book(50_000, seed=2), md5=None, sha1=None)
    client = opened()
    for name in ("Proved", "Unproved"):
        host.next(f"{name}/01.mp3", Twist(stall=20_000))
    ids = [add(client, manifest) for manifest in (with_proof, without)]
    wait_for(lambda: all(item.downloaded == 20_000 for item in client.poll()))
    client.close()
    (tmp_path / "state" / "running").write_text("an earlier start of the machine")
    again = opened()
    for item_id in ids:
        until(again, item_id, ItemState.READY)
    assert host.starts("Proved/01.mp3") == [0, 20_000]
    assert host.starts("Unproved/01.mp3") == [0, 0]


def test_files_that_are_gone_are_not_fetched_again_by_themselves(host: FileHost, opened: Open, tmp_path: Path) -> None:
    """A disk that is not mounted is no reason to fill another one: a person has to say so."""
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000, 1_000)))
    until(client, item_id, ItemState.READY)
    client.close()
    (tmp_path / "downloads").rename(tmp_path / "elsewhere")
    again = opened()
    held = item_of(again, item_id)
    assert held.state is ItemState.WARNING
    assert "Mount the folder" in (held.message or "")
    asked = len(host.asked)
    again.resume(item_id)
    until(again, item_id, ItemState.READY)
    assert len(host.asked) == asked + 2


def test_a_begun_book_whose_folder_is_gone_waits_too(host: FileHost, opened: Open, tmp_path: Path) -> None:
    host.always("Emma/01.mp3", Twist(stall=100))
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000)))
    wait_for(lambda: item_of(client, item_id).downloaded == 100)
    client.close()
    (tmp_path / "downloads").rename(tmp_path / "elsewhere")
    assert item_of(opened(), item_id).raw_state == "held"


def test_a_crash_before_the_last_note_is_mended(host: FileHost, opened: Open, tmp_path: Path) -> None:
    """All files are there, and nobody wrote down that they are."""
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000)))
    until(client, item_id, ItemState.READY)
    client.close()
    note = tmp_path / "state" / f"{item_id}.json"
    note.write_text(note.read_text().replace('"complete": true', '"complete": false'))
    assert item_of(opened(), item_id).state is ItemState.READY


def test_a_crash_in_a_removal_is_finished(host: FileHost, opened: Open, tmp_path: Path) -> None:
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000)))
    until(client, item_id, ItemState.READY)
    client.close()
    note = tmp_path / "state" / f"{item_id}.json"
    wish = '"removing": true, "with_data": true'
    note.write_text(note.read_text().replace('"removing": false, "with_data": false', wish))
    assert opened().poll() == ()
    assert list((tmp_path / "downloads").iterdir()) == []
    assert not note.exists()


def test_a_lost_manifest_costs_one_book(host: FileHost, opened: Open, tmp_path: Path) -> None:
    client = opened()
    ids = [add(client, host.manifest(name, book(100, seed=len(name))), paused=True) for name in ("Emma", "Persuasion")]
    client.close()
    (tmp_path / "state" / f"{ids[0]}.manifest").unlink()
    assert [item.id for item in opened().poll()] == [ids[1]]


def test_closing_twice_is_closing(opened: Open) -> None:
    client = opened()
    client.close()
    client.close()


# --- giving up ------------------------------------------------------------------------------------


def test_a_server_that_never_answers_is_given_up_in_the_end(host: FileHost, opened: Open) -> None:
    host.always("Emma/01.mp3", Twist(status=500))
    client = opened(give_up_hours=0.3 / 3600)
    failed = until(client, add(client, host.manifest("Emma", book(1_000))), ItemState.FAILED)
    assert failed.message == "01.mp3: 127.0.0.1 answers 500 Internal Server Error"
    assert len(host.asked) > 2


def test_a_full_disk_is_waited_for(host: FileHost, opened: Open, monkeypatch: Patch) -> None:
    """It is told, and goes on by itself when there is room."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    client = opened()
    item_id = add(client, host.manifest("Emma", book(1_000)))
    assert "0.0 GB are left" in (until(client, item_id, ItemState.WARNING).message or "")
    monkeypatch.undo()
    until(client, item_id, ItemState.READY)
