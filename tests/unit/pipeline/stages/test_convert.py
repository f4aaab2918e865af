"""One book in a folder of the claim's own; nothing stays of a conversion that did not end well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.audio.engine import Engine
from auralarchive.audio.settings import AudioSettings
from auralarchive.domain import events as e
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.stages import convert
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import Cancelled, Damaged, NeedsPerson, NoSpace
from auralarchive.ports.store import StaleRecord
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, lock_aaxc, voice
from tests.support.scripted import Bench

S = DownloadStatus


def folders(bench: Bench) -> list[str]:
    return sorted(path.name for path in (bench.folder / "work").iterdir())


def test_the_recipe_is_kept_before_it_is_told(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    job = bench.claim(download.id)
    done = convert.run(job, bench.tools)
    path = bench.folder / "work" / f"{download.id}-{job.token}" / "book.m4b"
    assert done == e.ConversionDone(str(path), "encode", 1, 60.0)
    recipe = bench.store.recipes.get(download.id)
    assert recipe is not None
    assert (recipe["path"], recipe["chapters"]) == (str(path), [{"title": "One", "start": 0.0, "end": 60.0}])
    progress = bench.live.get(download.id)
    assert progress is not None
    assert progress.progress == 50.0


@pytest.mark.parametrize("state", ["gone", "cut"])
def test_files_that_went_away_are_no_book(bench: Bench, state: str) -> None:
    """Half of a download must not become half a book: it has to come once more."""
    download = bench.at(S.COMPLETE)
    source = Path(download.temp_file_path or "")
    source.unlink() if state == "gone" else source.write_bytes(b"half")
    with pytest.raises(NeedsPerson) as lost:
        convert.run(bench.claim(download.id), bench.tools)
    assert lost.value.kind is FailureKind.SOURCE_LOST
    assert bench.converter.requests == []


def test_a_failed_conversion_leaves_no_folder(bench: Bench) -> None:
    bench.converter.fault = NoSpace("The disk is full.", "Make room.")
    download = bench.at(S.COMPLETE)
    with pytest.raises(NoSpace):
        convert.run(bench.claim(download.id), bench.tools)
    assert folders(bench) == []


def test_folders_of_dead_claims_make_room(bench: Bench) -> None:
    download = bench.at(S.COMPLETE)
    (bench.folder / "work" / f"{download.id}-{'0' * 16}").mkdir()
    (bench.folder / "work" / f"{download.id}1-{'0' * 16}").mkdir()
    job = bench.claim(download.id)
    convert.run(job, bench.tools)
    assert folders(bench) == sorted([f"{download.id}-{job.token}", f"{download.id}1-{'0' * 16}"])


def test_a_worker_that_was_overtaken_does_not_touch_the_recipe(bench: Bench) -> None:
    """The recipe is fenced: a late one would lead the import of its successor to a folder that is gone."""
    download = bench.at(S.COMPLETE)
    late = bench.claim(download.id)

    def overtake(request: ConvertRequest, cancel: CancelToken) -> None:
        bench.converter.during = None
        bench.held.forward(61)
        bench.workshop.run(bench.claim(download.id))

    bench.converter.during = overtake
    with pytest.raises(StaleRecord):
        convert.run(late, bench.tools)
    recipe = bench.store.recipes.get(download.id)
    assert recipe is not None
    assert recipe["path"] == bench.row(download.id).converted_file_path
    assert Path(recipe["path"]).is_file()
    bench.work()
    assert bench.row(download.id).acquisition is S.IMPORTED


def test_with_the_real_engine(bench: Bench, tmp_path: Path) -> None:
    """The real engine fits the port: a spoken file becomes a book, and a cancel leaves nothing."""
    download = bench.at(S.DOWNLOADING)
    audio = encode(tmp_path / "one.mp3", voice(1, 2.0), "mp3")
    bench.client.arrive(download.download_client_id or "", audio.read_bytes())
    bench.poll()
    bench.poll()
    tools = replace(bench.tools, converter=Engine(AudioSettings(jobs=1)))
    stopped = bench.claim(download.id)
    stopped.cancel.cancel()
    with pytest.raises(Cancelled):
        convert.run(stopped, tools)
    assert folders(bench) == []
    bench.held.forward(61)
    done = convert.run(bench.claim(download.id), tools)
    assert isinstance(done, e.ConversionDone)
    assert done.duration_seconds == pytest.approx(2.0, abs=0.2)


def test_a_locked_book_without_its_key_is_not_tried_again(bench: Bench, tmp_path: Path) -> None:
    """Only a person can enter the key: the conversion fails once, says which setting it wants, and waits."""
    download = bench.at(S.DOWNLOADING)
    plain = encode(tmp_path / "plain.m4a", voice(1, 2.0), "m4a")
    locked = lock_aaxc(plain, tmp_path / "one.aaxc", bytes(range(16)), bytes(16))
    bench.client.arrive(download.download_client_id or "", locked.read_bytes())
    bench.poll()
    bench.poll()
    bench.workshop = replace(bench.workshop, tools=replace(bench.tools, converter=Engine()))
    assert bench.work() == 1
    row = bench.row(download.id)
    assert (row.acquisition, row.failure_kind, row.retry_at) == (S.CONVERSION_FAILED, FailureKind.KEY_MISSING, None)
    assert "conversion.aaxc_keys" in (row.reason or "")
    bench.held.forward(24 * 3600)
    assert bench.work() == 0


def test_damage_is_accepted_by_a_person_s_word_and_only_of_that_release(bench: Bench) -> None:
    bench.converter.fault = Damaged("a.mp3 is damaged.", "Fetch it again.", kind=FailureKind.DAMAGED_AUDIO)
    download = bench.at(S.COMPLETE)
    bench.work()
    bench.commands.retry(download.id, accept_damage=True)
    bench.work()
    bench.commands.retry(download.id)
    bench.work()
    assert [request.accept_damage for request in bench.converter.requests] == [False, True, False]
