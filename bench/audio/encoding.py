"""What encoding costs: beside one plain FFmpeg, with the same settings and with the engine's own, and the peers."""

from __future__ import annotations

from pathlib import Path

from bench.audio import peers
from bench.audio.books import RATE, Books
from bench.audio.faithful import tell_fidelity
from bench.audio.ours import Ours
from bench.audio.peers import NotThere
from bench.audio.plan import Plan
from bench.audio.quality import score
from bench.audio.turns import Outcome, cost_rows, cpu_bound, failed, ours, peer, phase_rows, take_turns, wall_bound
from bench.report import Bound, against_bounds, rows

PLAIN, SAME, CHOICE = "plain ffmpeg, twoloop 64k", "ours, the same settings", "ours, own choice"
TOOL, UTIL, SHELF = "m4b-tool, all cores (its commands)", "m4b-util", "Audiobookshelf (its commands)"
_SAME_SETTINGS = Ours(kbps=64, coder="twoloop")


def encode(plan: Plan) -> None:
    """12 MP3; then one file of each kind."""
    books = plan.encoded
    mp3 = books.mp3()
    _measure_coder_once(mp3, plan)
    outcomes = _twelve(mp3, plan)
    tell_fidelity("12 MP3 into one M4B: how faithful", outcomes, mp3, single=outcomes[PLAIN])
    _tell_quality(outcomes, mp3, plan)
    for title, source, rounds in _ones(books, plan):
        _one(title, source, rounds, plan)


def _measure_coder_once(sources: tuple[Path, ...], plan: Plan) -> None:
    """What an engine finds out once for every machine is found out before."""
    take_turns({CHOICE: ours(sources[:1], Ours())}, 1, plan.folder / "warm")


def _twelve(sources: tuple[Path, ...], plan: Plan) -> dict[str, Outcome]:
    cases = {
        PLAIN: peer(peers.plain, sources),
        SAME: ours(sources, _SAME_SETTINGS),
        CHOICE: ours(sources, Ours()),
        TOOL: peer(peers.m4b_tool, sources, plan.few),
        UTIL: peer(peers.m4b_util, sources, plan.few),
        SHELF: peer(peers.audiobookshelf, sources, plan.few),
    }
    outcomes = take_turns(cases, plan.rounds, plan.folder / "encode")
    rows("12 MP3 into one M4B", cost_rows(outcomes, PLAIN))
    rows("12 MP3 into one M4B: our phases, s", phase_rows(outcomes))
    against_bounds("12 MP3 into one M4B: bounds", _bounds(outcomes), "ratio")
    return outcomes


def _bounds(outcomes: dict[str, Outcome]) -> list[Bound]:
    found = wall_bound("same settings, wall / plain", outcomes, SAME, PLAIN, 0.53)
    found += cpu_bound("same settings, CPU / plain", outcomes, SAME, PLAIN, 1.05)
    found += wall_bound("own choice, wall / plain", outcomes, CHOICE, PLAIN, 0.35)
    for name in (TOOL, UTIL, SHELF):
        if name in outcomes:
            found += wall_bound(f"own choice, wall / {name}", outcomes, CHOICE, name, 1.0)
    proved, encoded = outcomes[SAME].phase("verify"), outcomes[SAME].phase("encode")
    if proved is not None and encoded:
        found.append(Bound("proof / encode", proved / encoded, 0.1))
    return found


def _ones(books: Books, plan: Plan) -> list[tuple[str, Path, int]]:
    """FFmpeg writes no chapters into a FLAC."""
    return [
        ("One long MP3", books.one_mp3(), plan.rounds),
        ("One FLAC", books.one_flac(), plan.few),
        ("One Opus", books.one_opus(), plan.few),
    ]


def _one(title: str, source: Path, rounds: int, plan: Plan) -> None:
    sources = (source,)
    _measure_coder_once(sources, plan)
    cases = {
        PLAIN: peer(peers.plain, sources),
        SAME: ours(sources, _SAME_SETTINGS),
        CHOICE: ours(sources, Ours()),
    }
    outcomes = take_turns(cases, rounds, plan.folder / "one")
    rows(title, cost_rows(outcomes, PLAIN))
    against_bounds(f"{title}: bounds", _bounds(outcomes), "ratio")
    tell_fidelity(f"{title}: how faithful", outcomes, sources, starts=_starts(source, plan), single=outcomes[PLAIN])


def _starts(source: Path, plan: Plan) -> list[float]:
    """Seconds at which the chapters inside begin."""
    return [0.0] if source.suffix == ".flac" else [sample / RATE for sample in plan.encoded.starts()[:-1]]


def _tell_quality(outcomes: dict[str, Outcome], sources: tuple[Path, ...], plan: Plan) -> None:
    told = [_quality(name, outcome, sources, plan) for name, outcome in outcomes.items() if outcome.there]
    rows("12 MP3 into one M4B: quality against the decoded MP3", told)


def _quality(name: str, outcome: Outcome, sources: tuple[Path, ...], plan: Plan) -> dict[str, object]:
    """Without PESQ where that could not be built."""
    row: dict[str, object] = {"case": name, "kbit/s": _kbps(outcome.out, plan)}
    try:
        found = score(outcome.out, sources, pesq=True, folder=plan.folder)
    except NotThere as error:
        found = score(outcome.out, sources, pesq=False, folder=plan.folder)
        row["note"] = failed(error)
    better = {"PESQ (higher)": found.pesq, "spectral distance dB (lower)": found.distance_db}
    return {**row, **better, "segmental SNR dB (higher)": found.segmental_db}


def _kbps(out: Path, plan: Plan) -> float:
    return out.stat().st_size * 8 / 1000 / (sum(plan.encoded.lengths()) / RATE)
