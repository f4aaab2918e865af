"""What every packet of AAC looks like at its two ends: told over thousands of packets at once, without decoding one.

A packet (a raw_data_block) is a row of elements. It begins with the element's kind in three bits, and it ends
with the kind END, three ones, and as many zeros as fill the last byte. Overwritten, cut or wrongly decrypted
data begins well by chance in half of the packets, and ends well in a quarter: never in all of a book.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auralarchive.audio.mp4.track import Numbers

Flags = npt.NDArray[np.bool_]

#: Kinds of element: single channel, channel pair, low frequency, data, program, fill.
_SCE, _CPE, _LFE, _DSE, _PCE, _FIL = 0, 1, 3, 4, 5, 6
#: Whether a packet may begin with each of the eight kinds. Coupling channels and an END at once nobody writes.
_STARTS = {
    1: np.isin(np.arange(8), (_SCE, _DSE, _PCE, _FIL)),
    2: np.isin(np.arange(8), (_CPE, _DSE, _PCE, _FIL)),
}
_MORE_CHANNELS = np.isin(np.arange(8), (_SCE, _CPE, _LFE, _DSE, _PCE, _FIL))
#: Whether the last ten bits of a packet are END and at most seven zeros.
_ENDS = np.array(
    [any(bits >> zeros & 7 == 7 and not bits & (1 << zeros) - 1 for zeros in range(8)) for bits in range(1024)]
)
#: Scale factor bands of the longest window at the lowest rate.
_MOST_BANDS = 51


def begins_well(data: bytes, sizes: Numbers, channels: int) -> Flags:
    """For each of the packets that lie in `data` one after another: whether it begins as AAC of so many channels."""
    raw, starts = np.frombuffer(data, np.uint8), np.cumsum(sizes) - sizes
    allowed = _STARTS.get(channels, _MORE_CHANNELS)
    good = np.zeros(len(sizes), np.bool_)
    some = sizes > 0
    good[some] = allowed[raw[starts[some]] >> 5]
    return good


def begins_with_sound(data: bytes, sizes: Numbers) -> Flags:
    """Whether the first element of each packet, or the one behind a fill or data element, is a channel or a pair."""
    raw, starts = np.frombuffer(data, np.uint8), np.cumsum(sizes) - sizes
    good = np.zeros(len(sizes), np.bool_)
    some = np.flatnonzero(sizes >= 3)
    head = raw[starts[some][:, None] + np.arange(3)].astype(np.int64)
    bits = head[:, 0] << 16 | head[:, 1] << 8 | head[:, 2]
    kind = bits >> 21
    at = np.select([kind == _FIL, kind == _DSE], [_behind_fill(bits), _behind_data(bits)], 0)
    inside = at // 8 + 1 < sizes[some]
    some, at = some[inside], at[inside]
    byte = starts[some] + at // 8
    pair = raw[byte].astype(np.int64) << 8 | raw[byte + 1]
    good[some] = np.isin(pair >> (13 - at % 8) & 7, (_SCE, _CPE))
    return good


def _behind_fill(bits: Numbers) -> Numbers:
    """The bit behind a fill element, out of its first 24: four bits count its bytes, or eight more do."""
    count, more = bits >> 17 & 15, bits >> 9 & 255
    return np.where(count == 15, 15 + 8 * (14 + more), 7 + 8 * count)


def _behind_data(bits: Numbers) -> Numbers:
    """The bit behind a data element of less than 255 bytes."""
    return 16 + 8 * (bits >> 8 & 255)


def ends_well(data: bytes, sizes: Numbers) -> Flags:
    """For each of the packets that lie in `data` one after another: whether it ends as AAC must.

    No packet of FFmpeg's encoder (5.1 and 9) or VisualOn's fails, silence and fill elements included. One fails
    without being damaged where something stuffed zero bytes behind its END, which decoders pass over:
    where whole files of others are judged, some such packets in a row of good ones are no reason to refuse.
    """
    raw, ends = np.frombuffer(data, np.uint8), np.cumsum(sizes)
    good = np.zeros(len(sizes), np.bool_)
    some = sizes > 1
    last = ends[some]
    good[some] = _ENDS[(raw[last - 2].astype(np.int64) << 8 | raw[last - 1]) & 1023]
    return good


def plausible_headers(data: bytes, sizes: Numbers) -> Flags:
    """Whether the fields behind the first three bits can be right, for packets that begin with a channel.

    A right key with a wrong IV changes the same bits of each packet's first sixteen bytes: the kind alone
    may survive that. Bits that AAC reserves, and numbers that are too high, do not.
    """
    raw, starts = np.frombuffer(data, np.uint8), np.cumsum(sizes) - sizes
    good = np.ones(len(sizes), np.bool_)
    some = np.flatnonzero(sizes >= 4)
    head = raw[starts[some][:, None] + np.arange(4)].astype(np.int64)
    bits = head[:, 0] << 24 | head[:, 1] << 16 | head[:, 2] << 8 | head[:, 3]
    kind, shared = bits >> 29, bits >> 24 & 1
    # A pair of channels that share their window says so, and the window's fields follow at once; else behind a gain.
    window_at = np.select([kind == _SCE, kind == _CPE], [15, np.where(shared == 1, 8, 16)], -1)
    looked = window_at >= 0
    fields = bits[looked] >> (32 - 11 - window_at[looked]) & 0x7FF
    reserved, short, bands, predicted = fields >> 10, fields >> 8 & 3 == 2, fields >> 1 & 63, fields & 1
    long_is_good = (bands <= _MOST_BANDS) & (predicted == 0)
    good[some[looked]] = (reserved == 0) & (short | long_is_good)
    return good


def gapless_note(priming: int, padding: int, samples: int) -> str:
    """The text of iTunes' own note, `iTunSMPB`: how many samples before and behind the `samples` are no sound."""
    return f" 00000000 {priming:08X} {padding:08X} {samples:016X}" + " 00000000" * 8
