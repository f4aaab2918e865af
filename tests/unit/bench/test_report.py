"""The figures that benches tell must be worth believing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import report


def test_cases_take_turns_and_are_told_as_medians_against_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interleaved, or a machine that slows down would favour whoever ran first; the warm-up is not counted."""
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    taken: list[str] = []

    def case(name: str, *figures: float) -> report.Case:
        ahead = iter(figures)

        def run() -> float:
            taken.append(name)
            return next(ahead)

        return run

    cases = {"ours": case("ours", 99, 1, 2, 30), "theirs": case("theirs", 99, 4, 4, 5)}
    ours, theirs = report.compare("Join", cases, reference="theirs", unit="MB", repetitions=3)

    assert taken == ["ours", "theirs"] * 4
    assert (ours.figures, ours.median, ours.ratio) == ([1, 2, 30], 2, 0.5)
    assert theirs.ratio == 1
    assert "median (MB)" in capsys.readouterr().out
    assert (tmp_path / "results" / "join.json").is_file()


def test_a_case_without_a_figure_of_its_own_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most cases just do their work."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    (only,) = report.compare("Nothing", {"nothing": lambda: None}, reference="nothing", repetitions=1)
    assert 0 < only.median < 1


def test_figures_stand_beside_their_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    report.against_bounds("Memory when idle", [report.Bound("resident", 104.0, 130.0)], "MB")
    told = capsys.readouterr().out
    assert "measured (MB)" in told
    assert "0.80" in told, "the ratio of both"
    assert '"figure": 104.0' in (tmp_path / "memory-when-idle.json").read_text()
