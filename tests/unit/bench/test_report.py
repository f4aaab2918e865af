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


def test_a_bound_of_nothing_has_no_ratio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Samples that may not be lost at all are held to 0."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    report.against_bounds("Samples", [report.Bound("lost", 3.0, 0.0)], "samples")
    assert "-" in capsys.readouterr().out.splitlines()[-2]


def test_rows_may_lack_what_others_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A peer that failed is a row with its reason; brackets in it are no markup."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    report.rows("Peers", [{"case": "ours", "wall s": 1.23456}, {"case": "theirs: [aac] not there"}])
    told = capsys.readouterr().out
    assert "1.235" in told
    assert "theirs: [aac] not there" in told
    assert '"wall s": 1.23456' in (tmp_path / "peers.json").read_text()
