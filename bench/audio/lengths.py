"""Books of very many parts and very many hours: probing, length and memory."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from auralarchive.audio.probe import probe
from auralarchive.audio.sources import find_sources
from bench.audio import peers
from bench.audio.cost import Runner
from bench.audio.fidelity import decoded, referee
from bench.audio.ours import Ours
from bench.audio.plan import Plan
from bench.audio.turns import Outcome, cost_rows, ours, peer, phase_rows, take_turns
from bench.report import Bound, against_bounds, rows

PLAIN, OURS = "plain ffmpeg", "ours"
_MP3_FRAME = 1152
_RATE = 44_100


def parts(plan: Plan) -> None:
    """Hundreds of short MP3."""
    sources = plan.encoded.parts(plan.parts)
    title = f"{plan.parts} short MP3 into one M4B"
    cases = {PLAIN: peer(peers.plain, sources, plan.few), OURS: ours(sources, Ours(), plan.few)}
    outcomes = take_turns(cases, plan.few, plan.folder / "parts")
    rows(title, cost_rows(outcomes, PLAIN))
    rows(f"{title}: our phases, s", phase_rows(outcomes))
    with decoded(sources, _RATE, plan.folder) as (_, lengths):
        rows(f"{title}: length", _length_rows(outcomes, sum(lengths), plan.folder))
    seconds = sorted(_probing(sources) for _ in range(plan.rounds))
    against_bounds(f"{title}: bounds", [Bound("probing all, s", seconds[len(seconds) // 2], 1.0)], "s")


def _probing(sources: tuple[Path, ...]) -> float:
    started = time.perf_counter()
    for source in find_sources(sources, max_files=len(sources)).audio:
        probe(source)
    return time.perf_counter() - started


def _length_rows(outcomes: dict[str, Outcome], samples: int, folder: Path) -> list[dict[str, object]]:
    return [
        {
            "case": name,
            "samples out - in": _samples(outcome.out, folder) - samples,
            "duration error, ms": (_duration(outcome.out) - samples / _RATE) * 1000,
        }
        for name, outcome in outcomes.items()
        if outcome.there
    ]


def _samples(path: Path, folder: Path) -> int:
    with decoded([path], _RATE, folder, program=referee()) as (sound, _):
        return len(sound)


def _duration(path: Path) -> float:
    return float(_asked(path, "-select_streams", "a:0", "-show_entries", "stream=duration"))


def _asked(path: Path, *what: str) -> str:
    command = ["ffprobe", "-v", "error", *what, "-of", "csv=p=0", f"file:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().rstrip(",")


def long(plan: Plan) -> None:
    """One MP3 of very many hours. Its samples are known by the count of its frames, which another program counts."""
    source = plan.encoded.endless_mp3(plan.hours)
    frames = int(_asked(source, "-count_packets", "-select_streams", "a:0", "-show_entries", "stream=nb_read_packets"))
    samples = frames * _MP3_FRAME
    title = f"One MP3 of {plan.hours:g} hours"
    cases = {OURS: ours((source,), Ours(kbps=72, coder="fast"))}
    outcomes = take_turns(cases, 1, plan.folder / "long", _weighing)
    rows(title, cost_rows(outcomes, OURS))
    rows(f"{title}: our phases, s", phase_rows(outcomes))
    made = outcomes[OURS]
    if made.there:
        error = (_duration(made.out) - samples / _RATE) * _RATE
        speed = samples / _RATE / made.median_wall
        row: dict[str, object] = {"case": OURS, "samples out - in": round(error), "times real time": speed}
        rows(f"{title}: length", [row])
    _tell_memory(f"{title}: memory", outcomes)


def memory(plan: Plan) -> None:
    """Of all processes of a conversion together, pages that several hold counted once; and of each by itself."""
    books = {
        "12 MP3, encoded": plan.encoded.mp3(),
        "12 M4A, copied": plan.copied.m4a(),
        f"{plan.parts} MP3, encoded": plan.encoded.parts(plan.parts),
        f"one M4A of {plan.megabytes} MB, copied": (plan.copied.big_m4a(plan.megabytes),),
        "one FLAC, encoded": (plan.encoded.one_flac(),),
    }
    cases = {name: ours(sources, Ours()) for name, sources in books.items()}
    _tell_memory("Memory at its highest", take_turns(cases, 1, plan.folder / "memory", _weighing))


def _weighing() -> Runner:
    return Runner(shared=True)


def _tell_memory(title: str, outcomes: dict[str, Outcome]) -> None:
    found: list[dict[str, object]] = []
    for name, outcome in outcomes.items():
        if outcome.there:
            largest = {f"one {program}": round(size) for program, size in sorted(outcome.largest.items())}
            found.append({"book": name, "all together": round(outcome.peak_mb), **largest})
        else:
            found.append({"book": f"{name}: {outcome.failure}"})
    rows(f"{title}, MB", found)
    bounds = [Bound(name, outcome.peak_mb, 150.0) for name, outcome in outcomes.items() if outcome.there]
    against_bounds(f"{title}: bounds", bounds, "MB")
