"""A book that lost, gained or moved sound must show it; one that did not must not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.audio.books import write_chapters
from bench.audio.cost import Runner
from bench.audio.faithful import agrees, fidelity_bounds, told_gaps
from bench.audio.fidelity import Fidelity, Reading, Seams, measure, readings
from bench.audio.ours import Ours
from bench.audio.peers import m4b_tool, plain
from bench.audio.refusals import same_sound
from tests.support.audio import Samples, encode, ffmpeg, voice, write_wav

pytestmark = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="there is no ffprobe on this machine")
RATE = 44_100
LENGTHS = [len(voice(number)) for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("parts")
    return tuple(encode(folder / f"{number}.flac", voice(number), "flac") for number in (1, 2, 3))


def _book(path: Path, pieces: list[Samples], starts: list[int]) -> Path:
    """One pass of the encoder over the pieces, with these chapters."""
    wav = write_wav(path.with_suffix(".wav"), np.concatenate(pieces))
    chapters = write_chapters(path.with_suffix(".chapters"), [*starts, sum(map(len, pieces))])
    inputs = ["-i", str(wav), "-f", "ffmetadata", "-i", str(chapters), "-map", "0:a", "-map_chapters", "1"]
    output = ["-c:a", "aac", "-b:a", "96k", "-movie_timescale", str(RATE), "-f", "mp4", str(path)]
    Runner().run([ffmpeg(), "-nostdin", "-v", "error", *inputs, *output])
    return path


def test_a_faithful_book_is_told_to_be_one(parts: tuple[Path, ...], tmp_path: Path) -> None:
    starts = [0, LENGTHS[0], LENGTHS[0] + LENGTHS[1]]
    found = measure(_book(tmp_path / "book.m4b", [voice(number) for number in (1, 2, 3)], starts), parts)
    assert (found.longer, found.lags, found.gaps) == (0, (0, 0, 0), (0, 0))
    assert all(error is not None and error <= 0.03 for error in found.heard_ms.values()), found.heard_ms
    assert found.sought_ms is not None
    assert found.sought_ms < 0.1
    assert abs(found.duration_ms) < 0.1


def test_gaps_late_chapters_and_bad_seams_show(parts: tuple[Path, ...], tmp_path: Path) -> None:
    """300 samples of silence between the first two parts; noise 200 samples long where the last two meet."""
    third = voice(3)
    third[:200] += np.random.default_rng(1).uniform(-0.5, 0.5, (200, 1)).astype(np.float32)
    silence = np.zeros((300, 1), np.float32)
    starts = [0, LENGTHS[0], LENGTHS[0] + LENGTHS[1]]  # as if there were no silence
    found = measure(_book(tmp_path / "book.m4b", [voice(1), silence, voice(2), third], starts), parts)
    assert (found.longer, found.gaps) == (300, (300, 0))
    assert found.lags[0] == 0
    assert found.lags[2] == 300
    late = found.heard_ms["ffprobe"]
    assert late is not None
    assert late == pytest.approx(300 / RATE * 1000, abs=0.1)
    assert found.at_joints.below is not None
    assert found.at_joints.below > 3


def test_chapters_that_are_not_there_are_no_small_error(parts: tuple[Path, ...], tmp_path: Path) -> None:
    plain(Runner(), parts, tmp_path / "plain.m4b")
    found = measure(tmp_path / "plain.m4b", parts)
    assert found.heard_ms == {"ffprobe": None, "PyAV": None, "mutagen": None}
    assert found.sought_ms is None
    worst = max(bound.figure for bound in fidelity_bounds("plain", found, [0, 0]) if "chapters" in bound.name)
    assert worst > 1000


def test_ours_is_faithful_and_read_alike_by_all_where_a_peer_leaves_gaps(
    parts: tuple[Path, ...], tmp_path: Path
) -> None:
    """The bench itself, once through: our engine in its process, and the commands of m4b-tool."""
    told = Ours(kbps=64).convert(Runner(), parts, tmp_path / "work")
    out = Path(told["path"])
    found = measure(out, parts, folder=tmp_path)
    assert all(bound.figure <= bound.bound for bound in fidelity_bounds("ours", found, told_gaps(told, 2)))
    read = readings(out)
    assert [each.reader for each in read] == ["ffprobe", "PyAV", "mutagen"]
    assert all(agrees(told, each, found.rate) for each in read), read

    m4b_tool(Runner(), parts, tmp_path / "tool.m4b")
    assert measure(tmp_path / "tool.m4b", parts).largest_gap > 500


def test_gaps_that_we_tell_of_are_no_error_and_others_are() -> None:
    found = _fidelity(longer=1200, gaps=(1000, 200))
    told = {"decisions": {"joints": [{"kind": "plain", "gap": 1000}, {"kind": "close", "gap": 200}]}}
    assert told_gaps(told, 2) == [1000, 200]
    assert all(bound.figure <= bound.bound for bound in fidelity_bounds("ours", found, [1000, 200]))
    over = [bound.name for bound in fidelity_bounds("ours", found, [1000, 0]) if bound.figure > bound.bound]
    assert len(over) == 2, over
    assert told_gaps({"decisions": {"joints": [2584, 5168]}}, 2) == [0, 0], "those are an encode's units"


def _fidelity(longer: int, gaps: tuple[int, ...]) -> Fidelity:
    seams = _no_seams()
    return Fidelity(RATE, 10**6, longer, (0, 1000, 1200), gaps, {"ffprobe": 0.0}, 27.0, 0.0, 20.0, seams, seams)


def _no_seams() -> Seams:
    return Seams(0, 0, None, None, None)


@pytest.mark.parametrize(
    "reading",
    [
        Reading("ffprobe", 10.002, [0.0, 5.0]),
        Reading("ffprobe", 10.0, [0.0]),
        Reading("ffprobe", 10.0, [0.0, 5.002]),
        Reading("PyAV", 10.0, [0.0, 5.0], samples=441_000 + 1024),
        Reading("PyAV", 10.0, [0.0, 5.0], samples=441_000 - 1),
        Reading("mutagen", 10.03, [0.0, 5.0]),
    ],
)
def test_a_reader_that_reads_something_else_disagrees(reading: Reading) -> None:
    told = {"duration": 10.0, "chapters": [0.0, 5.0]}
    assert agrees(told, Reading(reading.reader, 10.0, [0.0, 5.0], samples=441_000), RATE)
    assert not agrees(told, reading, RATE)


def test_another_pitch_or_noise_is_not_the_same_sound() -> None:
    sound = voice(1)[:, 0]
    noise = np.random.default_rng(2).standard_normal(len(sound)).astype(np.float32)
    faster = np.interp(np.arange(0, len(sound), 2), np.arange(len(sound)), sound).astype(np.float32)
    assert same_sound(sound, sound + 0.01 * noise)
    assert not same_sound(sound, noise)
    assert not same_sound(sound, np.concatenate([faster, faster]))
