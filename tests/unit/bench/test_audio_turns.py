"""Conversions take turns, and one that fails stops nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.audio.cost import CommandFailed, Cost, Runner
from bench.audio.peers import NotThere
from bench.audio.turns import Case, cost_rows, cpu_bound, phase_rows, take_turns, wall_bound


class _Turns:
    """Cases that write down when they run, and cost what they are told to."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def case(self, name: str, *seconds: float, at_most: int = 100) -> Case:
        ahead = iter(seconds)

        def work(runner: Runner, out: Path) -> None:
            self.taken.append(name)
            assert not out.exists(), "what the round before made is gone"
            out.write_text(name)
            took = next(ahead)
            runner.cost += Cost(took, 2 * took, 10 * took)

        return Case(work, at_most)


def test_cases_take_turns_and_a_slow_peer_fewer(tmp_path: Path) -> None:
    turns = _Turns()
    cases = {"ours": turns.case("ours", 1, 5, 2), "slow": turns.case("slow", 8, at_most=1)}
    outcomes = take_turns(cases, 3, tmp_path / "made")
    assert turns.taken == ["ours", "slow", "ours", "ours"]
    assert (outcomes["ours"].median_wall, outcomes["ours"].median_cpu, outcomes["ours"].peak_mb) == (2, 4, 50)
    assert outcomes["slow"].out.read_text() == "slow", "the last book stays"


def test_a_failure_is_a_row_and_no_bound(tmp_path: Path) -> None:
    def missing(runner: Runner, out: Path) -> None:
        raise NotThere("no package of that name")

    def broken(runner: Runner, out: Path) -> None:
        raise CommandFailed("ffmpeg ended with 1:\nno audio")

    cases = {"plain": _Turns().case("plain", 4, 4), "util": Case(missing), "tool": Case(broken)}
    outcomes = take_turns(cases, 2, tmp_path)
    rows = cost_rows(outcomes, "plain")
    assert [row["case"] for row in rows] == ["plain", "util: no package of that name", "tool: no audio"]
    assert rows[0]["wall ratio"] == 1
    assert wall_bound("tool", outcomes, "tool", "plain", 1) == []
    assert cpu_bound("plain", outcomes, "plain", "util", 1) == []


def test_our_own_figures_are_those_of_the_call(tmp_path: Path) -> None:
    """The process around it starts Python: no book waits for that."""
    told = iter([2.0, 4.0, 9.0])

    def work(runner: Runner, out: Path) -> dict[str, Any]:
        runner.cost += Cost(100, 100, 70)
        seconds = next(told)
        return {"seconds": seconds, "cpu": seconds / 2, "timing": {"probe": 1.0, "verify": seconds / 4}}

    outcomes = take_turns({"ours": Case(work), "plain": _Turns().case("plain", 8, 8, 8)}, 3, tmp_path)
    ours = outcomes["ours"]
    assert (ours.median_wall, ours.median_cpu, ours.peak_mb) == (4, 2, 70)
    assert ours.phase("probe", "verify") == 2
    assert ours.phase("encode") is None, "an engine that does not tell is not one that took no time"
    assert phase_rows(outcomes) == [{"case": "ours", "all": 4, "probe": 1, "verify": 1}]
    (bound,) = wall_bound("ours / plain", outcomes, "ours", "plain", 0.53)
    assert (bound.figure, bound.bound) == (0.5, 0.53)
