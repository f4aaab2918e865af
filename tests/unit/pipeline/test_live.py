"""Figures in memory: replaced, merged with a stage's own progress, and let go of."""

from __future__ import annotations

from auralarchive.pipeline.live import Live, LiveBoard


def test_a_stage_changes_the_progress_and_keeps_the_torrents_figures() -> None:
    board = LiveBoard()
    board.put({1: Live(progress=100.0, speed_bps=5, eta_seconds=3, seeding_ratio=0.5)})
    board.progress(1, 0.25)
    assert board.get(1) == Live(progress=25.0, seeding_ratio=0.5)


def test_a_download_without_figures_has_none() -> None:
    board = LiveBoard()
    assert board.get(1) is None
    board.progress(2, 0.5)
    assert board.all() == {2: Live(progress=50.0)}
    board.forget(2)
    board.forget(2)
    assert board.all() == {}


def test_what_is_handed_out_is_a_copy() -> None:
    board = LiveBoard()
    board.put({1: Live()})
    board.all()
    handed = dict(board.all())
    board.forget(1)
    assert 1 in handed
