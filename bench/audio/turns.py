"""Conversions that take turns, and what each cost; one that fails is a row of the table and no end of the bench."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.audio.cost import CommandFailed, Runner
from bench.audio.ours import Ours
from bench.audio.peers import NotThere
from bench.report import Bound

#: Makes one book at the path that it is given. What it returns is what our engine told of itself.
Work = Callable[[Runner, Path], "dict[str, Any] | None"]


@dataclass(frozen=True, slots=True)
class Case:
    """A way to make a book. `at_most` bounds the rounds of one that is slow and no reference."""

    work: Work
    at_most: int = 100


@dataclass(slots=True)
class Outcome:
    """All rounds of one case: seconds of wall and CPU, MB in all and by program, what was told, and why it failed.

    `out` is what was made last; of what is kept as it is, nothing.
    """

    out: Path
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    largest: dict[str, float] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""

    @property
    def there(self) -> bool:
        return bool(self.wall) and not self.failure

    @property
    def median_wall(self) -> float:
        return statistics.median(self.wall)

    @property
    def median_cpu(self) -> float:
        return statistics.median(self.cpu)

    def phase(self, *names: str) -> float | None:
        """The median of what our engine says these phases took together; None where it tells of none of them."""
        timings: list[dict[str, float]] = [told.get("timing", {}) for told in self.told]
        if not any(name in timing for timing in timings for name in names):
            return None
        return statistics.median(sum(timing.get(name, 0.0) for name in names) for timing in timings)


def take_turns(
    cases: Mapping[str, Case], rounds: int, folder: Path, make_runner: Callable[[], Runner] = Runner
) -> dict[str, Outcome]:
    """Run all cases in turns (a, b, c, a, b, c, …). The last book that each made stays in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = {name: Outcome(folder / f"{number}.m4b") for number, name in enumerate(cases)}
    for turn in range(rounds):
        for name, case in cases.items():
            if turn < case.at_most and not outcomes[name].failure:
                _one(case, outcomes[name], make_runner())
    return outcomes


def _one(case: Case, outcome: Outcome, runner: Runner) -> None:
    _clear(outcome.out)
    # What the one before wrote is on the disk, or this one would wait for it.
    os.sync()
    try:
        told = case.work(runner, outcome.out)
    except (CommandFailed, NotThere, OSError, subprocess.CalledProcessError) as error:
        outcome.failure = failed(error)
        return
    outcome.wall.append(told["seconds"] if told else runner.cost.wall)
    outcome.cpu.append(told["cpu"] if told else runner.cost.cpu)
    for program, size in runner.largest.items():
        outcome.largest[program] = max(outcome.largest.get(program, 0.0), size)
    outcome.peak_mb = max(outcome.peak_mb, runner.cost.peak_mb)
    outcome.told += [told] if told else []


def failed(error: Exception) -> str:
    """The end of what was said, on one line."""
    lines = str(error).strip().splitlines()
    return lines[-1][-160:] if lines else type(error).__name__


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def ours(sources: tuple[Path, ...], asked: Ours, at_most: int = 100) -> Case:
    """Our engine on `sources`; timed is the call of it alone, as the application makes it."""

    def work(runner: Runner, out: Path) -> dict[str, Any]:
        scratch = out.with_name(f"{out.name}.work")
        _clear(scratch)
        told = asked.convert(runner, sources, scratch)
        if told["mode"] != "keep":
            Path(told["path"]).rename(out)
        _clear(scratch)
        return told

    return Case(work, at_most)


def peer(make: Callable[..., None], sources: tuple[Path, ...], at_most: int = 100, **options: Any) -> Case:
    """One of the functions of `peers`."""

    def work(runner: Runner, out: Path) -> None:
        make(runner, sources, out, **options)

    return Case(work, at_most)


def cost_rows(outcomes: Mapping[str, Outcome], reference: str) -> list[dict[str, object]]:
    """A row a case: medians, and ratios to the reference's. Of a failed one, why."""
    base = outcomes[reference]
    return [_cost_row(name, outcome, base) for name, outcome in outcomes.items()]


def _cost_row(name: str, outcome: Outcome, base: Outcome) -> dict[str, object]:
    if not outcome.there:
        return {"case": f"{name}: {outcome.failure or 'not run'}"}
    row: dict[str, object] = {
        "case": name,
        "rounds": len(outcome.wall),
        "wall s": outcome.median_wall,
        "lowest": min(outcome.wall),
        "highest": max(outcome.wall),
        "CPU s": outcome.median_cpu,
        "MB": round(outcome.peak_mb),
    }
    if base.there:
        row["wall ratio"] = outcome.median_wall / base.median_wall
        row["CPU ratio"] = outcome.median_cpu / base.median_cpu
    return row


def phase_rows(outcomes: Mapping[str, Outcome]) -> list[dict[str, object]]:
    """A row for each of our cases: the medians of its phases."""
    rows: list[dict[str, object]] = []
    for name, outcome in outcomes.items():
        phases = dict.fromkeys(phase for told in outcome.told for phase in told.get("timing", {}))
        if outcome.there and phases:
            rows.append({"case": name, "all": outcome.median_wall, **{each: outcome.phase(each) for each in phases}})
    return rows


def wall_bound(title: str, outcomes: Mapping[str, Outcome], ours: str, other: str, bound: float) -> list[Bound]:
    """How many times the other's wall clock ours took, beside its bound; nothing where one of them failed."""
    first, second = outcomes[ours], outcomes[other]
    if not (first.there and second.there):
        return []
    return [Bound(title, first.median_wall / second.median_wall, bound)]


def cpu_bound(title: str, outcomes: Mapping[str, Outcome], ours: str, other: str, bound: float) -> list[Bound]:
    """The same of CPU."""
    first, second = outcomes[ours], outcomes[other]
    if not (first.there and second.there):
        return []
    return [Bound(title, first.median_cpu / second.median_cpu, bound)]
