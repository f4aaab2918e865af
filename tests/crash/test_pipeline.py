"""Kill -9 at every failpoint of a download's way, start again, and find one book and nothing else.

Each case is one run of the real program over an empty folder: it dies at the failpoint, is started
again, and nobody helps. By default a few cases from every stage run; `--crash` runs the whole matrix.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx2
import pytest

from auralarchive.runtime.core import open_core
from tests.crash.journeys import JOURNEYS, Shelf, Stand, asked_again, kill_and_recover, prepare, walk
from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import RunningServer
from tests.support.world import World, in_library, in_work, rows, wait_until_cleaned

SOURCE = Path(__file__).parents[2] / "src" / "auralarchive"


def _around(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{side}.{name}" for name in names for side in ("before", "after"))


_IMPORT = (
    "import.before_publish_book",
    "import.before_stage",
    "import.before_audio",
    "import.linked",
    "import.after_audio",
    "import.before_cover",
    "import.after_cover",
    "import.before_companion",
    "import.copied",
    "import.after_companion",
    "import.staged",
    "import.before_publish",
    "import.after_publish",
    "import.after_publish_synced",
    "import.after_publish_verified",
    "import.before_unstage",
    "import.after_unstage",
    "import.book_published",
    "import.manifest_saved",
)

#: Where each journey is killed. A number is the passage; without one it is the first.
PLAN: dict[str, tuple[str, ...]] = {
    "embedded-mp3": (
        "create.before",
        "create.after",
        *(f"store.uncommitted:{passage}" for passage in (1, 3, 5, 7, 9)),
        *_around("claim", "grab", "grab:2", "convert", "import"),
        *_around("record", "GrabStarted", "PayloadStored", "SentToClient", "DownloadCompleted"),
        *_around("record", "ConversionStarted", "ConversionDone", "ImportStarted", "ImportDone"),
        "grab.before_fetch",
        "grab.after_fetch",
        "grab.payload_saved",
        "grab.before_add",
        "embedded.source_kept",
        "embedded.noted",
        "grab.after_add",
        "convert.work_dir_made",
        "convert.converted",
        "convert.recipe_saved",
        *_IMPORT,
        *_around("sweep", "import"),
    ),
    "embedded-m4b": (
        "convert.converted",
        "convert.recipe_saved",
        "import.linked",
        "import.after_publish",
        "import.manifest_saved",
        "sweep.before.import",
    ),
    "qbittorrent": (
        "grab.before_add",
        "grab.after_add",
        *_around("record", "SentToClient", "DownloadCompleted"),
        "convert.converted",
        "import.after_publish",
        "record.after.ImportDone",
    ),
    "upload": ("create.before", "create.after", "store.uncommitted:1", "grab.before_add"),
    "automatic": (
        "create.after",
        *_around("claim", "search"),
        *_around("record", "SearchStarted", "ReleaseChosen"),
        "search.before",
        "search.after",
    ),
    "pause": (
        *_around("record", "PauseRequested", "ResumeRequested"),
        "monitor.before_pause",
        "monitor.after_pause",
        "monitor.before_resume",
        "monitor.after_resume",
    ),
    "cancel-download": (
        *_around("record", "CancelRequested", "CleanupStarted", "CleanedUp"),
        *_around("claim", "cleanup"),
        "cancel.before_remove",
        "embedded.removal_noted",
        "embedded.data_removed",
        "embedded.source_forgotten",
        "cancel.after_remove",
        "cancel.items_removed",
        *_around("sweep", "cleanup"),
    ),
    "cancel-conversion": (
        *_around("record", "CancelRequested"),
        "cancel.before_remove",
        "cancel.after_remove",
        "record.after.CleanedUp",
        "sweep.before.cleanup",
    ),
    "removal": (
        *_around("record", "SeedingGoalReached", "RemovalDue"),
        "cancel.after_remove",
        "record.before.CleanedUp",
        "sweep.before.cleanup",
    ),
}

PLAN["second-release"] = (
    *_around("record", "StageFailed", "RetryDue"),
    "grab.room_made",
    "grab.after_add:2",
    "claim.after.convert:2",
)

#: Where a cancel finds a book that is in the library and not in the record.
CANCELLED_AT = ("import.after_publish", "import.book_published", "import.manifest_saved")

#: Failpoints that no journey passes, with the reason.
ELSEWHERE = {
    "cancel.book_withdrawn": "needs a kill and a cancel: test_a_book_cancelled_after_its_publication_is_taken_back",
    "import.after_intent": "only where nobody keeps the note: tests/crash/test_import.py",
    **dict.fromkeys(
        ("deluge.noted", "deluge.added"),
        "needs a Deluge: tests/contract/clients/test_deluge.py",
    ),
    **{
        f"edit.{name}": "needs a change of a book: tests/crash/test_edits.py"
        for name in ("before_seal", "sealed", "before_record", "recorded", "placed", "before_discard")
    },
    **dict.fromkeys(
        ("steering.own_kept", "steering.limits_set", "steering.given_back"),
        "no download waits for a speed plan: tests/crash/test_steering.py",
    ),
    **dict.fromkeys(
        ("notify.before_send", "notify.after_send"),
        "no download waits for its messages: tests/integration/test_notifications.py",
    ),
    **{
        f"direct.{name}": "torrents pass none of these: tests/crash/test_direct.py"
        for name in (
            *("source_kept", "noted", "file_begun", "bytes_written", "file_synced", "file_named", "all_there"),
            *("removal_noted", "data_removed", "source_forgotten"),
        )
    },
    "import.reflinked": "needs a file system that shares blocks; it stands where `import.copied` stands here",
    "import.before_take_back": "needs two imports with other content: tests/crash/test_import.py",
    "import.after_take_back": "needs two imports with other content: tests/crash/test_import.py",
    **dict.fromkeys(
        (
            *("restore.before_confirm", "restore.before_pending", "restore.confirmed"),
            *("restore.before_old", "restore.old_moved", "restore.before_new", "restore.after_new"),
            *("restore.before_end", "restore.after_summary"),
        ),
        "no download passes a restore: tests/crash/test_restore.py",
    ),
}

#: The few that run by default: at least one of each stage, and of each way to ask and to end.
QUICK = (
    ("upload", "create.after"),
    ("automatic", "search.after"),
    ("qbittorrent", "grab.after_add"),
    ("embedded-mp3", "convert.recipe_saved"),
    ("embedded-m4b", "import.after_publish"),
    ("cancel-download", "cancel.after_remove"),
    ("removal", "record.before.CleanedUp"),
)
MATRIX = [(name, failpoint) for name, failpoints in PLAN.items() for failpoint in failpoints]


def _marked(name: str, failpoint: str) -> object:
    marks = [] if (name, failpoint) in QUICK else [pytest.mark.crash]
    return pytest.param(name, failpoint, id=f"{name}-{failpoint}", marks=marks)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with World(tmp_path_factory.mktemp("shared")) as world:
        yield Shelf(world)


@pytest.fixture
def stands(tmp_path: Path, shelf: Shelf) -> Iterator[Stands]:
    with ExitStack() as running:
        yield Stands(tmp_path, shelf, running)


class Stands:
    """Makes the stand of a journey, and takes it down after the test."""

    def __init__(self, root: Path, shelf: Shelf, running: ExitStack) -> None:
        self._root, self._shelf, self._running = root, shelf, running

    def build(self, name: str) -> Stand:
        journey = JOURNEYS[name]
        client = None
        if journey.qbittorrent:
            client = self._running.enter_context(QBittorrent(self._root / "qbittorrent", GENERATIONS[0].argv()))
        server = RunningServer(self._root / "auralarchive", journey.environment(self._root, self._shelf))
        self._running.push(server.__exit__)
        return Stand(server, self._shelf, client)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "failpoint"), [_marked(*case) for case in MATRIX])
def test_a_kill_anywhere_ends_in_one_book(stands: Stands, name: str, failpoint: str) -> None:
    kill_and_recover(stands.build(name), JOURNEYS[name], failpoint)


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", JOURNEYS)
def test_the_plan_names_every_failpoint_that_a_journey_passes(stands: Stands, name: str) -> None:
    """A new failpoint is either killed at, in this journey or in another, or its reason is written down."""
    planned = {failpoint.partition(":")[0] for failpoints in PLAN.values() for failpoint in failpoints}
    passed = set(walk(stands.build(name), JOURNEYS[name]))
    assert {failpoint.partition(":")[0] for failpoint in PLAN[name]} <= passed
    unexpected = {point for point in passed if not point.endswith(".Waiting")} - planned
    assert not unexpected


def test_no_failpoint_of_the_source_is_left_out() -> None:
    """Each is in the plan, or its reason is written down; and they are not a handful."""
    planned = {failpoint.partition(":")[0] for failpoints in PLAN.values() for failpoint in failpoints}
    named = {name for path in SOURCE.rglob("*.py") for name in _failpoints_of(path)}
    for name in named:
        pattern = re.sub(r"\\\{.*?\\\}", ".+", re.escape(name))
        assert any(re.fullmatch(pattern, known) for known in (*planned, *ELSEWHERE)), name
    assert len(planned) >= 25


def _failpoints_of(path: Path) -> list[str]:
    return re.findall(r"^\s+failpoint\(f?\"([^\"]+)\"\)", path.read_text("utf-8"), re.MULTILINE)


def test_the_quick_cases_are_of_the_plan() -> None:
    assert set(QUICK) <= set(MATRIX)


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize("failpoint", CANCELLED_AT)
def test_a_book_cancelled_after_its_publication_is_taken_back(
    stands: Stands, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, failpoint: str
) -> None:
    """It was in the library, and the process died before it was recorded: then a person cancels, and it is gone.

    With a second kill in the midst of the taking back.
    """
    stand, journey = stands.build("embedded-mp3"), JOURNEYS["embedded-mp3"]
    api = prepare(stand, journey, AURALARCHIVE_FAILPOINT=failpoint)
    download = journey.ask(api, shelf.mp3)
    assert stand.server.process is not None
    assert stand.server.process.wait(60) == -9
    assert in_library(stand.server)
    for name, value in stand.server.settings().items():
        monkeypatch.setenv(name, value)
    with closing(open_core({})) as core:  # nothing runs in it: the cancel is there before the import goes on
        core.commands.cancel(download)
    assert stand.server.launch(AURALARCHIVE_FAILPOINT="cancel.book_withdrawn").wait(60) == -9
    stand.server.start()
    api = stand.server.api()
    wait_until_cleaned(api, download)
    assert api.row(download)["status"] == "CANCELLED"
    assert in_library(stand.server) == []
    assert api.get("/api/library/books")["items"] == []
    stand.server.fsck()


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_kills_during_five_downloads_lose_nothing(stands: Stands, shelf: Shelf, seed: int) -> None:
    """Ten kills at moments that nobody chose, while five books are under way at once; ten more with another seed."""
    stand, dice = stands.build("embedded-mp3"), random.Random(seed)
    server = stand.server
    books = [shelf.mp3, shelf.m4b, shelf.slow, *shelf.more(2)]
    prepare(stand, JOURNEYS["embedded-mp3"])
    asked: dict[str, int] = {}
    for _ in range(10):
        with suppress(httpx2.TransportError):
            for book in (book for book in books if book.title not in asked):
                asked[book.title] = asked_again(JOURNEYS["embedded-mp3"], server.api(), book)
        time.sleep(dice.uniform(0.0, 2.5))
        server.kill()
        server.start()
    api = server.api()
    assert len(asked) == len(books)
    for download in asked.values():
        api.wait_for_status(download, "SEEDING", timeout=120)
    assert sorted(row["id"] for row in rows(api)) == sorted(asked.values())
    wait_for(lambda: not in_work(server))
    assert in_library(server) == sorted(file for book in books for file in book.published)
    server.fsck()


@pytest.mark.crash
@pytest.mark.timeout(300)
def test_client_and_program_killed_together_go_on(stands: Stands, shelf: Shelf) -> None:
    """Power fails for both in the midst of a download: started again in either order, the book arrives."""
    stand, journey = stands.build("qbittorrent"), JOURNEYS["qbittorrent"]
    client = stand.qbittorrent
    assert client is not None
    api = prepare(stand, journey)
    download = journey.ask(api, shelf.slow)
    wait_for(lambda: api.row(download)["download_progress"] > 10, timeout=60, every=0.1)
    client.kill()
    stand.server.kill()
    stand.server.start()
    assert stand.server.api().row(download)["status"] == "DOWNLOADING"
    client.start()
    stand.server.api().wait_for_status(download, "SEEDING", timeout=90)
    assert in_library(stand.server) == shelf.slow.published
    stand.server.fsck()
