"""How a packet begins is read from its bits, whatever stands before its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio import adts
from auralarchive.audio.aacbits import Element, Windows, WindowSequence, windows_of
from tests.support.audio import encode, voice

LONG, SHORT = WindowSequence.LONG, WindowSequence.SHORT


def _packet(*fields: tuple[int, int]) -> bytes:
    """The bits of all fields (value, count) in a row, and some more bytes."""
    text = "".join(format(value, f"0{count}b") for value, count in fields)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big") + bytes(4)


SINGLE = ((0, 3), (3, 4), (200, 8), (0, 1), (2, 2), (1, 1))
PAIR = ((1, 3), (0, 4), (1, 1), (0, 1), (0, 2), (0, 1))
FILL = ((6, 3), (2, 4), (0xFFFF, 16))
LONG_FILL = ((6, 3), (15, 4), (6, 8), (2**160 - 1, 160))
DATA = ((4, 3), (0, 4), (0, 1), (1, 8), (0xFF, 8))


def test_both_kinds_of_sound_are_read() -> None:
    assert windows_of(_packet(*SINGLE)) == Windows(Element.SINGLE, 3, SHORT, 1)
    assert windows_of(_packet(*PAIR)) == Windows(Element.PAIR, 0, LONG, 0)


def test_a_pair_with_windows_of_its_own_each_is_not_understood() -> None:
    assert windows_of(_packet((1, 3), (0, 4), (0, 1), (7, 8), (0, 4))) is None


@pytest.mark.parametrize("before", [FILL, LONG_FILL, DATA, FILL + DATA + LONG_FILL])
def test_comments_before_the_sound_are_skipped(before: tuple[tuple[int, int], ...]) -> None:
    assert windows_of(_packet(*before, *SINGLE)) == Windows(Element.SINGLE, 3, SHORT, 1)


@pytest.mark.parametrize("count", [1, 300])
def test_aligned_data_ends_where_it_says(count: int) -> None:
    """The content begins at a whole byte; from 255 bytes on, a second count is added."""
    counts = ((count, 8),) if count < 255 else ((255, 8), (count - 255, 8))
    padding = -(3 + 4 + 1 + sum(bits for _, bits in counts)) % 8
    before = ((4, 3), (0, 4), (1, 1), *counts, *(((0, padding),) if padding else ()), (0, 8 * count))
    assert windows_of(_packet(*before, *SINGLE)) == Windows(Element.SINGLE, 3, SHORT, 1)


@pytest.mark.parametrize(
    ("sequence", "begins", "ends"),
    [("LONG", False, False), ("START", False, True), ("SHORT", True, True), ("STOP", True, False)],
)
def test_which_halves_are_short(sequence: str, begins: bool, ends: bool) -> None:
    windows = Windows(Element.SINGLE, 0, WindowSequence[sequence], 1)
    assert (windows.begins_short, windows.ends_short) == (begins, ends)


def test_what_is_cut_or_foreign_is_none() -> None:
    whole = _packet(*LONG_FILL, *SINGLE)
    assert windows_of(b"") is None
    assert windows_of(whole[:10]) is None
    assert windows_of(b"\xe0\0\0\0") is None  # the end comes first
    assert windows_of(b"\x40\0\0\0") is None  # a coupling channel
    random = np.random.default_rng(7)
    for length in range(400):
        windows_of(random.bytes(length))  # must not raise


@pytest.mark.parametrize("channels", [1, 2])
def test_all_sequences_and_the_first_packet_of_an_encoder_are_read(tmp_path: Path, channels: int) -> None:
    """FFmpeg's first packet begins with a comment, and early ones go through all four sequences."""
    sound = voice(1, 3.0, 44100, channels)
    packets = adts.split(encode(tmp_path / "a.aac", sound, "aac", bitrate=64 * channels).read_bytes())
    assert windows_of(packets[0]) is not None
    seen = {windows.sequence for packet in packets[1:] if (windows := windows_of(packet))}
    assert {LONG, SHORT, WindowSequence.STOP} <= seen
