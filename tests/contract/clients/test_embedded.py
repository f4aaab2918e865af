"""What only the embedded client has to prove: crashes, disks, and torrents that call the neighbours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.clients import embedded_session
from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EmbeddedClient
from auralarchive.clients.embedded_settings import EmbeddedSettings
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.ports.errors import Misconfigured, Unreachable
from tests.contract.clients.conftest import Swarm, contents, options, payload_of
from tests.support.processes import missing, wait_for
from tests.support.swarm import FileServer, Seeder, Torrent, Tracker, make_torrent, random_file

Open = Callable[..., EmbeddedClient]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens the client of this test's folders, as often as the test restarts it."""
    clients: list[EmbeddedClient] = []

    def open_client(**changes: object) -> EmbeddedClient:
        told = {"download_folder": tmp_path / "downloads", "loopback": True, **changes}
        client = EmbeddedClient("embedded", EmbeddedSettings.model_validate(told), ClientContext(tmp_path / "state"))
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.close()


def item_of(client: EmbeddedClient, item_id: str) -> ClientItem:
    return next(item for item in client.poll() if item.id == item_id)


def until(
    client: EmbeddedClient, seeder: Seeder, torrent: Torrent, condition: Callable[[ClientItem], bool]
) -> ClientItem:
    """Poll until the item is as it should be, while the seeder dials."""

    def look() -> ClientItem | None:
        item = item_of(client, torrent.info_hash)
        if condition(item):
            return item
        seeder.connect(torrent, client.listen_port)
        return None

    return wait_for(look, every=0.2)


def is_ready(item: ClientItem) -> bool:
    return item.state is ItemState.READY


_CHILD = """
import sys, time
from pathlib import Path
from auralarchive.clients import embedded, embedded_session
from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded_settings import EmbeddedSettings
from auralarchive.clients.payloads import Payloads
from auralarchive.ports.clients import AddOptions
embedded_session._SAVE_EVERY = 0.5
folder = Path(sys.argv[1])
client = embedded.EmbeddedClient("embedded", EmbeddedSettings(download_folder=folder / "downloads", loopback=True),
                                 ClientContext(folder / "state"))
client.add(Payloads().torrent(Path(sys.argv[2]).read_bytes()), AddOptions(tag="auralarchive-test", upload_limit=99_000))
print(client.listen_port, flush=True)
while True:
    print(client.poll()[0].progress, flush=True)
    time.sleep(0.2)
"""


@pytest.mark.timeout(60)
def test_kill_9_keeps_progress(opened: Open, swarm: Swarm, tmp_path: Path) -> None:
    """The process dies in the middle: the next one goes on where the last save was, and ends well."""
    torrent = swarm.book(2_000_000, limit=400_000)
    file = tmp_path / "book.torrent"
    file.write_bytes(torrent.data)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path), str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert child.stdout is not None
    with child, child.stdout:
        swarm.seeder.connect(torrent, int(child.stdout.readline()))
        while float(child.stdout.readline()) < 0.5:
            pass
        swarm.seeder.limit(torrent, 50_000)  # what is left is for the next process
        half = time.time_ns()
        wait_for(lambda: any(file.stat().st_mtime_ns > half for file in (tmp_path / "state").rglob("*.resume")))
        child.send_signal(signal.SIGKILL)
        child.wait()
    client = opened()
    item = wait_for(lambda: found if (found := item_of(client, torrent.info_hash)).state != ItemState.BUSY else None)
    assert 0.4 < item.progress < 1
    assert item.tags == {"auralarchive-test"}
    swarm.seeder.limit(torrent, 0)
    done = until(client, swarm.seeder, torrent, is_ready)
    assert contents(Path(client.local_path(done))) == swarm.content(torrent)


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["empty", "garbage", "missing"])
def test_lost_progress_is_found_on_disk(opened: Open, swarm: Swarm, tmp_path: Path, damage: bytes | None) -> None:
    """A torn file of libtorrent's costs a check of the pieces, not the download."""
    torrent = swarm.book(200_000)
    client = opened()
    client.add(payload_of(torrent), options())
    until(client, swarm.seeder, torrent, is_ready)
    client.close()
    resume = tmp_path / "state" / f"{torrent.info_hash}.resume"
    resume.unlink()
    if damage is not None:
        resume.write_bytes(damage)
    again = opened()
    assert wait_for(lambda: is_ready(item_of(again, torrent.info_hash)))


def test_notes_that_cannot_be_read_are_left_alone(
    opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad file does not keep the application from starting; it is named in the log."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / f"{'ab' * 20}.json").write_text("{")
    (tmp_path / "state" / "session").write_bytes(b"torn")
    assert opened().poll() == ()
    assert "cannot be read" in caplog.text


def test_a_machine_that_went_down_means_a_check(opened: Open, swarm: Swarm, tmp_path: Path) -> None:
    """After a power cut libtorrent's notes may be ahead of the disk: what was lost is loaded again."""
    torrent = swarm.book(300_000)
    client = opened()
    client.add(payload_of(torrent), options())
    content = Path(client.local_path(until(client, swarm.seeder, torrent, is_ready)))
    client.close()
    (tmp_path / "state" / "running").write_text("another boot")
    first = content / "01.mp3"
    first.write_bytes(bytes(100_000) + first.read_bytes()[100_000:])
    again = opened()
    wait_for(lambda: item_of(again, torrent.info_hash).progress < 1)
    with Seeder() as other:
        other.seed(torrent, swarm.folder)
        until(again, other, torrent, is_ready)
    assert contents(content) == swarm.content(torrent)


def test_two_torrents_of_one_name(opened: Open, tmp_path: Path) -> None:
    """They never write into each other's files."""
    client = opened()
    with Seeder() as seeder:
        for number in (1, 2):
            random_file(tmp_path / str(number) / "Book" / "01.mp3", 90_000, seed=number)
            torrent = make_torrent(tmp_path / str(number) / "Book")
            seeder.seed(torrent, tmp_path / str(number))
            client.add(Payloads().torrent(torrent.data), options())
            item = until(client, seeder, torrent, is_ready)
            assert contents(Path(client.local_path(item))) == contents(tmp_path / str(number) / "Book")


def test_a_disk_that_refuses_heals_by_itself(
    opened: Open, swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The item waits with the system's own words, and goes on once the cause is gone."""
    monkeypatch.setattr(embedded_session, "_RETRY_EVERY", 0.5)
    torrent = swarm.book(100_000)
    blocker = tmp_path / "downloads" / torrent.info_hash
    blocker.parent.mkdir()
    blocker.write_text("no folder can be made here")
    client = opened()
    client.add(payload_of(torrent), options())
    item = until(client, swarm.seeder, torrent, lambda item: item.state is ItemState.WARNING)
    assert torrent.info_hash in (item.message or "")
    blocker.unlink()
    until(client, swarm.seeder, torrent, is_ready)


def test_a_full_disk_heals_by_itself(
    opened: Open, swarm: Swarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real full file system: WARNING while it is full, READY after room was made."""
    monkeypatch.setattr(embedded_session, "_RETRY_EVERY", 0.5)
    monkeypatch.setattr(embedded_session, "_NEEDS_SPACE", 700_000)
    small = tmp_path / "downloads"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=False).returncode:
        missing("the right to mount", "run as root")
    try:
        filler = random_file(small / "filler", 900_000)
        torrent = swarm.book(600_000)
        client = opened()
        client.add(payload_of(torrent), options())
        item = until(client, swarm.seeder, torrent, lambda item: item.state is ItemState.WARNING)
        assert "space" in (item.message or "").lower()
        filler.unlink()
        until(client, swarm.seeder, torrent, is_ready)
        client.close()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_lost_files_are_not_silently_loaded_again(opened: Open, swarm: Swarm, tmp_path: Path) -> None:
    """A disk that is not mounted must not be filled anew below its mount point; `resume` decides otherwise."""
    torrent = swarm.book(100_000)
    client = opened()
    client.add(payload_of(torrent), options())
    until(client, swarm.seeder, torrent, is_ready)
    client.close()
    (tmp_path / "downloads").rename(tmp_path / "elsewhere")
    again = opened()
    item = wait_for(lambda: item_of(again, torrent.info_hash))
    assert item.state is ItemState.WARNING
    assert "missing" in (item.message or "")
    with pytest.raises(Misconfigured):
        again.local_path(replace(item, content_path=f"{item.save_path}/{torrent.name}"))
    assert not (tmp_path / "downloads" / torrent.info_hash).exists()
    again.resume(torrent.info_hash)
    with Seeder() as other:
        other.seed(torrent, swarm.folder)
        until(again, other, torrent, is_ready)


def test_seeding_ends_at_the_goal(opened: Open, swarm: Swarm) -> None:
    """Ratio or time met: it stops by itself, stays complete, and stays stopped over a restart."""
    torrent = swarm.book(50_000)
    client = opened()
    client.add(payload_of(torrent), options(seed_goal=SeedGoal(seconds=1)))
    until(client, swarm.seeder, torrent, lambda item: is_ready(item) and item.paused)
    client.close()
    assert (
        wait_for(lambda: is_ready(item := item_of(again, torrent.info_hash)) and item.paused)
        if (again := opened())
        else False
    )


def test_a_removal_that_was_cut_off_is_finished(opened: Open, swarm: Swarm, tmp_path: Path) -> None:
    """Noted before it is done: after a crash the next start ends it."""
    torrent = swarm.book(50_000)
    client = opened()
    client.add(payload_of(torrent), options())
    until(client, swarm.seeder, torrent, is_ready)
    client._wish(client._torrents[torrent.info_hash], removing=True, with_data=True)
    client.close()
    assert opened().poll() == ()
    assert not (tmp_path / "downloads" / torrent.info_hash).exists()
    assert list((tmp_path / "state").glob(f"{torrent.info_hash}*")) == []


@pytest.mark.parametrize("loopback", [False, True])
def test_torrents_cannot_make_us_call_this_machine(opened: Open, tmp_path: Path, loopback: bool) -> None:
    """By default neither trackers nor web seeds nor peers on loopback are called; with the tests' switch all are."""
    source = tmp_path / "source"
    with Tracker() as tracker, FileServer(source.parent) as web, Seeder() as seeder:
        for name in ("one.m4b", "two.m4b"):
            random_file(source / name, 50_000, seed=len(name))
        seeds = [web.url("source/one.m4b")]
        called = make_torrent(source / "one.m4b", trackers=[tracker.url], web_seeds=seeds)
        offered = make_torrent(source / "two.m4b")
        seeder.seed(offered, source)
        client = opened(loopback=loopback, dht=False, listen_interface="127.0.0.1", listen_port=0)
        client.add(Payloads().torrent(called.data), options())
        client.add(Payloads().magnet(f"{offered.magnet}&x.pe=127.0.0.1:{seeder.port}"), options())
        seeder.connect(offered, client.listen_port)
        if loopback:
            wait_for(lambda: {item.progress for item in client.poll()} == {1.0})
        else:
            time.sleep(2)
        assert bool(tracker.announces) is loopback
        assert bool(web.hits) is loopback
        assert {item.progress for item in client.poll()} == {float(loopback)}


def test_a_closed_client_says_so(opened: Open) -> None:
    """Whoever still holds it gets an error of the port, not a crash; closing twice is fine."""
    client = opened()
    client.close()
    client.close()
    with pytest.raises(Unreachable):
        client.poll()
