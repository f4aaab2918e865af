"""Good packets are told from bad ones at their two ends."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.mp4.track import Numbers
from auralarchive.audio.packets import begins_well, begins_with_sound, ends_well, gapless_note, plausible_headers
from auralarchive.audio.probe import probe
from auralarchive.audio.sources import find_sources
from tests.support.audio import encode, voice


def _packets(path: Path) -> tuple[bytes, Numbers]:
    (source,) = find_sources((path,), max_files=1).audio
    aac = probe(source).aac
    assert aac is not None
    with source.open() as fd:
        return read_packets(fd, aac.packets), aac.packets.sizes


def _sound(tmp_path: Path, channels: int = 1, *extra: str, bitrate: int = 64) -> tuple[bytes, Numbers]:
    """Of more than 256 packets, for FFmpeg writes its name into every 256th; and with silence inside."""
    samples = voice(1, 8.0, 44100, channels)
    samples[100_000:200_000] = 0
    return _packets(encode(tmp_path / "a.m4a", samples, "m4a", bitrate=bitrate, extra=extra))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("coder", ["twoloop", "fast"])
@pytest.mark.parametrize("bitrate", [24, 64, 160])
def test_every_packet_of_an_encoder_is_good(tmp_path: Path, channels: int, coder: str, bitrate: int) -> None:
    data, sizes = _sound(tmp_path, channels, "-aac_coder", coder, bitrate=bitrate)
    assert begins_well(data, sizes, channels).all()
    assert plausible_headers(data, sizes).all()
    assert ends_well(data, sizes).all()
    assert begins_with_sound(data, sizes).all()


@pytest.mark.parametrize("channels", [1, 2])
def test_noise_is_told(tmp_path: Path, channels: int) -> None:
    """As often as chance has it: one packet proves nothing, a hundred do."""
    data, sizes = _sound(tmp_path, channels)
    noise = np.random.default_rng(7).bytes(len(data))
    starts, ends = begins_well(noise, sizes, channels), ends_well(noise, sizes)
    assert starts.mean() < 0.65
    assert ends.mean() < 0.35
    assert (starts & ends & plausible_headers(noise, sizes)).mean() < 0.2


def test_a_hole_is_told_where_it_is(tmp_path: Path) -> None:
    data, sizes = _sound(tmp_path)
    starts = np.cumsum(sizes) - sizes
    hole = bytearray(data)
    hole[starts[100] : starts[120]] = bytes(int(starts[120] - starts[100]))
    wrong = np.flatnonzero(~ends_well(bytes(hole), sizes))
    assert wrong.tolist() == list(range(100, 120))


def test_packets_that_lie_a_byte_off_are_told(tmp_path: Path) -> None:
    data, sizes = _sound(tmp_path)
    assert ends_well(data[1:] + data[:1], sizes).mean() < 0.35
    assert ends_well(data[-1:] + data[:-1], sizes).mean() < 0.35


def test_the_number_of_channels_is_looked_at(tmp_path: Path) -> None:
    data, sizes = _sound(tmp_path)
    assert begins_well(data, sizes, 2).sum() == 2  # those that begin with a name
    assert begins_well(data, sizes, 6).all()  # may begin with either


@pytest.mark.parametrize("last", range(8))
def test_end_and_zeros(last: int) -> None:
    """END may stand anywhere in the last bytes; another bit behind it, or zeros beyond the byte, may not."""
    end = (0b111 << last).to_bytes(2, "big")
    sizes = np.array([4], np.int64)
    assert ends_well(b"\0\0" + end, sizes).all()
    assert not ends_well(b"\0" + end + b"\0", sizes).any()
    assert not ends_well(b"\0\0" + (0b101 << last).to_bytes(2, "big"), sizes).any()


@pytest.mark.parametrize("count", [0, 1, 14, 15, 40, 200])
@pytest.mark.parametrize("kind", ["fill", "data"])
@pytest.mark.parametrize(("element", "sound"), [(0, True), (1, True), (4, False), (7, False)])
def test_sound_behind_fill_or_data(count: int, kind: str, element: int, sound: bool) -> None:
    """One that is too long for its packet hides nothing that can be looked at."""
    if kind == "data":
        bits = f"1000000{0}{count:08b}"
    else:
        bits = f"110{count:04b}" if count < 15 else f"1101111{count - 14:08b}"
    bits += "01010101" * count + f"{element:03b}" + "0" * 40
    packet = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    assert begins_with_sound(packet, np.array([len(packet)], np.int64)).all() == sound
    if count >= 14:
        assert not begins_with_sound(packet[:10], np.array([10], np.int64)).any()


def test_empty_and_tiny_packets_are_not_good() -> None:
    sizes = np.array([0, 1, 0], np.int64)
    assert not begins_well(b"\x07", sizes, 1)[[0, 2]].any()
    assert not begins_with_sound(b"\x07", sizes)[[0, 2]].any()
    assert not ends_well(b"\x07", sizes).any()
    assert plausible_headers(b"\x07", sizes).all()  # they have none
    assert not len(ends_well(b"", np.array([], np.int64)))


def test_a_book_is_looked_at_in_a_moment(tmp_path: Path) -> None:
    """Half an hour's packets; measured at 10 ms."""
    data, sizes = _sound(tmp_path)
    data, sizes = data * 230, np.tile(sizes, 230)
    began = time.process_time()
    assert (begins_well(data, sizes, 1) & ends_well(data, sizes)).all()
    assert time.process_time() - began < 0.3


def test_itunes_note() -> None:
    """The text as iTunes writes it, for its 2112 samples of priming."""
    text = gapless_note(2112, 468, 0x2AA5CC)
    assert text == " 00000000 00000840 000001D4 00000000002AA5CC" + " 00000000" * 8
