"""What a conversion costs, beside plain FFmpeg and beside the machine's limit, in one run.

    .venv/bin/python bench/bench_audio.py [MINUTES] [ROUNDS]

Only ratios are worth reading: figures of one machine under one load compare with nothing else. Rounds are
interleaved, and each figure is the median. Encoding is compared with `ffmpeg -c:a aac` at the same bit
rate (which proves nothing of its result), copying with `cp` and `sync`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auralarchive.audio.engine import Engine
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, voice


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of CPU (ours and our children's)."""

    wall: float
    cpu: float


def measure(work: Callable[[], object]) -> Cost:
    started, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Cost(time.perf_counter() - started, cpu)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 15
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = np.tile(voice(1, 60.0), (max(1, round(minutes)), 1))
        mp3 = encode(folder / "book.mp3", sound, "mp3")
        m4a = encode(folder / "book.m4a", sound, "m4a")
        ways: dict[str, Callable[[], object]] = {
            "encode, ours": lambda: convert(mp3, folder / "ours"),
            "encode, plain ffmpeg": lambda: plain(mp3, folder / "plain.m4b"),
            "copy, ours": lambda: convert(m4a, folder / "ours"),
            "copy, ffmpeg -c copy": lambda: stream_copy(m4a, folder / "plain.m4b"),
            "copy, cp and sync": lambda: copy(m4a, folder / "copied"),
        }
        costs = {way: _median([measure(work) for _ in range(rounds)]) for way, work in ways.items()}
        exact = length_error(mp3, folder)
    _print(costs, minutes, exact)


def _median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall for cost in costs), statistics.median(cost.cpu for cost in costs))


def convert(source: Path, work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    engine = Engine(AudioSettings(nice=0))
    return engine.convert(ConvertRequest((source,), work), lambda part: None, CancelToken()).path


def plain(source: Path, target: Path) -> None:
    _ffmpeg(source, "-c:a", "aac", "-b:a", "64k", "-f", "mp4", str(target))


def stream_copy(source: Path, target: Path) -> None:
    _ffmpeg(source, "-c", "copy", "-movflags", "+faststart", "-f", "mp4", str(target))


def _ffmpeg(source: Path, *arguments: str) -> None:
    program = str(Engine().ffmpeg.path)
    subprocess.run([program, "-nostdin", "-v", "error", "-y", "-i", str(source), "-map", "0:a", *arguments], check=True)


def copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    os.sync()


def length_error(source: Path, folder: Path) -> tuple[int, int]:
    """Samples that the result is longer than its source: ours by its tables, and plain FFmpeg's decoded."""
    plain(source, folder / "plain.m4b")
    result = Engine().convert(ConvertRequest((source,), folder / "ours"), lambda part: None, CancelToken())
    wanted = len(decode(source))
    return round(result.duration_seconds * 44100) - wanted, len(decode(folder / "plain.m4b")) - wanted


def _print(costs: dict[str, Cost], minutes: float, exact: tuple[int, int]) -> None:
    cores = os.cpu_count() or 1
    print(f"{minutes:g} minutes, {cores} cores; the proof of each of our results is included")
    for way, cost in costs.items():
        print(f"  {way:22} {cost.wall:8.2f} s wall {cost.cpu:8.2f} s CPU")
    ours, other = costs["encode, ours"], costs["encode, plain ffmpeg"]
    ratios = {
        "encode_wall": ours.wall / other.wall,
        "encode_cpu": ours.cpu / other.cpu,
        "copy_wall_to_cp": costs["copy, ours"].wall / costs["copy, cp and sync"].wall,
        "copy_wall_to_ffmpeg": costs["copy, ours"].wall / costs["copy, ffmpeg -c copy"].wall,
        "length_error_samples": exact[0],
        "length_error_samples_plain": exact[1],
    }
    print(json.dumps({name: round(ratio, 3) for name, ratio in ratios.items()}, indent=2))


if __name__ == "__main__":
    main()
