"""Coders are tried on the machine itself; what does not fit our grid, or does not work, is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.audio.ffmpeg import examine
from auralarchive.audio.plan import Coder, Format
from auralarchive.audio.process import Limits
from auralarchive.audio.trials import Bench, Trials
from auralarchive.ports.errors import Cancelled
from auralarchive.ports.work import CancelToken
from tests.support.audio import ffmpeg_programs
from tests.support.fdk import seeming_fdk

PLAIN = Format(44100, 1, 64, "twoloop")


def _measure(program: Path, folder: Path, *coders: Coder, cancel: CancelToken | None = None) -> Trials:
    found = examine(program, "test")
    assert found is not None
    formats = [Format(44100, 1, 64, coder) for coder in coders]
    return Bench(found, Limits(), cancel or CancelToken(), 2, folder).measure(formats)


@pytest.mark.parametrize("program", ffmpeg_programs())
def test_both_of_its_coders_are_tried_with_every_ffmpeg(tmp_path: Path, program: Path) -> None:
    found = _measure(program, tmp_path, "twoloop", "fast")
    slow, fast = found.done
    assert found.unfit == {}
    assert (slow.delay, fast.delay) == (1, 1)
    assert slow.cpu_seconds > fast.cpu_seconds > 0
    assert slow.distance_db < fast.distance_db
    again = _measure(program, tmp_path, "twoloop", "fast")
    assert [(each.distance_db, each.noise_db) for each in again.done] == [
        (each.distance_db, each.noise_db) for each in found.done
    ]
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_is_only_named_is_unfit(tmp_path: Path) -> None:
    found = _measure(seeming_fdk(tmp_path / "ffmpeg", None), tmp_path, "twoloop", "libfdk_aac")
    assert [each.coder for each in found.done] == ["twoloop"]
    assert found.unfit == {"libfdk_aac": "it cannot encode"}


def test_an_encoder_may_come_several_frames_late(tmp_path: Path) -> None:
    found = _measure(seeming_fdk(tmp_path / "ffmpeg", 1024), tmp_path, "fast", "libfdk_aac")
    assert [(each.coder, each.delay) for each in found.done] == [("fast", 1), ("libfdk_aac", 2)]
    assert found.done[0].distance_db == pytest.approx(found.done[1].distance_db, abs=0.5)


@pytest.mark.parametrize(
    ("late", "told", "reason"),
    [
        (100, True, "no whole number of frames"),
        (1088, True, "no whole number"),
        (1024, False, "it says that its delay"),
    ],
)
def test_an_encoder_whose_packets_lie_elsewhere_is_unfit(tmp_path: Path, late: int, told: bool, reason: str) -> None:
    """Its units could not be joined on one grid, or all would sound late."""
    found = _measure(seeming_fdk(tmp_path / "ffmpeg", late, told=told), tmp_path, "libfdk_aac")
    assert reason in found.unfit["libfdk_aac"]


def test_a_cancel_ends_it(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        _measure(ffmpeg_programs()[0], tmp_path, "twoloop", cancel=cancel)
