"""Each packet comes from exactly one segment, handed over where both agree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.join import Joiner, Segment, from_adts, window_of


def _packet(shape: int, mark: int) -> bytes:
    """A single channel's packet with this window sequence and shape (three bits), told apart by `mark`."""
    bits = shape << (64 - 19) | mark
    return bits.to_bytes(8, "big")


def test_windows_are_read_from_the_first_bits() -> None:
    assert window_of(_packet(5, 1)) == (0, 5)
    assert window_of((1 << 61 | 1 << 56 | 3 << 52).to_bytes(8, "big")) == (1, 1, 3)
    assert window_of(b"\xc0") is None


def test_the_joint_moves_to_where_both_agree(tmp_path: Path) -> None:
    """At 10 the windows differ; one packet later both have chosen the same twice in a row."""
    before = Segment(0, 0, [_packet(0, number) for number in range(18)])
    after = Segment(4, 10, [_packet(1 if number == 9 else 0, 100 + number) for number in range(4, 30)])
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    joiner = Joiner(fd)
    joiner.add(before)
    joiner.add(after)
    sizes = joiner.finish()
    os.close(fd)
    data = (tmp_path / "out").read_bytes()
    marks = [int.from_bytes(data[at : at + 8], "big") & 0xFF for at in range(0, len(data), 8)]
    assert joiner.joints == [11]
    assert marks == [*range(11), *range(111, 130)]
    assert (len(sizes), joiner.disagreeing) == (30, 0)


def test_no_agreement_is_counted_and_loses_nothing(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    joiner = Joiner(fd)
    joiner.add(Segment(0, 0, [_packet(0, 1)] * 18))
    joiner.add(Segment(2, 10, [_packet(7, 2)] * 20))
    assert len(joiner.finish()) == 22
    os.close(fd)
    assert (joiner.joints, joiner.disagreeing) == ([10], 1)


def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="no AAC"):
        from_adts(b"not a stream at all")
    assert from_adts(b"") == []
