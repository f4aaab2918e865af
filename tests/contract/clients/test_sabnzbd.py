"""What only SABnzbd does, on real servers of each generation with a real news server behind them.

What every client does is in test_clients.py.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients import sabnzbd, wire
from auralarchive.clients.context import ClientContext
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.sabnzbd import SABNZBD
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.domain.tags import tag_of
from auralarchive.ports.clients import Added, AddOptions, DownloadClient, Finding, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Misconfigured, Unreachable
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.news import NewsServer
from tests.support.posts import every_second
from tests.support.processes import wait_for
from tests.support.sabnzbd import GENERATIONS, SABnzbd

UNKNOWN = "ab" * 20


@dataclass
class Bench:
    """One SABnzbd, our adapter of it, the news server behind it, and books to post."""

    server: SABnzbd
    news: NewsServer
    folder: Path
    client: DownloadClient = field(init=False)
    _number: int = 0

    def __post_init__(self) -> None:
        self.client = self.connected()

    def connected(self, library: Path = Path("/nonexistent"), **changes: object) -> DownloadClient:
        """A new adapter of this server."""
        settings = {"url": self.server.url, "api_key": self.server.api_key, **changes}
        return SABNZBD.build("SABnzbd", settings, ClientContext(Path("/nonexistent"), (library,)))

    def book(self, *sizes: int, name: str = "", **post: Any) -> tuple[Payload, dict[str, bytes]]:
        """A book that was posted just now: its payload, and what its files must hold."""
        self._number += 1
        title = name or f"Book {time.time_ns()}"
        source = self.folder / str(self._number)
        source.mkdir(parents=True)
        content = {f"{at + 1:02}.mp3": os.urandom(size) for at, size in enumerate(sizes)}
        for file, data in content.items():
            (source / file).write_bytes(data)
        return Payloads().nzb(self.news.post(source, name=f"post{self._number}", **post), title), content

    def add(self, payload: Payload, **changes: Any) -> Added:
        self._number += 1
        return self.client.add(payload, AddOptions(**{"tag": tag_of("test", self._number), **changes}))

    def item(self, item_id: str) -> ClientItem:
        found = [item for item in self.client.poll(frozenset({item_id})) if item.id == item_id]
        assert len(found) == 1, f"{len(found)} items are {item_id}"
        return found[0]

    def until(self, item_id: str, *states: ItemState, timeout: float = 60) -> ClientItem:
        """The item once it is in one of the states."""
        seen: list[ClientItem] = []

        def look() -> ClientItem | None:
            seen.append(self.item(item_id))
            return seen[-1] if seen[-1].state in states else None

        try:
            return wait_for(look, timeout=timeout, every=0.1)
        except TimeoutError as error:
            raise AssertionError(f"still {seen[-1]}") from error

    def item_or_none(self, item_id: str) -> ClientItem | None:
        return next((item for item in self.client.poll(frozenset({item_id})) if item.id == item_id), None)

    def slot(self, item_id: str) -> Any:
        """What the server itself says of a job in its queue."""
        (slot,) = self.server.call("queue", nzo_ids=item_id)["queue"]["slots"]
        return slot

    def category(self, **changes: str) -> None:
        self.server.call("set_config", section="categories", keyword="auralarchive", name="auralarchive", **changes)

    def by_hand(self, nzb: bytes, name: str) -> str:
        """A job that somebody else sends, by the folder that SABnzbd's own `addlocalfile` reads; its id."""
        path = self.folder / f"{name}.nzb"
        path.write_bytes(nzb)
        (item_id,) = self.server.call("addlocalfile", name=path, cat="auralarchive", nzbname=name)["nzo_ids"]
        return str(item_id)

    def names(self) -> set[str]:
        """Every id that the server knows, by a way that is not ours."""
        history = self.server.call("history", limit=1000)["history"]["slots"]
        queue = self.server.call("queue")["queue"]["slots"]
        return {slot["nzo_id"] for slot in (*history, *queue)}

    def on_disk(self) -> set[str]:
        return {path.name for path in (self.server.save_path / "auralarchive").glob("*")}

    def wrong(self, client: DownloadClient | None = None) -> list[Finding]:
        report = (client or self.client).test()
        return [finding for finding in report.findings if not finding.ok]


@pytest.fixture(scope="module")
def news() -> Iterator[NewsServer]:
    with NewsServer() as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=[pytest.mark.clients] if each.optional else []) for each in GENERATIONS
    ],
)
def bench(
    request: pytest.FixtureRequest, news: NewsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """One server for all tests of this file; each test brings posts of its own."""
    root = tmp_path_factory.mktemp("sabnzbd")
    with SABnzbd(root / "server", news, request.param.argv()) as server:
        made = Bench(server, news, root / "books")
        yield made
        made.client.close()


@pytest.fixture
def slow(news: NewsServer) -> Iterator[NewsServer]:
    """The news server, slow enough to catch a download in its middle."""
    news.limit = 100_000
    yield news
    news.limit = 0


@pytest.fixture
def proxy(bench: Bench) -> Iterator[FaultProxy]:
    with FaultProxy(bench.server.url) as running:
        yield running


@pytest.fixture
def wired(bench: Bench, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[DownloadClient]:
    """A client behind the proxy, with less patience than usual."""
    monkeypatch.setattr(wire, "TIMEOUT", 1.0)
    monkeypatch.setattr(sabnzbd, "_SEEN_WITHIN", 3.0)
    client = bench.connected(url=proxy.url)
    yield client
    client.close()


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


# --- from NZB to content ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "post",
    [
        {},
        {"pack": "7z"},
        {"pack": "7z", "password": "geheim wörter"},
        {"pack": "rar-volumes"},
        {"pack": "rar", "password": "geheim"},
        {"par2": 40, "corrupt": lambda name, part: name == "01.mp3" and part == 2},
    ],
    ids=["plain", "7z", "7z-password", "rar-volumes", "rar-password", "par2"],
)
def test_a_book_from_nzb_to_content(bench: Bench, post: dict[str, Any]) -> None:
    """Loaded, mended, unpacked, and found on disk byte for byte, under the title and the tag that it was given."""
    payload, content = bench.book(90_000, 50_000, name='Émile: "Zola" / {{x}} <1>', **post)
    added = bench.add(payload, tag="auralarchive-test-900")
    assert not added.adopted
    item = bench.until(added.id, ItemState.READY, ItemState.FAILED)
    assert (item.state, item.progress, item.tags) == (ItemState.READY, 1.0, frozenset({"auralarchive-test-900"}))
    assert item.name == "Émile Zola 1"
    assert item.hashes == payload.hashes
    path = Path(bench.client.local_path(item))
    assert contents(path) == content
    assert {(path.parent / file.path, file.size) for file in bench.client.files(added.id)} == {
        (path / name, len(data)) for name, data in content.items()
    }
    bench.client.remove(added.id, with_data=True)


def test_a_single_file_is_found_in_its_folder(bench: Bench) -> None:
    """SABnzbd names the file itself as the place, and by default calls it like the job; we need the job's folder."""
    bench.server.configure(deobfuscate_final_filenames=1)
    try:
        payload, content = bench.book(40_000)
        added = bench.add(payload)
        path = Path(bench.client.local_path(bench.until(added.id, ItemState.READY)))
    finally:
        bench.server.configure(deobfuscate_final_filenames=0)
    assert path.is_dir()
    assert list(contents(path).values()) == list(content.values())
    assert [(file.path, file.size) for file in bench.client.files(added.id)] == [
        (f"{path.name}/{name}", 40_000) for name in contents(path)
    ]


def test_a_chapter_that_is_given_another_name(bench: Bench) -> None:
    """By default SABnzbd calls the largest of a book's files like the job: all are found, but the order may be lost."""
    bench.server.configure(deobfuscate_final_filenames=1)
    try:
        assert [finding.subject for finding in bench.wrong()] == ["File names"]
        payload, content = bench.book(400_000, 30_000, 20_000)
        added = bench.add(payload)
        path = Path(bench.client.local_path(bench.until(added.id, ItemState.READY)))
    finally:
        bench.server.configure(deobfuscate_final_filenames=0)
    assert sorted(contents(path)) == ["02.mp3", "03.mp3", f"{path.name}.mp3"]
    assert sorted(contents(path).values()) == sorted(content.values())
    assert {file.path for file in bench.client.files(added.id)} == {f"{path.name}/{name}" for name in contents(path)}
    bench.client.remove(added.id, with_data=True)
    assert not path.exists()
    assert bench.wrong() == []


# --- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("post", "words"),
    [
        ({"skip": every_second}, "Aborted, cannot be completed"),
        ({"skip": lambda _name, part: part == 3}, "1 articles were missing"),
        ({"corrupt": lambda _name, part: part == 3}, "1 articles were malformed"),
        ({"pack": "7z", "skip": lambda _name, part: part == 3}, "Unpacking failed"),
        ({"pack": "rar", "password": "geheim", "tell_password": False}, "encrypted"),
        ({"pack": "7z", "password": "geheim", "tell_password": False}, "Unpacking failed"),
    ],
    ids=["incomplete", "one-missing", "one-malformed", "7z-missing", "rar-encrypted", "7z-encrypted"],
)
def test_a_post_that_cannot_become_a_book(bench: Bench, post: dict[str, Any], words: str) -> None:
    """It fails with SABnzbd's own reason, and goes with all that it left."""
    payload, _ = bench.book(400_000, **post)
    added = bench.add(payload)
    item = bench.until(added.id, ItemState.FAILED, ItemState.READY)
    assert item.state is ItemState.FAILED
    assert words in (item.message or "")
    assert "http" not in (item.message or "")
    bench.client.remove(added.id, with_data=True)
    assert added.id not in bench.names()
    assert not [name for name in bench.on_disk() if "_FAILED_" in name]


def test_a_full_disk_is_not_the_releases_fault(bench: Bench, proxy: FaultProxy) -> None:
    """A person makes room and retries; the job goes on under another id, and is still ours by its name."""
    payload, _ = bench.book(400_000, skip=every_second)
    added = bench.add(payload, tag="auralarchive-test-901")
    bench.until(added.id, ItemState.FAILED)
    full = bench.server.call("history", nzo_ids=added.id)
    full["history"]["slots"][0]["fail_message"] = "Unpacking failed, write error or disk is full? 01.mp3"
    proxy.fault = Fault("body", "mode=history", content=json.dumps(full).encode())
    wired = bench.connected(url=proxy.url)
    (item,) = (each for each in wired.poll(frozenset({added.id})) if each.id == added.id)
    assert item.state is ItemState.WARNING
    proxy.fault = Fault()
    again = bench.server.call("retry", value=added.id)["nzo_id"]
    assert again != added.id

    finished = wait_for(lambda: bench.server.call("history", nzo_ids=again)["history"]["slots"])
    assert finished[0]["nzo_id"] == again
    followed = [each.id for each in wired.poll(frozenset({added.id})) if "auralarchive-test-901" in each.tags]
    assert followed == [again], "it may have gone through the queue between two polls"
    assert [each.id for each in [bench.client.find(frozenset({"auralarchive-test-901"}))] if each] == [again]
    bench.client.remove(again, with_data=True)
    wired.close()


@pytest.mark.parametrize("data", [b"<nzb></nzb>", b"not an NZB at all"])
def test_bytes_that_are_no_nzb_are_refused(bench: Bench, data: bytes) -> None:
    """The same bytes will never be taken."""
    with pytest.raises(InvalidInput, match="refuses") as caught:
        bench.add(Payload(DownloadType.NZB, "x", data=data))
    assert caught.value.remedy


def test_a_duplicate_by_its_own_rules_is_told(bench: Bench) -> None:
    """Discarded it is a refusal, paused it is shown as held back, failed it says why."""
    payload, _ = bench.book(30_000)
    first = bench.add(payload)
    bench.until(first.id, ItemState.READY)
    try:
        bench.server.configure(no_dupes=1)
        with pytest.raises(InvalidInput, match="refuses") as caught:
            bench.add(payload)
        assert "duplicate" in caught.value.remedy
        bench.server.configure(no_dupes=2)
        held = bench.add(payload)
        assert "DUPLICATE" in (bench.until(held.id, ItemState.PAUSED).message or "")
        bench.server.configure(no_dupes=3)
        failed = bench.add(payload)
        assert "Duplicate NZB" in (bench.until(failed.id, ItemState.FAILED).message or "")
    finally:
        bench.server.configure(no_dupes=0)
    for added in (first, held, failed):
        bench.client.remove(added.id, with_data=True)


# --- the same NZB again -----------------------------------------------------------------------------


def test_a_repeated_add_finds_its_job_wherever_it_is(bench: Bench) -> None:
    """In the queue, in the history, and in its archive: as after a lost answer or a crash."""
    payload, _ = bench.book(30_000)
    tag = "auralarchive-test-910"
    first = bench.add(payload, tag=tag, paused=True)
    bench.until(first.id, ItemState.PAUSED)
    assert bench.add(payload, tag=tag) == first
    bench.client.resume(first.id)
    bench.until(first.id, ItemState.READY)
    assert bench.add(payload, tag=tag) == first
    bench.server.call("history", name="delete", value=first.id, archive=1)
    assert bench.item_or_none(first.id) is None
    found = bench.client.find(frozenset({first.id}))
    assert found is not None
    assert found.state is ItemState.READY
    assert bench.client.find(payload.hashes) == found
    assert bench.add(payload, tag=tag) == first
    bench.client.remove(first.id, with_data=True)
    assert bench.client.find(frozenset({first.id})) is None


def test_what_failed_or_was_deleted_is_loaded_again(bench: Bench) -> None:
    """A retry that adopted it would fail in the same moment."""
    payload, _ = bench.book(30_000)
    tag = "auralarchive-test-911"
    first = bench.add(payload, tag=tag)
    item = bench.until(first.id, ItemState.READY)
    for file in Path(bench.client.local_path(item)).iterdir():
        file.unlink()
    Path(bench.client.local_path(item)).rmdir()
    again = bench.add(payload, tag=tag)
    assert again.id != first.id
    assert first.id not in bench.names()
    bench.until(again.id, ItemState.READY)
    lacking, _ = bench.book(400_000, skip=every_second)
    failed = bench.add(lacking, tag=tag)
    assert again.id not in bench.names(), "the release that was tried before it is gone"
    bench.until(failed.id, ItemState.FAILED)
    assert bench.add(lacking, tag=tag).id != failed.id
    assert failed.id not in bench.names()


def test_two_downloads_of_one_nzb_are_two_jobs(bench: Bench) -> None:
    """Each has its own tag, and each its own folder."""
    payload, content = bench.book(20_000, 20_000)
    one, two = (bench.add(payload, tag=f"auralarchive-test-92{number}") for number in (1, 12))
    paths = {bench.client.local_path(bench.until(added.id, ItemState.READY)) for added in (one, two)}
    assert len(paths) == 2
    bench.client.remove(one.id, with_data=True)
    (left,) = (Path(path) for path in paths if Path(path).exists())
    assert contents(left) == content


# --- steering ---------------------------------------------------------------------------------------


def test_pause_resume_and_priority(bench: Bench, slow: NewsServer) -> None:
    """A job stays where it was paused, and goes on to the end."""
    payload, _ = bench.book(600_000)
    added = bench.add(payload, priority=1)
    begun = wait_for(lambda: next((i for i in [bench.item(added.id)] if 0 < i.progress < 1), None))
    assert begun.state is ItemState.WAITING
    assert bench.slot(added.id)["priority"] == "High"
    bench.client.pause(added.id)
    assert bench.until(added.id, ItemState.PAUSED).paused
    for priority, word in ((-5, "Low"), (0, "Normal"), (7, "High")):
        bench.client.set_priority(added.id, priority)
        assert bench.slot(added.id)["priority"] == word
    assert bench.item(added.id).state is ItemState.PAUSED
    slow.limit = 0
    bench.client.resume(added.id)
    bench.until(added.id, ItemState.READY)


def test_a_second_add_keeps_what_a_paused_queue_holds(bench: Bench) -> None:
    """As after a crash between the add and its record: it is the same job, and not one that is loaded anew."""
    payload, tag = bench.book(90_000)[0], "auralarchive-test-917"
    bench.server.call("pause")
    try:
        first = bench.add(payload, tag=tag)
        assert bench.item(first.id).state is ItemState.WARNING
        assert bench.add(payload, tag=tag) == first
    finally:
        bench.server.call("resume")
    bench.until(first.id, ItemState.READY)


def test_its_whole_queue_paused_by_hand(bench: Bench) -> None:
    """Our jobs wait for it, and say why."""
    payload, _ = bench.book(30_000)
    bench.server.call("pause")
    try:
        added = bench.add(payload)
        assert "whole queue" in (bench.until(added.id, ItemState.WARNING).message or "")
    finally:
        bench.server.call("resume")
    bench.until(added.id, ItemState.READY)


def test_its_general_limit(bench: Bench) -> None:
    """It is set in bytes, read back exactly, and taken away."""
    for limit in (200_000, 1, 123_456_789, None):
        bench.client.set_global_limits(SpeedLimits(download=limit, upload=5))
        assert bench.client.global_limits() == SpeedLimits(download=max(limit, 101) if limit else None)


def test_files_while_it_is_loading(bench: Bench, slow: NewsServer) -> None:
    """What the NZB names, before anything is unpacked."""
    payload, content = bench.book(300_000, 200_000)
    added = bench.add(payload)
    wait_for(lambda: 0 < bench.item(added.id).progress < 1)
    assert {file.path for file in bench.client.files(added.id)} == set(content)
    bench.client.remove(added.id, with_data=True)


# --- removing ---------------------------------------------------------------------------------------


def test_remove_while_a_script_runs(bench: Bench) -> None:
    """SABnzbd would ignore that, and leave what comes of it: it is stopped first."""
    script = bench.server.scripts / "long.sh"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    payload, _ = bench.book(30_000)
    bench.category(script="long.sh")
    try:
        added = bench.add(payload)
        wait_for(lambda: bench.item(added.id).raw_state == "Running")
        assert bench.item(added.id).state is ItemState.BUSY
        bench.client.remove(added.id, with_data=True)
    finally:
        bench.category(script="Default")
    assert added.id not in bench.names()
    assert not [name for name in bench.on_disk() if payload.name in name]


def test_nothing_of_others_is_deleted(bench: Bench, tmp_path: Path) -> None:
    """Neither where the library lies around it, nor where its place was exchanged for a link."""
    payload, _ = bench.book(30_000, 20_000)
    added = bench.add(payload)
    content = Path(bench.client.local_path(bench.until(added.id, ItemState.READY)))
    within = bench.connected(library=bench.server.save_path)
    within.remove(added.id, with_data=True)
    within.close()
    assert len(list(content.iterdir())) == 2, "inside of the library nothing is deleted"

    payload, _ = bench.book(30_000, 20_000)
    added = bench.add(payload)
    content = Path(bench.client.local_path(bench.until(added.id, ItemState.READY)))
    elsewhere = content.rename(tmp_path / "elsewhere")
    content.symlink_to(elsewhere)
    bench.client.remove(added.id, with_data=True)
    assert len(list(elsewhere.iterdir())) == 2, "a link's target is somebody else's"


# --- other people's hands ---------------------------------------------------------------------------


def test_foreign_jobs_are_neither_polled_nor_touched(bench: Bench) -> None:
    """Also in our own category."""
    payload, _ = bench.book(30_000)
    foreign = bench.by_hand(payload.data or b"", "Somebody's own")
    wait_for(lambda: bench.server.call("history", nzo_ids=foreign)["history"]["slots"])
    mine = bench.add(bench.book(30_000)[0])
    bench.until(mine.id, ItemState.READY)
    assert foreign not in {item.id for item in bench.client.poll()}
    assert foreign not in {item.id for item in bench.client.poll(frozenset({mine.id}))}
    bench.client.remove(mine.id, with_data=True)
    assert foreign in bench.names()
    assert "Somebody's own" in bench.on_disk()


def test_category_and_name_changed_by_hand_lose_nothing(bench: Bench) -> None:
    """The id goes on, and its folder bears the new name."""
    payload, content = bench.book(30_000, 20_000)
    added = bench.add(payload, paused=True)
    bench.server.call("change_cat", value=added.id, value2="*")
    bench.server.call("queue", name="rename", value=added.id, value2="My own name")
    assert bench.item(added.id).name == "My own name"
    bench.client.resume(added.id)
    item = bench.until(added.id, ItemState.READY)
    path = Path(bench.client.local_path(item))
    assert path == bench.server.save_path / "My own name"
    assert contents(path) == content
    bench.client.remove(added.id, with_data=True)
    assert not path.exists()


def test_sorting_is_refused_at_the_import(bench: Bench) -> None:
    """A sorter moves the files into a folder of its own making, where other books may be."""
    how = {
        "sort_string": "%title/%fn",
        "sort_cats": "auralarchive",
        "sort_type": "0",
        "min_size": "1",
        "is_active": "1",
    }
    bench.server.call("set_config", section="sorters", keyword="all", name="all", **how)
    try:
        assert [finding.subject for finding in bench.wrong()] == ["Sorting"]
        payload, content = bench.book(30_000, 20_000, name="Austen - Emma")
        added = bench.add(payload)
        item = bench.until(added.id, ItemState.READY)
        with pytest.raises(Misconfigured, match="others may be there"):
            bench.client.local_path(item)
        bench.client.remove(added.id, with_data=True)
    finally:
        bench.server.call("del_config", section="sorters", keyword="all")
    assert contents(bench.server.save_path / "auralarchive" / "Austen") == content, "others' files may be among them"
    assert bench.wrong() == []


# --- ids, key and wire ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wrong", "none", "nzb"])
def test_a_wrong_key_is_tried_once(bench: Bench, proxy: FaultProxy, kind: str) -> None:
    """And never stands in an address, which somebody's log may keep."""
    key = {"wrong": "c3" * 16, "none": "", "nzb": bench.server.nzb_key}[kind]
    client = bench.connected(url=proxy.url, api_key=key)
    for _ in range(4):
        with pytest.raises(AuthRefused) as caught:
            client.poll(frozenset({UNKNOWN}))
    assert caught.value.remedy
    assert proxy.requests == ["/api?mode=queue"]
    client.close()
    tested = bench.connected(api_key=key)
    with pytest.raises(AuthRefused, match="may only add" if kind == "nzb" else "refuses"):
        tested.test()
    tested.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", "mode=addfile"),
        Fault("reset", "mode=addfile", amount=20),
        Fault("delay", "mode=addfile", amount=1.5),
        Fault("garbage", "mode=addfile"),
        Fault("status", "mode=addfile", amount=500),
        Fault("html", "mode=addfile"),
        Fault("body", "mode=addfile", content=b'{"status": false, "nzo_ids": []}'),
        Fault("body", "mode=addfile", content=b'{"status": true}'),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}",
)
def test_an_add_whose_answer_is_lost_or_lies(
    bench: Bench, wired: DownloadClient, proxy: FaultProxy, fault: Fault
) -> None:
    """The server has it: the look by our mark says so, whatever the answer was, and there is one job."""
    payload, _ = bench.book(5_000)
    proxy.fault = fault
    added = wired.add(payload, AddOptions("auralarchive-test-930", paused=True))
    found = [item for item in bench.client.poll() if item.tags == {"auralarchive-test-930"}]
    assert [item.id for item in found] == [added.id]
    assert proxy.requests.count("/api?mode=addfile") == 1
    bench.client.remove(added.id, with_data=True)


def test_an_add_that_never_arrived(bench: Bench, wired: DownloadClient, proxy: FaultProxy) -> None:
    """That is a failure that time may mend, and the next add succeeds."""
    payload, _ = bench.book(5_000)
    proxy.fault = Fault("refuse", "mode=addfile")
    with pytest.raises(Unreachable):
        wired.add(payload, AddOptions("auralarchive-test-931", paused=True))
    proxy.fault = Fault()
    added = wired.add(payload, AddOptions("auralarchive-test-931", paused=True))
    bench.client.remove(added.id, with_data=True)


@pytest.mark.parametrize("mode", ["queue", "history"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("refuse"),
        Fault("reset"),
        Fault("reset", amount=150),
        Fault("delay", amount=1.5),
        Fault("garbage"),
        Fault("html"),
        Fault("truncate"),
        Fault("status", amount=502),
        Fault("status", amount=302),
        Fault("body", content=b'["a list"]'),
        Fault("body", content=b'{"queue": [], "history": []}'),
        Fault("body", content=b'{"queue": {}, "history": {}}'),
        Fault("body", content=b'{"queue": {"slots": null}, "history": {"slots": null}}'),
        Fault("body", content=b"[" * 100_000),
        Fault("body", content=b"\xff\xfe{}"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}-{fault.content[:20]!r}",
)
def test_a_poll_over_a_bad_wire(wired: DownloadClient, proxy: FaultProxy, mode: str, fault: Fault) -> None:
    """Every fault is `Unreachable`, in either half; the next good poll is as if nothing had been."""
    proxy.fault = Fault(fault.kind, f"mode={mode}", fault.amount, fault.content)
    with pytest.raises(Unreachable) as caught:
        wired.poll(frozenset({UNKNOWN}))
    assert caught.value.remedy
    proxy.fault = Fault()
    wired.poll(frozenset({UNKNOWN}))


def test_one_bad_job_does_not_hide_the_others(wired: DownloadClient, proxy: FaultProxy) -> None:
    """Wrong types and unknown words make one job UNKNOWN; its neighbour is polled as ever."""
    good = {"nzo_id": "SABnzbd_nzo_2", "filename": "x [auralarchive-test-2-0123456789abcdef]", "status": "Queued"}
    bad = {**good, "nzo_id": "SABnzbd_nzo_1", "status": 7, "mb": -5, "mbleft": "lots", "timeleft": [], "labels": 3}
    body = json.dumps({"queue": {"paused": "perhaps", "slots": [None, 5, {}, bad, good]}}).encode()
    proxy.fault = Fault("body", "mode=queue", content=body)
    items = {item.id: item for item in wired.poll()}
    assert (items["SABnzbd_nzo_1"].state, items["SABnzbd_nzo_1"].size) == (ItemState.UNKNOWN, None)
    assert items["SABnzbd_nzo_2"].state is ItemState.WAITING


def test_a_poll_is_two_requests_at_most(bench: Bench, wired: DownloadClient, proxy: FaultProxy) -> None:
    """However many jobs there are; one where all that we follow is in the queue."""
    added = [bench.add(bench.book(1_000)[0], paused=True).id for _ in range(3)]
    wired.poll(frozenset(added))
    assert proxy.requests == ["/api?mode=queue"]
    wired.poll(frozenset({*added, UNKNOWN}))
    assert proxy.requests[1:] == ["/api?mode=queue", "/api?mode=history"]
    for each in added:
        bench.client.remove(each, with_data=True)


def test_it_understands_a_sabnzbd_of_another_language(bench: Bench) -> None:
    """What it says to a person is in the language of its pages."""
    bench.server.configure(language="de")
    try:
        payload, _ = bench.book(60_000, pack="rar", password="geheim", tell_password=False)
        added = bench.add(payload)
        german = bench.connected()
        item = wait_for(
            lambda: next((i for i in german.poll(frozenset({added.id})) if i.state is ItemState.FAILED), None)
        )
        assert "encrypted" in (item.message or "")
        german.close()
    finally:
        bench.server.configure(language="en")
    bench.client.remove(added.id, with_data=True)


# --- paths and report -------------------------------------------------------------------------------


def test_path_mapping_leads_to_the_files(bench: Bench, tmp_path: Path) -> None:
    """A client that names its folder otherwise than we: mapped it works, wrongly mapped it is explained."""
    payload, content = bench.book(30_000, 20_000)
    added = bench.add(payload)
    item = bench.until(added.id, ItemState.READY)
    remote = str(bench.server.save_path)
    (tmp_path / "here").symlink_to(remote)
    mapped = bench.connected(path_mappings=[{"remote": remote, "local": str(tmp_path / "here")}])
    local = Path(mapped.local_path(item))
    assert local.is_relative_to(tmp_path / "here")
    assert contents(local) == content
    wrong = bench.connected(path_mappings=[{"remote": remote, "local": str(tmp_path / "nowhere")}])
    with pytest.raises(Misconfigured, match="does not exist here"):
        wrong.local_path(item)
    assert {finding.subject for finding in bench.wrong(wrong)} == {"Paths"}
    wrong.remove(added.id, with_data=True)
    assert local.exists(), "what is not visible cannot be deleted"
    mapped.close()
    wrong.close()


def test_a_server_that_is_set_up_well(bench: Bench) -> None:
    """Nothing to complain about, and the version is named."""
    assert bench.wrong() == []
    assert bench.client.test().version.startswith("SABnzbd ")


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"history_retention_option": "all-delete"}, "History"),
        ({"no_dupes": 1}, "Duplicates"),
        ({"pre_check": 1}, "Check before download"),
    ],
)
def test_a_setting_that_would_lose_data_is_found(bench: Bench, changes: dict[str, Any], subject: str) -> None:
    """As the real server tells it, with its remedy."""
    before = bench.server.call("get_config", section="misc")["config"]["misc"]
    bench.server.configure(**changes)
    try:
        wrong = bench.wrong()
    finally:
        bench.server.configure(**{key: before[key] for key in changes})
    assert [finding.subject for finding in wrong] == [subject]
    assert wrong[0].remedy


@pytest.mark.parametrize(("changes", "subject"), [({"dir": "auralarchive*"}, "Category"), ({"pp": "1"}, "Unpacking")])
def test_a_category_that_would_lose_data_is_found(bench: Bench, changes: dict[str, str], subject: str) -> None:
    """No folder for each job, or nothing unpacked."""
    bench.category(**changes)
    try:
        wrong = bench.wrong()
    finally:
        bench.category(dir="auralarchive", pp="")
    assert [finding.subject for finding in wrong] == [subject]
    elsewhere = bench.connected(category="not-there")
    assert [finding.subject for finding in bench.wrong(elsewhere)] == ["Category"]
    elsewhere.close()


def test_without_folders_for_jobs_nothing_is_imported(bench: Bench) -> None:
    """The place that it names is then the folder of all jobs."""
    bench.category(dir="loose*")
    try:
        added = bench.add(bench.book(30_000, 20_000)[0])
        item = bench.until(added.id, ItemState.READY)
        with pytest.raises(Misconfigured, match="others may be there"):
            bench.client.local_path(item)
        assert bench.client.files(added.id) == ()
        bench.client.remove(added.id, with_data=True)
    finally:
        bench.category(dir="auralarchive")
    assert len(list((bench.server.save_path / "loose").iterdir())) == 2, "others' files may be among them"
