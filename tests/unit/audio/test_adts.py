"""Raw AAC of ours is what others read back as the same packets."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio import adts
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mpeg import walk
from tests.support.audio import decode, encode, voice


@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (22050, 2)])
def test_the_stream_holds_the_packets_behind_headers(tmp_path: Path, rate: int, channels: int) -> None:
    path = encode(tmp_path / "x.m4a", voice(1, 2.0, rate, channels), "m4a", rate=rate)
    fd = os.open(path, os.O_RDONLY)
    packets = read(fd).audio[0].packets
    data = read_packets(fd, packets)
    os.close(fd)
    raw = tmp_path / "x.aac"
    raw.write_bytes(adts.stream(data, packets.sizes, rate, channels))
    fd = os.open(raw, os.O_RDONLY)
    found = walk(fd)
    assert found is not None
    assert (found.holes, found.cut_bytes, found.first.rate, found.first.channels) == ((), 0, rate, channels)
    assert np.array_equal(found.packets.sizes, packets.sizes)
    assert read_packets(fd, found.packets) == data == b"".join(adts.split(raw.read_bytes()))
    os.close(fd)
    assert len(decode(raw)) == 1024 * len(packets)


def test_of_nothing_comes_nothing() -> None:
    assert adts.stream(b"", np.zeros(0, np.int64), 44100, 1) == b""


def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="no raw AAC"):
        adts.split(b"not a stream at all")
    assert adts.split(b"") == []
