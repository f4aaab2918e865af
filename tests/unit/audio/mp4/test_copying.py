"""Packets arrive byte for byte, however they lie in their source."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.mp4.copying import batches, copy, read_packets
from auralarchive.audio.mp4.track import Packets


@pytest.fixture
def source(tmp_path: Path) -> int:
    path = tmp_path / "source"
    path.write_bytes(np.random.default_rng(1).bytes(3_000_000))
    return os.open(path, os.O_RDONLY)


def _layouts() -> dict[str, Packets]:
    sizes = np.random.default_rng(2).integers(1, 400, 5000).astype(np.int64)
    return {
        "in a row": Packets(np.cumsum(sizes) - sizes, sizes),
        "with headers between": Packets(np.cumsum(sizes + 7) - sizes, sizes),
        "backwards": Packets((np.cumsum(sizes) - sizes)[::-1].copy(), sizes[::-1].copy()),
    }


@pytest.mark.parametrize("layout", _layouts())
def test_copied_bytes_are_the_packets(tmp_path: Path, source: int, layout: str) -> None:
    packets = _layouts()[layout]
    data = os.pread(source, 3_000_000, 0)
    pairs = zip(packets.offsets.tolist(), packets.sizes.tolist(), strict=True)
    expected = b"".join(data[offset : offset + size] for offset, size in pairs)
    heard: list[int] = []
    target = os.open(tmp_path / "target", os.O_RDWR | os.O_CREAT)
    copy(source, packets, target, heard.append)
    assert (tmp_path / "target").read_bytes() == expected
    assert sum(heard) == len(expected)
    assert b"".join(read_packets(source, group) for group in batches(packets, 100_000)) == expected
    os.close(target)
    os.close(source)


def test_a_source_that_became_shorter_is_noticed(tmp_path: Path, source: int) -> None:
    beyond = Packets(np.array([2_999_000], np.int64), np.array([20_000], np.int64))
    target = os.open(tmp_path / "target", os.O_RDWR | os.O_CREAT)
    with pytest.raises(EOFError):
        copy(source, beyond, target, lambda count: None)
    with pytest.raises(EOFError):
        read_packets(source, beyond)
    os.close(target)
    os.close(source)
