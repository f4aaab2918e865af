"""What the NZBGet adapter decides without a server (the contract suite drives the real one)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from auralarchive.clients import nzbget
from auralarchive.clients.context import ClientContext
from auralarchive.clients.nzb import read_nzb
from auralarchive.clients.nzbget import NZBGET, NZBGetClient, NZBGetSettings
from auralarchive.clients.nzbget_api import Api
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.tags import mark_of
from auralarchive.ports.clients import AddOptions
from auralarchive.ports.errors import Misconfigured, Unreachable

TAG = "auralarchive-main-7"
NZB = read_nzb(b'<nzb><file><segments><segment bytes="9">a@b</segment></segments></file></nzb>', "Emma")
MARK = mark_of(TAG, next(iter(NZB.hashes)))
FOLDER = f"Emma [{MARK}]"
WELL: dict[str, Any] = {
    "Status": "SUCCESS/HEALTH",
    "Health": 1000,
    **dict.fromkeys(("MarkStatus", "DeleteStatus", "UrlStatus", "ParStatus"), "NONE"),
    **dict.fromkeys(("UnpackStatus", "MoveStatus", "ScriptStatus"), "NONE"),
}


def row(number: int = 1, mark: str = MARK, **fields: object) -> dict[str, Any]:
    return {"NZBID": number, "NZBName": "Emma", "Parameters": [{"Name": "auralarchive", "Value": mark}], **fields}


class FakeApi:
    """An NZBGet of two lists; `sent` are the calls that change something. `after` is done at each look."""

    def __init__(self) -> None:
        self.queue: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.state: dict[str, object] = {}
        self.options: dict[str, str] = {}
        self.sent: list[tuple[object, ...]] = []
        self.looks = self.asked = 0
        self.after: Callable[[], None] = lambda: None

    def groups(self) -> list[dict[str, Any]]:
        self.looks += 1
        self.after()
        return self.queue

    def history(self) -> list[dict[str, Any]]:
        return self.past

    def status(self) -> dict[str, object]:
        self.asked += 1
        return self.state

    def config(self) -> dict[str, str]:
        return self.options

    def edit(self, command: str, job: int, value: str = "") -> bool:
        self.sent.append((command, job, value) if value else (command, job))
        target = self.past if command == "HistoryFinalDelete" else self.queue
        if command.endswith("FinalDelete"):
            target[:] = [each for each in target if each["NZBID"] != job]
        return True

    def append(
        self, name: str, data: bytes, category: str, priority: int, *, paused: bool, parameters: Mapping[str, str]
    ) -> int:
        self.sent.append(("append", name, priority))
        self.queue.append(row(9, parameters["auralarchive"], Status="QUEUED"))
        return 9

    def close(self) -> None:
        """Nothing is open."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(api: FakeApi, clock: Clock, tmp_path: Path) -> NZBGetClient:
    made = NZBGetClient("NZBGet", NZBGetSettings(), ClientContext(tmp_path / "state", (tmp_path / "library",)), clock)
    made._api.close()
    made._api = cast("Api", api)
    return made


@pytest.fixture
def finished(api: FakeApi, tmp_path: Path) -> Path:
    """The folder of a finished job."""
    content = tmp_path / "complete" / FOLDER
    content.mkdir(parents=True)
    (content / "01.mp3").write_bytes(b"sound")
    api.options = {"DestDir": str(content.parent)}
    api.past = [row(**WELL, DestDir=str(content))]
    return content


def test_secrets_are_not_shown() -> None:
    settings = NZBGetSettings.model_validate({"password": "hidden-1"})
    assert "hidden" not in repr(settings)
    assert NZBGET.secret_keys == {"password"}


def test_a_job_in_both_lists_is_the_finished_one(client: NZBGetClient, api: FakeApi, finished: Path) -> None:
    """It moved while we looked."""
    api.queue = [row(Status="PP_FINISHED")]
    (item,) = client.poll()
    assert (item.state, item.content_path) == (ItemState.READY, str(finished))


@pytest.mark.parametrize(
    ("state", "raw", "message"),
    [
        (
            {"DownloadPaused": True, "FreeDiskSpaceMB": 12},
            "QUEUED",
            "all of its downloads are paused (12 MB are free on its disk). Press Resume",
        ),
        ({"DownloadPaused": True}, "QUEUED", "all of its downloads are paused"),
        ({"QuotaReached": True, "DownloadPaused": False}, "QUEUED", "quota"),
        ({"PostPaused": True}, "PP_QUEUED", "post-processing is paused"),
    ],
)
def test_why_nothing_moves(
    client: NZBGetClient, api: FakeApi, state: dict[str, object], raw: str, message: str
) -> None:
    """A pause of the whole program, a full disk or a quota shows in no job, and no timer for stalls may run of it."""
    api.queue, api.state = [row(Status=raw)], state
    (item,) = client.poll()
    assert item.state is ItemState.WARNING
    assert message in (item.message or "")


def test_why_is_asked_seldom_and_only_while_nothing_moves(client: NZBGetClient, api: FakeApi, clock: Clock) -> None:
    """Otherwise a poll is two requests."""
    api.queue = [row(Status="QUEUED"), row(2, "", Status="DOWNLOADING")]
    client.poll()
    assert api.asked == 0
    api.queue.pop()
    for _ in range(3):
        assert client.poll()[0].state is ItemState.WAITING
    assert api.asked == 1
    clock.now += 16
    api.state = {"DownloadPaused": True}
    assert client.poll()[0].state is ItemState.WARNING
    assert api.asked == 2


def test_speed_is_what_came_between_two_looks(client: NZBGetClient, api: FakeApi, clock: Clock) -> None:
    """NZBGet tells none of a single job."""

    def at(seconds: float, downloaded: int) -> tuple[int | None, int | None]:
        clock.now = seconds
        sizes: dict[str, Any] = {
            "FileSizeLo": 10_000,
            "FileSizeHi": 0,
            "RemainingSizeLo": 10_000 - downloaded,
            "RemainingSizeHi": 0,
        }
        api.queue = [row(Status="DOWNLOADING", DownloadedSizeLo=downloaded, DownloadedSizeHi=0, **sizes)]
        (item,) = client.poll()
        return item.download_speed, item.eta

    assert at(100, 1_000) == (None, None)
    assert at(101, 2_000) == (None, None)
    assert at(104, 5_000) == (1_000, 5)
    assert at(105, 5_100) == (1_000, 4)
    assert at(106, 100) == (None, None), "it was begun anew"


def test_a_foreign_job_under_the_same_number_is_left_alone(client: NZBGetClient, api: FakeApi) -> None:
    """Numbers begin anew when somebody empties NZBGet's folders."""
    api.queue = [row(7, "", Status="QUEUED")]
    for act in (client.pause, client.resume, lambda job: client.set_priority(job, 1)):
        act("7")
    client.remove("7", with_data=True)
    assert client.find(frozenset({"7"})) is None
    assert api.sent == []


def test_a_job_that_is_unpacked_is_waited_for(client: NZBGetClient, api: FakeApi, finished: Path) -> None:
    """NZBGet 21 crashes when it is told to delete it between two steps."""
    api.past, done = [], list(api.past)
    api.queue = [row(Status="UNPACKING", DestDir="/inter/Emma.#1")]

    def end() -> None:
        if api.looks == 3:
            api.queue, api.past = [], done

    api.after = end
    client.remove("1", with_data=True)
    assert api.sent == [("HistoryFinalDelete", 1)]
    assert not finished.exists()


def test_a_job_that_does_not_end_is_tried_again(
    client: NZBGetClient, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nzbget, "_GONE_WITHIN", 0.0)
    api.queue = [row(Status="REPAIRING")]
    with pytest.raises(Unreachable, match="still be unpacking"):
        client.remove("1", with_data=True)
    assert api.sent == []


def test_data_that_was_left_without_a_record_goes_too(client: NZBGetClient, api: FakeApi, tmp_path: Path) -> None:
    """A job that went into its post-processing just when it was deleted."""
    left = tmp_path / "inter" / f"{FOLDER}.#1"
    left.mkdir(parents=True)
    api.options = {"InterDir": str(left.parent)}
    api.queue = [row(Status="DOWNLOADING", DestDir=str(left))]
    client.remove("1", with_data=True)
    assert api.sent == [("GroupFinalDelete", 1)]
    assert not left.exists()
    assert left.parent.exists()


def test_data_stays_where_it_was_not_asked_for(client: NZBGetClient, api: FakeApi, finished: Path) -> None:
    client.remove("1", with_data=False)
    assert api.sent == [("HistoryFinalDelete", 1)]
    assert (finished / "01.mp3").exists()


def test_data_elsewhere_is_not_ours_to_delete(
    client: NZBGetClient, api: FakeApi, finished: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A script moved it into somebody's own folder: it stays, and that is said."""
    moved = tmp_path / "music" / "Emma"
    moved.mkdir(parents=True)
    api.past[0]["FinalDir"] = str(moved)
    client.remove("1", with_data=True)
    assert moved.exists()
    assert "stays where it is" in caplog.text
    assert not finished.exists()
    assert api.past == []


def test_a_folder_that_may_be_shared_is_not_ours_to_delete(
    client: NZBGetClient, api: FakeApi, finished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A sorting script puts all books of an author into one folder, which it names as the place of each."""
    shared = finished.parent / "Jane Austen"
    shared.mkdir()
    (shared / "Persuasion.mp3").write_bytes(b"somebody's")
    api.past[0]["FinalDir"] = str(shared)
    client.remove("1", with_data=True)
    assert (shared / "Persuasion.mp3").exists()
    assert "others' files may be there" in caplog.text
    assert not finished.exists()


def test_a_finished_job_whose_files_are_gone_is_loaded_again(
    client: NZBGetClient, api: FakeApi, finished: Path
) -> None:
    """By hand, or by a cleaning program: the record alone makes no book."""
    assert client.add(NZB, AddOptions(tag=TAG)).id == "1"
    (finished / "01.mp3").unlink()
    finished.rmdir()
    assert client.add(NZB, AddOptions(tag=TAG, priority=3)).id == "9"
    assert api.sent == [("HistoryFinalDelete", 1), ("append", f"Emma [{MARK}].nzb", 50)]


def test_what_cannot_be_seen_from_here_may_well_be_there(client: NZBGetClient, api: FakeApi) -> None:
    """A missing path mapping is no reason to load a book again."""
    api.past = [row(**WELL, DestDir="/nonexistent/complete/Emma")]
    assert client.add(NZB, AddOptions(tag=TAG)).id == "1"
    assert api.sent == []


@pytest.mark.parametrize(
    "fields",
    [{"DeleteStatus": "HEALTH"}, {"DeleteStatus": "MANUAL"}, {"UnpackStatus": "SPACE"}, {"UnpackStatus": "PASSWORD"}],
)
def test_a_retry_loads_what_failed_anew(client: NZBGetClient, api: FakeApi, fields: dict[str, str]) -> None:
    api.past = [row(**{**WELL, **fields}, DestDir="")]
    assert client.add(NZB, AddOptions(tag=TAG)).id == "9"


def test_another_downloads_job_of_the_same_nzb_is_its_own(client: NZBGetClient, api: FakeApi) -> None:
    """Two downloads may want the same post; neither takes the other's job."""
    api.queue = [row(1, mark_of("auralarchive-main-70", next(iter(NZB.hashes))), Status="QUEUED")]
    assert client.add(NZB, AddOptions(tag=TAG)).id == "9"
    assert len(api.queue) == 2


def test_files_are_those_on_disk_and_no_links(client: NZBGetClient, api: FakeApi, finished: Path) -> None:
    (finished / "CD 1").mkdir()
    (finished / "CD 1" / "02.mp3").write_bytes(b"more")
    (finished / "link.mp3").symlink_to("/etc/passwd")
    assert {(file.path, file.size) for file in client.files("1")} == {
        (f"{FOLDER}/01.mp3", 5),
        (f"{FOLDER}/CD 1/02.mp3", 4),
    }
    api.past[0]["DestDir"] = "/nonexistent/Emma"
    assert client.files("1") == ()


def test_a_job_of_the_queue_has_no_place_yet(client: NZBGetClient, api: FakeApi) -> None:
    api.queue = [row(Status="DOWNLOADING", DestDir="/inter/Emma.#1")]
    (item,) = client.poll()
    with pytest.raises(Misconfigured, match="does not say where"):
        client.local_path(item)
