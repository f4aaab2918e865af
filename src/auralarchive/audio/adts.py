"""Raw AAC: packets with a header each, so that a decoder can begin at any of them."""

from __future__ import annotations

import numpy as np

from auralarchive.audio.mp4.config import RATES
from auralarchive.audio.mp4.track import Numbers

HEADER = 7


def stream(packets: bytes, sizes: Numbers, rate: int, channels: int) -> bytes:
    """The packets, which lie one behind the other in `packets`, as a raw stream of AAC-LC."""
    lengths = sizes + HEADER
    starts = np.cumsum(lengths) - lengths
    out = np.empty(int(lengths.sum()), np.uint8)
    header = np.zeros(len(out), np.bool_)
    header[(starts[:, None] + np.arange(HEADER)).ravel()] = True
    out[~header] = np.frombuffer(packets, np.uint8)
    index = RATES.index(rate)
    out[starts] = 0xFF
    out[starts + 1] = 0xF1
    out[starts + 2] = 1 << 6 | index << 2 | channels >> 2
    out[starts + 3] = (channels & 3) << 6 | lengths >> 11
    out[starts + 4] = lengths >> 3 & 0xFF
    out[starts + 5] = (lengths & 7) << 5 | 0x1F
    out[starts + 6] = 0xFC
    return out.tobytes()


def split(data: bytes) -> list[bytes]:
    """The packets of a raw stream, without their headers. Raises ValueError where it is no such stream."""
    packets = []
    at = 0
    while at + HEADER <= len(data):
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        header = HEADER if data[at + 1] & 1 else HEADER + 2
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or length <= header or at + length > len(data):
            raise ValueError("this is no raw AAC")
        packets.append(data[at + header : at + length])
        at += length
    return packets
