"""What only NZBGet does, on the real server: its quirks, a bad wire, and other people's hands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients import nzbget as adapter
from auralarchive.clients import wire
from auralarchive.clients.context import ClientContext
from auralarchive.clients.nzbget import NZBGET
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Added, AddOptions, DownloadClient, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Unreachable
from tests.contract.clients.sources import contents, next_number, tag_of, write_book
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.news import NewsServer
from tests.support.nzbget import GENERATIONS, NZBGet
from tests.support.posts import every_second
from tests.support.processes import wait_for

SCRIPT = """#!/bin/sh
##############################################################################
### NZBGET POST-PROCESSING SCRIPT                                          ###
# Made for a test.
### NZBGET POST-PROCESSING SCRIPT                                          ###
##############################################################################
{commands}
"""


@dataclass
class Bench:
    """One NZBGet, our adapter of it, and the news server behind it."""

    server: NZBGet
    news: NewsServer
    client: DownloadClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.connected()

    def connected(self, **settings: object) -> DownloadClient:
        """A new adapter of this server."""
        usual = {"port": self.server.port, "username": self.server.user, "password": self.server.password}
        return NZBGET.build("NZBGet", {**usual, **settings}, ClientContext(Path("/nonexistent")))

    def polled(self, item_id: str) -> ClientItem | None:
        return next((item for item in self.client.poll(frozenset({item_id})) if item.id == item_id), None)

    def on_disk(self) -> set[Path]:
        folders = (self.server.save_path, self.server.main / "inter")
        return {path for folder in folders for path in folder.rglob("*")}


@pytest.fixture(scope="module", params=GENERATIONS, ids=lambda generation: generation.name)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("nzbget")
    with NewsServer() as news, NZBGet(folder, news, request.param.argv()) as server:
        running = Bench(server, news)
        yield running
        running.client.close()


@pytest.fixture
def proxy(bench: Bench) -> Iterator[FaultProxy]:
    with FaultProxy(bench.server.url) as running:
        yield running


@pytest.fixture
def wired(bench: Bench, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[DownloadClient]:
    """A client behind the proxy, with less patience than usual."""
    monkeypatch.setattr(wire, "TIMEOUT", 1.0)
    monkeypatch.setattr(adapter, "_SEEN_WITHIN", 3.0)
    client = bench.connected(url=proxy.url)
    client.poll()
    proxy.contents.clear()
    yield client
    client.close()


@pytest.fixture
def configured(bench: Bench) -> Iterator[Any]:
    """Restarts it with other options, and puts back the usual ones."""
    usual = dict(bench.server.options)

    def restart(**options: object) -> None:
        bench.server.stop()
        bench.server.configure(**options)
        bench.server.start()

    yield restart
    bench.server.options = usual
    restart()


class Posted:
    """A book that was posted just now, and a download of its own."""

    def __init__(self, bench: Bench, folder: Path, name: str = "", **post: Any) -> None:
        number = next_number()
        files = write_book(folder, number, 150_000, 50_000)
        self.contents, self.tag = contents(files), tag_of(number)
        self.nzb = bench.news.post(files, name=files.name, **post)
        self.payload = Payloads().nzb(self.nzb, name or files.name)

    def add(self, client: DownloadClient, **changes: Any) -> Added:
        return client.add(self.payload, AddOptions(**{"tag": self.tag, **changes}))


def ended(bench: Bench, added: Added) -> ClientItem:
    """The item once it has left the queue."""

    def there() -> ClientItem | None:
        item = bench.polled(added.id)
        over = (ItemState.READY, ItemState.FAILED, ItemState.REMOVED, ItemState.WARNING, ItemState.UNKNOWN)
        return item if item is not None and item.state in over else None

    return wait_for(there, timeout=60)


# --- what comes of a post ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "post",
    [
        {"pack": "rar"},
        {"pack": "rar-volumes", "par2": 60, "skip": lambda name, part: name.endswith("part02.rar") and part == 2},
        {"pack": "rar", "password": 's3c"r\\ät&'},
        {"pack": "7z", "password": "geh{eim}"},
        {"pack": "7z-volumes", "par2": 30},
        {"par2": 40, "obfuscate": True, "corrupt": lambda name, part: part == 3 and ".par2" not in name},
    ],
    ids=["rar", "rar-repaired", "rar-password", "7z-password", "7z-volumes", "obfuscated-repaired"],
)
def test_posts_of_every_kind_become_their_files(bench: Bench, tmp_path: Path, post: dict[str, Any]) -> None:
    """Packed, damaged, encrypted with the password in the NZB's head, under names that say nothing."""
    book = Posted(bench, tmp_path, **post)
    added = book.add(bench.client)
    item = ended(bench, added)
    assert item.state is ItemState.READY, item
    assert contents(Path(bench.client.local_path(item))) == book.contents
    bench.client.remove(added.id, with_data=True)


@pytest.mark.parametrize(
    ("post", "message"),
    [
        ({"skip": every_second}, "too many of its articles are missing (FAILURE/HEALTH, health"),
        ({"skip": lambda name, part: part == 4}, "articles are missing"),
        (
            {"pack": "rar", "password": "x", "tell_password": False},
            "its password is missing or wrong (WARNING/PASSWORD",
        ),
        ({"pack": "7z", "password": "x", "tell_password": False}, "could not be unpacked"),
        ({"pack": "rar-volumes", "par2": 5, "skip": lambda name, part: "part02" in name and part > 1}, "FAILURE/"),
    ],
    ids=["half-missing", "one-missing", "encrypted-rar", "encrypted-7z", "beyond-repair"],
)
def test_a_post_that_cannot_become_a_book(bench: Bench, tmp_path: Path, post: dict[str, Any], message: str) -> None:
    """It fails, says why in NZBGet's own words, and leaves nothing when it is removed."""
    before = bench.on_disk()
    added = Posted(bench, tmp_path, **post).add(bench.client)
    item = ended(bench, added)
    assert item.state is ItemState.FAILED
    assert message in (item.message or "")
    bench.client.remove(added.id, with_data=True)
    assert bench.on_disk() == before


@pytest.mark.parametrize(
    "title",
    [
        "Emma {{secret}}",
        "../../escape",
        'a/b\\c:d*e?f"g<h>i|j',
        "Käpt'n „Blaubär“ – 13½ Leben",
        "x" * 300,
        "...",
        "日本語",
    ],
)
def test_names_of_every_kind_lead_to_their_files(bench: Bench, tmp_path: Path, title: str) -> None:
    """A name becomes that of a folder, and characters beyond ASCII must arrive as they are."""
    book = Posted(bench, tmp_path, name=title)
    added = book.add(bench.client)
    item = ended(bench, added)
    path = Path(bench.client.local_path(item))
    assert contents(path) == book.contents
    assert path.parent == bench.server.save_path / bench.server.category
    assert item.tags == {book.tag}
    bench.client.remove(added.id, with_data=True)
    assert not path.exists()


def test_two_releases_of_one_name_have_a_folder_each(bench: Bench, tmp_path: Path) -> None:
    """NZBGet puts jobs of one name into one folder."""
    books = [Posted(bench, tmp_path, name="Emma") for _ in range(2)]
    added = [book.add(bench.client) for book in books]
    items = [ended(bench, each) for each in added]
    for item, book in zip(items, books, strict=True):
        assert contents(Path(bench.client.local_path(item))) == book.contents
        assert item.name == "Emma"


def test_two_downloads_of_one_nzb_are_two_jobs(bench: Bench, tmp_path: Path) -> None:
    """NZBGet's duplicate check is on here and must not refuse the second."""
    book = Posted(bench, tmp_path)
    first = book.add(bench.client)
    assert ended(bench, first).state is ItemState.READY
    second = bench.client.add(book.payload, AddOptions(tag=tag_of(next_number())))
    assert second.id != first.id
    assert ended(bench, second).state is ItemState.READY


@pytest.mark.parametrize("data", [b"garbage", b"<html><body>Sign in</body></html>", b"<nzb></nzb>"])
def test_bytes_that_are_no_nzb_are_refused_and_leave_no_record(bench: Bench, data: bytes) -> None:
    before = len(bench.server.call("history", False))
    with pytest.raises(InvalidInput, match="cannot read"):
        bench.client.add(Payload(DownloadType.NZB, "x", data=data), AddOptions(tag=tag_of(next_number())))
    assert len(bench.server.call("history", False)) == before


# --- other people's hands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        (["GroupDelete"], ItemState.REMOVED),
        (["GroupDelete", "HistoryMarkBad"], ItemState.FAILED),
        (["GroupDelete", "HistoryMarkGood"], ItemState.REMOVED),
        (["GroupDupeDelete"], ItemState.FAILED),
        (["GroupFinalDelete"], None),
        (["GroupDelete", "HistoryDelete"], None),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_deleted_by_hand(bench: Bench, tmp_path: Path, commands: list[str], state: ItemState | None) -> None:
    """Whether NZBGet keeps a record of it, and of which kind, depends on how."""
    added = Posted(bench, tmp_path).add(bench.client, paused=True)
    for command in commands:
        assert bench.server.call("editqueue", command, "", [int(added.id)])
        wait_for(lambda: bench.server.group(int(added.id)) is None)
    item = bench.polled(added.id)
    assert (item.state if item else None) is state


def test_what_failed_or_was_deleted_is_loaded_again(bench: Bench, tmp_path: Path) -> None:
    """A retry of the same release begins anew, and the old record goes."""
    book = Posted(bench, tmp_path)
    first = book.add(bench.client, paused=True)
    bench.server.call("editqueue", "GroupDelete", "", [int(first.id)])
    wait_for(lambda: (item := bench.polled(first.id)) is not None and item.state is ItemState.REMOVED)
    second = book.add(bench.client)
    assert second.id != first.id
    assert ended(bench, second).state is ItemState.READY
    assert bench.server.past(int(first.id)) is None


def test_marks_by_hand_on_a_finished_job(bench: Bench, tmp_path: Path) -> None:
    added = Posted(bench, tmp_path).add(bench.client)
    assert ended(bench, added).state is ItemState.READY
    for command, state in (
        ("HistoryMarkBad", ItemState.FAILED),
        ("HistoryMarkGood", ItemState.READY),
        ("HistoryMarkSuccess", ItemState.READY),
    ):
        bench.server.call("editqueue", command, "", [int(added.id)])
        assert ended(bench, added).state is state


def test_renamed_by_hand_it_is_still_ours(bench: Bench, tmp_path: Path) -> None:
    """The mark is in a parameter as well as in the name."""
    book = Posted(bench, tmp_path)
    added = book.add(bench.client, paused=True)
    bench.server.call("editqueue", "GroupSetName", "Something else", [int(added.id)])
    assert book.add(bench.client) == added
    bench.client.resume(added.id)
    item = ended(bench, added)
    assert item.name == "Something else"
    assert item.tags == {book.tag}
    assert contents(Path(bench.client.local_path(item))) == book.contents


def test_a_pause_of_everything_is_told(bench: Bench, tmp_path: Path) -> None:
    """NZBGet's queue does not show it; no timer for stalls may run of it."""
    bench.server.call("pausedownload")
    try:
        added = Posted(bench, tmp_path).add(bench.client)
        with closing(bench.connected()) as client:
            (item,) = (item for item in client.poll() if item.id == added.id)
        assert item.state is ItemState.WARNING
        assert "all of its downloads are paused" in (item.message or "")
    finally:
        bench.server.call("resumedownload")
    assert ended(bench, added).state is ItemState.READY


def test_a_used_up_quota_is_told(bench: Bench, tmp_path: Path, configured: Any) -> None:
    """NZBGet then stands still without being paused."""
    for _ in range(6):  # the quota is told in whole megabytes
        ended(bench, Posted(bench, tmp_path).add(bench.client))
    configured(DailyQuota=1)
    wait_for(lambda: bench.server.call("status")["QuotaReached"])
    added = Posted(bench, tmp_path).add(bench.client)
    with closing(bench.connected()) as client:
        (item,) = (item for item in client.poll() if item.id == added.id)
    assert item.state is ItemState.WARNING
    assert "quota is used up" in (item.message or "")
    configured(DailyQuota=0)
    assert ended(bench, added).state is ItemState.READY


def test_paused_post_processing_is_told(bench: Bench, tmp_path: Path) -> None:
    bench.server.call("pausepost")
    try:
        added = Posted(bench, tmp_path).add(bench.client)
        wait_for(lambda: (group := bench.server.group(int(added.id))) and group["Status"] == "PP_QUEUED")
        with closing(bench.connected()) as client:
            (item,) = (item for item in client.poll() if item.id == added.id)
        assert item.state is ItemState.WARNING
        assert "post-processing is paused" in (item.message or "")
    finally:
        bench.server.call("resumepost")
    assert ended(bench, added).state is ItemState.READY


# --- scripts, places, settings ----------------------------------------------------------------------


def script(bench: Bench, name: str, commands: str) -> None:
    file = bench.server.main / "scripts" / name
    file.write_text(SCRIPT.format(commands=commands), encoding="utf-8")
    file.chmod(0o755)


def test_a_failing_script_does_not_fail_the_book(bench: Bench, tmp_path: Path, configured: Any) -> None:
    """The files are complete: it is a remark."""
    script(bench, "Bad.sh", "exit 94")
    configured(Category1_Extensions="Bad.sh")
    book = Posted(bench, tmp_path)
    item = ended(bench, book.add(bench.client))
    assert (item.state, item.raw_state) == (ItemState.READY, "WARNING/SCRIPT")
    assert "scripts failed" in (item.message or "")
    assert contents(Path(bench.client.local_path(item))) == book.contents
    assert "Bad.sh" in next(f.message for f in bench.client.test().findings if f.subject == "Scripts")


def test_a_script_that_moves_the_files(bench: Bench, tmp_path: Path, configured: Any) -> None:
    """It tells NZBGet where to, and so do we look there; what lies elsewhere is not ours to delete."""
    elsewhere = bench.server.main / "elsewhere"
    script(bench, "Move.sh", f'mkdir -p {elsewhere}; mv "$NZBPP_DIRECTORY" {elsewhere}/book\n'
           f'echo "[NZB] FINALDIR={elsewhere}/book"\nexit 93')  # fmt: skip
    configured(Category1_Extensions="Move.sh")
    book = Posted(bench, tmp_path)
    added = book.add(bench.client)
    item = ended(bench, added)
    assert item.content_path == str(elsewhere / "book")
    assert contents(Path(bench.client.local_path(item))) == book.contents
    bench.client.remove(added.id, with_data=True)
    assert contents(elsewhere / "book") == book.contents


def test_removed_while_a_script_runs(bench: Bench, tmp_path: Path, configured: Any) -> None:
    """It is waited for, NZBGet lives on, and nothing is left."""
    before = bench.on_disk()
    script(bench, "Slow.sh", "sleep 2\nexit 93")
    configured(Category1_Extensions="Slow.sh")
    added = Posted(bench, tmp_path).add(bench.client)
    wait_for(lambda: (group := bench.server.group(int(added.id))) and group["Status"] == "EXECUTING_SCRIPT")
    bench.client.remove(added.id, with_data=True)
    assert bench.polled(added.id) is None
    assert bench.on_disk() == before


def test_files_that_cannot_be_moved_are_a_warning(bench: Bench, tmp_path: Path, configured: Any) -> None:
    """A person mends the folder and post-processes again: then it is complete."""
    folder = bench.server.main / "nowhere"
    folder.write_text("a file in the way")
    configured(Category1_DestDir=folder)
    book = Posted(bench, tmp_path)
    added = book.add(bench.client)
    item = ended(bench, added)
    assert (item.state, item.raw_state) == (ItemState.WARNING, "FAILURE/MOVE")
    folder.unlink()
    bench.server.call("editqueue", "HistoryProcess", "", [int(added.id)])
    item = wait_for(lambda: (found := bench.polled(added.id)) and found.state is ItemState.READY and found)
    assert contents(Path(bench.client.local_path(item))) == book.contents


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({"KeepHistory": 0}, "History"),
        ({"Category1_Name": "films"}, "Category"),
        ({"Category1_Unpack": "no"}, "Unpacking"),
        ({"ParCheck": "manual"}, "Repair"),
        ({"ParRepair": "no"}, "Repair"),
    ],
)
def test_settings_that_would_lose_a_book_are_found(
    bench: Bench, configured: Any, options: dict[str, object], subject: str
) -> None:
    """Each by its name, with a remedy."""
    configured(**options)
    bad = [finding for finding in bench.client.test().findings if not finding.ok]
    assert [finding.subject for finding in bad] == [subject]
    assert bad[0].remedy


def test_a_user_who_may_only_add_is_told_so(bench: Bench, configured: Any) -> None:
    configured(AddUsername="adder", AddPassword="adder-password")
    client = bench.connected(username="adder", password="adder-password")
    with pytest.raises(AuthRefused) as caught:
        client.poll()
    assert caught.value.remedy
    client.close()


# --- the wire ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset"),
        Fault("reset", amount=20),
        Fault("delay", amount=2),
        Fault("garbage"),
        Fault("html"),
        Fault("truncate"),
        Fault("status", amount=502),
        Fault("body", content=b'{"result": 0}'),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}",
)
def test_an_add_whose_answer_is_lost_or_lies(
    bench: Bench, wired: DownloadClient, proxy: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    """It may have arrived: it is looked for, found, and never sent twice."""
    book = Posted(bench, tmp_path)
    proxy.fault = Fault(fault.kind, fault.path, fault.amount, fault.content, asked=b'"append"')
    added = book.add(wired, paused=True)
    proxy.fault = Fault()
    assert book.add(wired, paused=True) == added
    assert sum(b'"append"' in content for content in proxy.contents) == 1
    wired.remove(added.id, with_data=True)


def test_an_add_that_never_arrived(bench: Bench, wired: DownloadClient, proxy: FaultProxy, tmp_path: Path) -> None:
    """It is an error, and the next attempt sends it again."""
    book = Posted(bench, tmp_path)
    proxy.fault = Fault("refuse", asked=b'"append"')
    with pytest.raises(Unreachable):
        book.add(wired)
    proxy.fault = Fault()
    assert book.add(wired).id


@pytest.mark.parametrize(
    "fault",
    [
        Fault("refuse"),
        Fault("reset", amount=30),
        Fault("delay", amount=2),
        Fault("garbage"),
        Fault("html"),
        Fault("truncate"),
        Fault("status", amount=500),
        Fault("body", content=b"[]"),
        Fault("body", content=b'{"result": null}'),
        Fault("body", content=b'{"error": {"message": "Invalid procedure"}}'),
        Fault("body", content=b'{"result": ' + b"[" * 100_000),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.amount:g}",
)
@pytest.mark.parametrize("method", [b'"listgroups"', b'"history"'])
def test_a_poll_over_a_bad_wire(wired: DownloadClient, proxy: FaultProxy, method: bytes, fault: Fault) -> None:
    """Never an empty or half a list, from which jobs would seem gone."""
    proxy.fault = Fault(fault.kind, fault.path, fault.amount, fault.content, asked=method)
    with pytest.raises(Unreachable) as caught:
        wired.poll()
    assert caught.value.remedy
    proxy.fault = Fault()
    wired.poll()


def test_one_bad_job_does_not_hide_the_others(
    bench: Bench, wired: DownloadClient, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Fields that are missing or make no sense are unknown; the rest goes on."""
    added = Posted(bench, tmp_path).add(bench.client, paused=True)
    group = bench.server.group(int(added.id))
    assert group is not None
    odd = {**group, "NZBID": 999_999, "Status": ["?"], "FileSizeLo": -7, "FileSizeHi": "x", "FileSizeMB": 1e300}
    rows = [None, 3, {"NZBID": "x"}, odd, group]
    proxy.fault = Fault("body", content=json.dumps({"result": rows}).encode(), asked=b'"listgroups"')
    states = {item.id: item.state for item in wired.poll()}
    assert states["999999"] is ItemState.UNKNOWN
    assert states[added.id] is ItemState.PAUSED
    bench.client.remove(added.id, with_data=True)


def test_a_poll_is_two_requests(bench: Bench, wired: DownloadClient, proxy: FaultProxy, tmp_path: Path) -> None:
    """However many jobs there are."""
    added = [Posted(bench, tmp_path).add(bench.client, paused=True) for _ in range(3)]
    proxy.contents.clear()
    assert {each.id for each in added} <= {item.id for item in wired.poll(frozenset(each.id for each in added))}
    assert [json.loads(content)["method"] for content in proxy.contents] == ["listgroups", "history"]
    for each in added:
        bench.client.remove(each.id, with_data=True)


def test_a_power_cut_in_the_middle(bench: Bench, tmp_path: Path) -> None:
    """The job comes back with its mark, and goes on to the end."""
    book = Posted(bench, tmp_path, article=5_000)
    bench.news.limit = 60_000
    try:
        added = book.add(bench.client)
        wait_for(lambda: (item := bench.polled(added.id)) is not None and item.progress > 0.2)
        bench.server.kill()
        bench.server.start()
        assert book.add(bench.client) == added
    finally:
        bench.news.limit = 0
    item = ended(bench, added)
    assert contents(Path(bench.client.local_path(item))) == book.contents
