"""Units share a book's frames without a gap, and ask each source for just what they need."""

from __future__ import annotations

from itertools import pairwise

import pytest

from auralarchive.audio.grid import ALIGNED, FRAME, RUN_IN, RUN_OUT, Piece, Unit, own_frames, pieces, unit_at, units


@pytest.mark.parametrize("samples", [1, 1024, 1025, 10_000_000, 26_460_000, 26_460_001])
def test_every_frame_is_owned_once_and_every_sample_encoded(samples: int) -> None:
    cut = units(samples, 2600)
    assert cut[0].start == 0
    assert cut[-1].end == -(-samples // FRAME)
    assert cut[-1].stop == samples
    for before, after in pairwise(cut):
        assert before.end == after.start
        assert after.first == after.start - RUN_IN
        assert before.stop == (before.end + RUN_OUT) * FRAME
    assert all(unit.first % ALIGNED == 0 and unit.begin < unit.stop for unit in cut)


def test_a_unit_s_packets_are_its_begun_frames_and_the_encoder_s_delay() -> None:
    assert [unit_at(0, 1, samples).packets for samples in (1, 1023, 1024)] == [2, 2, 2]
    assert unit_at(0, 2, 1025).packets == 3


def test_units_follow_from_the_book_alone() -> None:
    hour = 3600
    assert own_frames(20 * hour, 44100) * FRAME / 44100 == pytest.approx(900, abs=1)
    assert own_frames(2 * hour, 44100) * FRAME / 44100 == pytest.approx(600, abs=1)
    assert own_frames(60, 44100) * FRAME / 44100 == pytest.approx(60, abs=1)
    assert own_frames(3 * hour, 44100) % ALIGNED == 0


def test_a_source_is_asked_to_its_end_only_where_the_unit_goes_on() -> None:
    unit = Unit(first=1, start=1, end=3, stop=3 * FRAME)
    assert pieces(unit, [2000, 500, 5000]) == [Piece(0, 1024, None), Piece(1, 0, None), Piece(2, 0, 572)]
    assert pieces(unit, [1024, 2048]) == [Piece(1, 0, None)]
