"""The cheapest coder that is no worse: by measurement, once for each FFmpeg, and the same every time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.audio.coder import Choice, build_of, cache_folder, choose, pick
from auralarchive.audio.ffmpeg import Ffmpeg, examine
from auralarchive.audio.plan import Coder, Format
from auralarchive.audio.process import Limits
from auralarchive.audio.trials import Bench, Trial, Trials
from auralarchive.ports.errors import Cancelled
from auralarchive.ports.work import CancelToken
from tests.support.audio import ffmpeg_programs
from tests.support.fdk import seeming_fdk

PLAIN = Format(44100, 1, 64, "twoloop")


def _bench(ffmpeg: Ffmpeg, folder: Path, *, cancelled: bool = False) -> Bench:
    cancel = CancelToken()
    if cancelled:
        cancel.cancel()
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return Bench(ffmpeg, Limits(), cancel, 2, work)


def _choose(program: Path, folder: Path, plain: Format = PLAIN, most: int = 70, *, cancelled: bool = False) -> Choice:
    found = examine(program, "test")
    assert found is not None
    return choose(plain, most, _bench(found, folder, cancelled=cancelled), "auto", folder / "cache")


@pytest.mark.parametrize("program", ffmpeg_programs())
@pytest.mark.parametrize(
    ("plain", "most", "expected"),
    [
        (PLAIN, 70, ("fast", 70)),
        (replace(PLAIN, bitrate_kbps=63), 69, ("fast", 69)),
        (PLAIN, 64, ("twoloop", 64)),  # a person has named the bits
        (replace(PLAIN, bitrate_kbps=48), 52, ("twoloop", 48)),
        (replace(PLAIN, bitrate_kbps=96), 105, ("fast", 96)),
        (replace(PLAIN, bitrate_kbps=128, channels=2), 140, ("fast", 140)),
    ],
)
def test_the_fast_coder_is_taken_where_it_is_no_worse(
    tmp_path: Path, program: Path, plain: Format, most: int, expected: tuple[str, int]
) -> None:
    """As PESQ on sentences says: at 64 kbit/s with a tenth more bits, at 96 as it is, at 48 not at all."""
    found = _choose(program, tmp_path, plain, most)
    assert (found.target.coder, found.target.bitrate_kbps) == expected
    assert {each.coder for each in found.trials.done} == {"fast", "twoloop"}
    assert found.why
    assert list((tmp_path / "work").iterdir()) == []


def test_it_is_measured_once_for_each_build(tmp_path: Path) -> None:
    """Where it is known already nothing runs, not even to be cancelled; another build is measured anew."""
    program = seeming_fdk(tmp_path / "ffmpeg", None)
    first = _choose(program, tmp_path)
    assert first.trials.unfit == {"libfdk_aac": "it cannot encode"}
    assert (first.target.coder, first.target.bitrate_kbps) == ("fast", 70)
    assert _choose(program, tmp_path, cancelled=True) == first
    os.utime(program, ns=(1, 1))
    with pytest.raises(Cancelled):
        _choose(program, tmp_path, cancelled=True)
    assert _choose(program, tmp_path).build != first.build


@pytest.mark.parametrize("text", [b'{"done": [], "unfit": {}}', b"\xff{", b"[" * 100_000], ids=["empty", "odd", "long"])
def test_a_broken_cache_is_measured_over(tmp_path: Path, ffmpeg: Ffmpeg, text: bytes) -> None:
    good = _choose(ffmpeg.path, tmp_path)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(text)
    assert _choose(ffmpeg.path, tmp_path).target == good.target
    assert _choose(ffmpeg.path, tmp_path, cancelled=True).target == good.target, "it is kept again"


def test_without_a_cache_it_goes_on(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    assert _choose(ffmpeg.path, tmp_path).target.coder == "fast"
    assert choose(PLAIN, 70, _bench(ffmpeg, tmp_path), "auto", None).target.coder == "fast"


def test_where_nothing_can_be_measured_the_plain_choice_stays(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    found = choose(PLAIN, 70, _bench(Ffmpeg(program, "1", (9, 0), "test"), tmp_path), "auto", tmp_path / "cache")
    assert found.target == PLAIN
    assert "rule of thumb" in found.why
    assert not (tmp_path / "cache").exists()


def test_the_settings_coder_is_taken_unmeasured(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    found = choose(PLAIN, 70, _bench(ffmpeg, tmp_path, cancelled=True), "fast", None)
    assert found.target == replace(PLAIN, coder="fast")
    assert "settings" in found.why


def _trial(coder: Coder, kbps: int, cpu: float, distance: float, noise: float = -6.0, delay: int = 1) -> Trial:
    return Trial(coder, kbps, cpu, distance, noise, delay)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], ("twoloop", 64)),
        ([_trial("fast", 64, 0.03, 5.0), _trial("fast", 70, 0.03, 4.05)], ("fast", 70)),
        ([_trial("fast", 64, 0.03, 4.05), _trial("fast", 70, 0.03, 3.5)], ("fast", 64)),
        ([_trial("fast", 64, 0.06, 4.0), _trial("fast", 70, 0.03, 3.5)], ("fast", 64)),  # one coder, one cost
        ([_trial("fast", 64, 0.08, 4.05)], ("twoloop", 64)),  # as near in cost as in quality
        ([_trial("fast", 70, 0.09, 3.5)], ("twoloop", 64)),  # hardly cheaper: not worth the bits
        ([_trial("fast", 70, 0.03, 4.0), _trial("libfdk_aac", 64, 0.04, 3.0, delay=2)], ("libfdk_aac", 64)),
        ([_trial("fast", 64, 0.03, 4.0), _trial("libfdk_aac", 64, 0.20, 1.0, delay=2)], ("fast", 64)),
        ([_trial("fast", 64, 0.03, 4.0, noise=-5.0)], ("twoloop", 64)),
    ],
)
def test_quality_comes_first_then_work_then_bits(others: list[Trial], expected: tuple[str, int]) -> None:
    target, why = pick(PLAIN, 70, Trials((_trial("twoloop", 64, 0.10, 4.0), *others), {}))
    assert (target.coder, target.bitrate_kbps) == expected
    assert target.delay == (2 if target.coder == "libfdk_aac" else 1)
    assert why


@pytest.mark.parametrize("noise", [0.8, 1.0, 1.25])
def test_how_busy_the_machine_is_changes_nothing(noise: float) -> None:
    """Two that cost about the same change places with every measurement: the choice does not."""
    found = [
        _trial("twoloop", 64, 0.10, 4.0),
        _trial("fast", 64, 0.030 * noise, 3.9),
        _trial("libfdk_aac", 64, 0.03, 3.8),
    ]
    assert pick(PLAIN, 70, Trials(tuple(found), {}))[0].coder == "libfdk_aac"


def test_findings_lie_where_the_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/tmp/x")
    assert cache_folder() == Path("/var/tmp/x/auralarchive")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard says to ignore
    found = cache_folder()
    assert found is not None
    assert found.is_relative_to(Path.home())


def test_a_build_is_known_by_its_file(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"1")
    one = Ffmpeg(program, "7.1", (7, 1), "test")
    names = [build_of(one), build_of(replace(one, version="7.2")), build_of(replace(one, encoders=("aac", "aac_at")))]
    program.write_bytes(b"22")
    assert len({*names, build_of(one)}) == 4
    program.unlink()
    assert build_of(one)
