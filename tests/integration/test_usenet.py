"""Usenet from search to library: real server, real clients, a real news server, real par2, unrar and 7-Zip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutagen.mp4 import MP4

from tests.support import nzbget, sabnzbd
from tests.support.audio import make_book
from tests.support.news import NewsServer
from tests.support.posts import every_second
from tests.support.processes import wait_for
from tests.support.server import Api, RunningServer
from tests.support.torznab import TorznabServer
from tests.support.world import files_of

WHOLE_WAY = ["QUEUED", "FOUND", "DOWNLOADING", "COMPLETE", "CONVERTING", "CONVERTED", "IMPORTING", "IMPORTED"]
MARKED = "auralarchive-"


class Usenet(ABC):
    """A client with a news server behind it."""

    type: str
    settings: dict[str, object]
    folders: tuple[Path, ...]

    @abstractmethod
    def jobs(self) -> list[str]:
        """The names of all that it has, in queue and history."""

    @abstractmethod
    def halt(self, *, stop: bool) -> None:
        """Pause it as a whole, or let it go on."""

    @abstractmethod
    def outcomes(self) -> dict[str, bool]:
        """Whether each job of its history went well, by id."""

    @abstractmethod
    def repeat(self, job: str, password: str) -> None:
        """What a person does in its pages: tell the password, and load the failed job again."""


class ByNZBGet(Usenet):
    type = "nzbget"

    def __init__(self, server: nzbget.NZBGet) -> None:
        self._server = server
        self.settings = {"port": server.port, "username": server.user, "password": server.password}
        self.folders = (server.save_path, server.main / "inter")

    def jobs(self) -> list[str]:
        return [job["NZBName"] for job in self._server.call("listgroups", 0) + self._server.call("history", False)]

    def halt(self, *, stop: bool) -> None:
        self._server.call("pausedownload" if stop else "resumedownload")

    def outcomes(self) -> dict[str, bool]:
        past = self._server.call("history", False)
        return {str(job["NZBID"]): job["Status"].startswith("SUCCESS/") for job in past}

    def repeat(self, job: str, password: str) -> None:
        self._server.call("editqueue", "HistorySetParameter", f"*Unpack:Password={password}", [int(job)])
        self._server.call("editqueue", "HistoryRedownload", "", [int(job)])


class BySABnzbd(Usenet):
    type = "sabnzbd"

    def __init__(self, server: sabnzbd.SABnzbd) -> None:
        self._server = server
        self.settings = {"port": server.port, "api_key": server.api_key}
        self.folders = (server.save_path, server.save_path.parent / "incomplete")

    def jobs(self) -> list[str]:
        queued = [job["filename"] for job in self._server.call("queue")["queue"]["slots"]]
        return queued + [job["name"] for job in self._server.call("history")["history"]["slots"]]

    def halt(self, *, stop: bool) -> None:
        self._server.call("pause" if stop else "resume")

    def outcomes(self) -> dict[str, bool]:
        past = self._server.call("history")["history"]["slots"]
        ended = {"Completed": True, "Failed": False}
        return {job["nzo_id"]: ended[job["status"]] for job in past if job["status"] in ended and not job["loaded"]}

    def repeat(self, job: str, password: str) -> None:
        assert self._server.call("retry", value=job, password=password)["nzo_id"] != job


@pytest.fixture(scope="module")
def news() -> Iterator[NewsServer]:
    with NewsServer() as server:
        yield server


@pytest.fixture(scope="module", params=["nzbget", "sabnzbd"])
def client(
    request: pytest.FixtureRequest, news: NewsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Usenet]:
    """Each kind that takes NZBs, in the generation that a default run has."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "nzbget":
        (generation,) = (each for each in nzbget.GENERATIONS if not each.optional)
        with nzbget.NZBGet(folder, news, generation.argv()) as server:
            yield ByNZBGet(server)
    else:
        (line,) = (each for each in sabnzbd.GENERATIONS if not each.optional)
        with sabnzbd.SABnzbd(folder, news, line.argv()) as other:
            yield BySABnzbd(other)


@pytest.fixture
def indexer() -> Iterator[TorznabServer]:
    with TorznabServer() as server:
        yield server


@pytest.fixture
def api(running_server: RunningServer, client: Usenet, indexer: TorznabServer) -> Api:
    """A server that knows the client and the indexer."""
    api = running_server.api()
    api.post("/api/clients", {"type": client.type, "name": "Usenet", "priority": 1, "settings": client.settings})
    found = {"url": indexer.url, "api_key": indexer.api_key}
    api.post("/api/indexers", {"type": "newznab", "name": "Newznab", "settings": found})
    return api


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Three short chapters, as most audiobooks are posted."""
    folder = tmp_path / "Emma"
    make_book(folder, chapters=3, seconds=8, codec="mp3")
    return folder


def upload(api: Api, nzb: bytes, folder: Path) -> int:
    file = folder / "release.nzb"
    file.write_bytes(nzb)
    return api.upload(file, "Emma", "Jane Austen")


def assert_in_library(server: RunningServer, row: dict[str, Any]) -> None:
    book = server.library / "Jane Austen" / "Emma" / "Emma.m4b"
    assert Path(row["final_file_path"]) == book
    tags = MP4(book)
    assert tags.chapters is not None
    assert len(tags.chapters) == 3


def nothing_is_left(client: Usenet) -> bool:
    """Neither a job of ours nor a file; the client's own folders stay."""
    return not any(MARKED in name for name in client.jobs()) and not any(map(files_of, client.folders))


def test_from_search_to_library(
    running_server: RunningServer, api: Api, client: Usenet, news: NewsServer, indexer: TorznabServer, book: Path
) -> None:
    """Packed in RAR volumes, posted with one article missing and one damaged: repaired, unpacked, made one M4B.

    Afterwards nothing of it is left in the client, which would keep its files for ever.
    """

    def lost(name: str, part: int) -> bool:
        return name.endswith("part02.rar") and part == 1

    def damaged(name: str, part: int) -> bool:
        return name.endswith("part01.rar") and part == 2

    nzb = news.post(book, pack="rar-volumes", par2=60, skip=lost, corrupt=damaged)
    indexer.add("Jane Austen - Emma [MP3 64kbps]", nzb, size=200_000, categories=(3030,))
    (release,) = api.search("jane austen emma")
    download = api.download(release_id=release["id"])
    row = api.wait_for_status(download, "IMPORTED", timeout=120)
    assert row["download_client"] == "Usenet"
    assert_in_library(running_server, row)
    assert api.statuses(download) == WHOLE_WAY
    wait_for(lambda: nothing_is_left(client))
    running_server.fsck()


@pytest.mark.parametrize("pack", ["7z", "rar"])
def test_an_encrypted_upload_with_the_password_in_its_head(
    running_server: RunningServer, api: Api, client: Usenet, news: NewsServer, book: Path, tmp_path: Path, pack: Any
) -> None:
    """As indexers hand them out."""
    nzb = news.post(book, pack=pack, password='s3cr & "t')
    row = api.wait_for_status(upload(api, nzb, tmp_path), "IMPORTED", timeout=120)
    assert_in_library(running_server, row)
    wait_for(lambda: nothing_is_left(client))
    running_server.fsck()


@pytest.mark.parametrize(
    ("post", "words"),
    [
        pytest.param(
            {"skip": every_second},
            {"nzbget": "FAILURE/HEALTH", "sabnzbd": "Aborted, cannot be completed"},
            id="half-is-missing",
        ),
        pytest.param(
            {"skip": lambda name, part: name.startswith("02") and part == 2},
            {"nzbget": "articles are missing", "sabnzbd": "missing"},
            id="one-is-missing",
        ),
        pytest.param(
            {"pack": "rar", "password": "s3cret", "tell_password": False},
            {"nzbget": "WARNING/PASSWORD", "sabnzbd": "ncrypted"},
            id="encrypted",
        ),
        pytest.param(
            {"pack": "rar-volumes", "par2": 5, "skip": lambda name, part: "part02" in name and part > 1},
            {"nzbget": "FAILURE/", "sabnzbd": "Repair failed"},
            id="beyond-repair",
        ),
    ],
)
def test_a_post_that_no_client_can_mend_fails_in_its_words(
    running_server: RunningServer,
    api: Api,
    client: Usenet,
    news: NewsServer,
    book: Path,
    tmp_path: Path,
    post: dict[str, Any],
    words: dict[str, str],
) -> None:
    """The reason says what the client says, and nothing gets into the library."""
    download = upload(api, news.post(book, **post), tmp_path)
    row = api.wait_for_status(download, "DOWNLOAD_FAILED", timeout=120)
    assert words[client.type] in row["reason"]
    assert not files_of(running_server.library)
    api.delete(f"/api/downloads/queue/{download}")
    wait_for(lambda: nothing_is_left(client), timeout=60)
    running_server.fsck()


def test_a_cancel_in_the_middle_leaves_nothing(
    running_server: RunningServer, api: Api, client: Usenet, news: NewsServer, book: Path, tmp_path: Path
) -> None:
    nzb = news.post(book, article=5_000)
    news.limit = 30_000
    try:
        download = upload(api, nzb, tmp_path)
        wait_for(lambda: 0 < (api.row(download)["download_progress"] or 0) < 100)
        api.delete(f"/api/downloads/queue/{download}")
    finally:
        news.limit = 0
    wait_for(lambda: nothing_is_left(client), timeout=60)
    assert api.row(download)["status"] == "CANCELLED"
    running_server.fsck()


def test_a_job_that_a_person_repeats_while_we_are_away_is_found_again(
    running_server: RunningServer, api: Api, client: Usenet, news: NewsServer, book: Path, tmp_path: Path
) -> None:
    """It fails, is told its password, and goes well, under another id with SABnzbd: no poll shows that by itself."""
    before = set(client.outcomes())
    nzb = news.post(book, pack="rar", password="s3cret", tell_password=False)
    client.halt(stop=True)
    try:
        download = upload(api, nzb, tmp_path)
        row = wait_for(
            lambda: next(iter(row for row in [api.row(download)] if "paused" in (row["reason"] or "")), None)
        )
        assert "Resume" in row["reason"], "what a person can do is told"
    finally:
        running_server.stop()
        client.halt(stop=False)
    (failed,) = wait_for(lambda: client.outcomes().keys() - before, timeout=60)
    assert not client.outcomes()[failed]
    client.repeat(failed, "s3cret")
    wait_for(lambda: any(well for job, well in client.outcomes().items() if job not in before), timeout=60)
    running_server.start()
    api = running_server.api()
    api.wait_for_status(download, "IMPORTED", timeout=120)
    assert_in_library(running_server, api.row(download))
    wait_for(lambda: nothing_is_left(client), timeout=60)
    running_server.fsck()
