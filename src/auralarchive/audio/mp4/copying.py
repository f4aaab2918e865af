"""Copies packets from file to file as byte ranges, in the kernel where it can."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from auralarchive.audio.mp4.track import BLOCK, Packets

_STEP = 16 * 1024 * 1024
#: Below this many bytes a run (as in raw AAC, where each packet has a header) gathering in memory is faster.
_SHORT_RUN = 8192
_FINAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

#: Packets that lie further apart (another track's chunks are between) are not read in one go.
_NEAR = 1024 * 1024

#: Called with the number of bytes just copied; may raise to stop.
OnBytes = Callable[[int], None]


def copy(source: int, packets: Packets, target: int, on_bytes: OnBytes) -> None:
    """Append the packets' bytes to the file open as `target`. Raises EOFError where the source is shorter."""
    ranges = packets.runs()
    if ranges and sum(length for _, length in ranges) / len(ranges) < _SHORT_RUN:
        _gather(source, packets, target, on_bytes)
        return
    for offset, length in ranges:
        _copy_range(source, offset, length, target, on_bytes)


def _copy_range(source: int, offset: int, length: int, target: int, on_bytes: OnBytes) -> None:
    while length:
        done = _some(source, offset, min(length, _STEP), target)
        if not done:
            raise EOFError("the source became shorter while it was read")
        offset += done
        length -= done
        on_bytes(done)


def _some(source: int, offset: int, length: int, target: int) -> int:
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, length, offset)
        except OSError as error:
            # Across file systems, or on one that cannot: by hand. A full disk is no reason to try again.
            if error.errno in _FINAL:
                raise
    data = os.pread(source, min(length, 4 * 1024 * 1024), offset)
    write_all(target, data)
    return len(data)


def write_all(target: int, data: bytes) -> None:
    """Write `data` to the file open as `target`, in as many calls as it takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


def read_packets(source: int, packets: Packets) -> bytes:
    """The packets' bytes one after another. Raises EOFError where the source is shorter."""
    if not len(packets):
        return b""
    start = int(packets.offsets.min())
    end = int((packets.offsets + packets.sizes).max())
    raw = os.pread(source, end - start, start)
    if len(raw) < end - start:
        raise EOFError("the source became shorter while it was read")
    if len(packets.runs()) == 1:
        return raw
    ends = np.cumsum(packets.sizes)
    places = np.arange(int(ends[-1])) + np.repeat(packets.offsets - start - (ends - packets.sizes), packets.sizes)
    gathered = np.frombuffer(raw, np.uint8)[places]
    return bytes(gathered.tobytes())


def batches(packets: Packets, wanted_bytes: int = 4 * 1024 * 1024) -> Iterator[Packets]:
    """The packets in groups of about `wanted_bytes` that lie near each other in their file."""
    for start, end in pairwise(packets.leaps(_NEAR)):
        for first in range(start, end, BLOCK):
            block = packets.slice(first, min(end, first + BLOCK))
            group = np.cumsum(block.sizes) // wanted_bytes
            breaks = (np.flatnonzero(np.diff(group)) + 1).tolist()
            yield from (block.slice(*bounds) for bounds in pairwise([0, *breaks, len(block)]))


def _gather(source: int, packets: Packets, target: int, on_bytes: OnBytes) -> None:
    for group in batches(packets):
        data = read_packets(source, group)
        write_all(target, data)
        on_bytes(len(data))
