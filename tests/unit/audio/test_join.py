"""Each packet comes from exactly one unit, handed over where both agree."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from auralarchive.audio.grid import Unit
from auralarchive.audio.join import Joined, join
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.unitencoder import Made


def _packet(shape: int, mark: int) -> bytes:
    """A single channel's packet with this window sequence and shape (three bits), told apart by `mark`."""
    bits = shape << (64 - 19) | mark
    return bits.to_bytes(8, "big")


def _made(path: Path, first: int, start: int, packets: list[bytes]) -> Made:
    path.write_bytes(b"".join(packets))
    sizes = np.full(len(packets), 8, np.int64)
    return Made(Unit(first, start, 0, 0), path, Packets(np.cumsum(sizes) - sizes, sizes), path)


def _copied(tmp_path: Path, joined: Joined) -> bytes:
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    joined.copy(fd, lambda count: None)
    os.close(fd)
    return (tmp_path / "out").read_bytes()


def test_the_joint_moves_to_where_both_agree(tmp_path: Path) -> None:
    """At 10 the windows differ; one packet later both have chosen the same twice in a row."""
    before = _made(tmp_path / "a", 0, 0, [_packet(0, number) for number in range(18)])
    after = _made(tmp_path / "b", 4, 10, [_packet(1 if number == 9 else 0, 100 + number) for number in range(4, 30)])
    joined = join([before, after])
    data = _copied(tmp_path, joined)
    marks = [int.from_bytes(data[at : at + 8], "big") & 0xFF for at in range(0, len(data), 8)]
    assert joined.joints == (11,)
    assert marks == [*range(11), *range(111, 130)]
    assert (len(joined.sizes), joined.disagreeing) == (30, 0)


def test_no_agreement_is_counted_and_loses_nothing(tmp_path: Path) -> None:
    before = _made(tmp_path / "a", 0, 0, [_packet(0, 1)] * 18)
    after = _made(tmp_path / "b", 2, 10, [_packet(7, 2)] * 20)
    joined = join([before, after])
    assert len(joined.sizes) == 22
    assert (joined.joints, joined.disagreeing) == ((10,), 1)


def test_a_single_unit_is_the_book(tmp_path: Path) -> None:
    only = _made(tmp_path / "a", 0, 0, [_packet(0, 1)] * 3)
    assert _copied(tmp_path, join([only])) == _packet(0, 1) * 3
