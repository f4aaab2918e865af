"""The one write path: guarded, fenced, and patient with others, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.record import ClaimLost, Recorder, UnknownDownload
from auralarchive.ports.store import Downloads, StaleRecord
from tests.support.scripted import Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    with a_bench(tmp_path, database_url) as made:
        yield made


def test_an_event_and_its_row_in_the_log_are_one(bench: Bench) -> None:
    download = bench.automatic()
    after = bench.recorder.record(download.id, e.PauseRequested())
    assert (after.acquisition, after.version) == (DownloadStatus.PAUSED, download.version + 1)
    assert bench.row(download.id) == after
    assert bench.story(download.id) == ["Enqueued", "PauseRequested"]


def test_what_cannot_happen_changes_nothing(bench: Bench) -> None:
    download = bench.automatic()
    with pytest.raises(IllegalTransition):
        bench.recorder.record(download.id, e.ImportDone("/x", 1, "link"))
    assert bench.row(download.id) == download
    with pytest.raises(UnknownDownload):
        bench.recorder.record(4711, e.PauseRequested())


def test_without_its_claim_a_worker_changes_nothing(bench: Bench) -> None:
    """The fence: after a cancel, and after another worker took over, a token is worth nothing."""
    download = bench.automatic()
    job = bench.claim(download.id)
    bench.held.forward(61)
    other = bench.claim(download.id)
    assert other.token != job.token
    with pytest.raises(ClaimLost):
        bench.recorder.record(download.id, e.Released(), token=job.token)
    bench.commands.cancel(download.id)
    with pytest.raises(ClaimLost):
        bench.recorder.record(download.id, e.Released(), token=other.token)
    assert bench.row(download.id).acquisition is DownloadStatus.CANCELLED


def test_an_expected_version_must_be_the_present_one(bench: Bench) -> None:
    download = bench.automatic()
    bench.recorder.record(download.id, e.Adjusted(priority=3))
    with pytest.raises(StaleRecord):
        bench.recorder.record(download.id, e.PauseRequested(), expected_version=download.version)


def test_the_same_reason_is_written_once(bench: Bench) -> None:
    download = bench.automatic()
    for _ in range(3):
        bench.recorder.record(download.id, e.Waiting("for a friend"))
    assert bench.story(download.id).count("Waiting") == 1


def test_writers_at_once_all_get_through(bench: Bench) -> None:
    """Each reads again where another was quicker: twelve changes, twelve versions."""
    download = bench.automatic()
    start = threading.Barrier(4)

    def adjust(worker: int) -> None:
        start.wait()
        for step in range(3):
            bench.recorder.record(download.id, e.Adjusted(priority=worker * 10 + step))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(adjust, range(4)))
    assert bench.row(download.id).version == download.version + 12


@dataclass
class _Restless:
    """Downloads that never hold still."""

    real: Downloads

    def get(self, download_id: int) -> Download | None:
        return self.real.get(download_id)

    def commit(self, *_: object) -> None:
        raise StaleRecord


def test_a_row_that_never_holds_still_is_given_up(bench: Bench) -> None:
    download = bench.automatic()
    recorder = Recorder(_Restless(bench.store.downloads), bench.clock)  # type: ignore[arg-type]  # the two it uses
    with pytest.raises(StaleRecord, match="hold still"):
        recorder.record(download.id, e.PauseRequested())
