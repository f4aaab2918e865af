"""MP3 and raw AAC (ADTS): streams of frames without an index. Walking their headers tells the truth.

A walk reads the whole file once, in steps. It finds what FFmpeg keeps quiet about: a file that ends
too early, and holes in the middle.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auralarchive.audio.mp4.config import RATES
from auralarchive.audio.mp4.track import Packets

_V1 = {
    1: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_V2 = {
    1: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_STEP = 1024 * 1024
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Frame:
    """One header: bytes and samples that follow it. `config` of ADTS says profile, rate and channels."""

    length: int
    samples: int
    rate: int
    channels: int
    adts: bool
    header: int = 0
    config: bytes = b""


@dataclass(frozen=True, slots=True)
class Hole:
    """Bytes that belong to no frame; `sample` is where in the sound they lie."""

    sample: int
    length: int


@dataclass(frozen=True, slots=True)
class Walk:
    """What a whole stream holds. `promised` is the number of frames that its own header tells, if any."""

    first: Frame
    frames: int
    samples: int
    audio_bytes: int
    holes: tuple[Hole, ...]
    cut_bytes: int
    promised: int | None
    changes: bool
    packets: Packets

    @property
    def seconds(self) -> float:
        return self.samples / self.first.rate

    @property
    def bitrate_kbps(self) -> float:
        return self.audio_bytes * 8 / max(self.seconds, 0.001) / 1000


def id3_length(fd: int) -> int:
    """Bytes of the ID3v2 tags at the beginning of the file."""
    at = 0
    for _ in range(8):
        head = os.pread(fd, 10, at)
        if head[:3] != b"ID3" or len(head) < 10:
            break
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at


def parse(data: bytes, at: int = 0) -> Frame | None:
    """The frame whose header is at `at`, or None where there is none."""
    head = data[at : at + 7]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if not layer:
        return _adts(head)
    return _mp3(head, layer)


def _adts(head: bytes) -> Frame | None:
    if len(head) < 7 or head[1] & 0xF0 != 0xF0:
        return None
    rate, channels = head[2] >> 2 & 15, (head[2] & 1) << 2 | head[3] >> 6
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    header = 7 if head[1] & 1 else 9
    blocks = (head[6] & 3) + 1
    if rate >= len(RATES) or length <= header or not channels:
        return None
    config = ((head[2] >> 6) + 1 << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
    return Frame(length, 1024 * blocks, RATES[rate], 8 if channels == 7 else channels, True, header, config)


def _mp3(head: bytes, layer: int) -> Frame | None:
    version, layer = head[1] >> 3 & 3, 4 - layer
    index, rate_index = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or index in (0, 15) or rate_index == 3:
        return None
    rate = _SAMPLE_RATES[version][rate_index]
    bits = 1000 * (_V1[layer] if version == 3 else _V2[min(layer, 2)])[index]
    padding = head[2] >> 1 & 1
    channels = 1 if head[3] >> 6 == 3 else 2
    if layer == 1:
        return Frame((12 * bits // rate + padding) * 4, 384, rate, channels, False)
    samples = 576 if layer == 3 and version != 3 else 1152
    return Frame(samples // 8 * bits // rate + padding, samples, rate, channels, False)


def first_frame(data: bytes) -> Frame | None:
    """The first frame that another one of its like follows; junk may come before it."""
    at = _next_sync(data, 0)
    while at is not None:
        frame = parse(data, at)
        if frame is not None and _alike(frame, parse(data, at + frame.length)):
            return frame
        at = _next_sync(data, at + 1)
    return None


def _alike(one: Frame, other: Frame | None) -> bool:
    return other is not None and (one.adts, one.rate) == (other.adts, other.rate)


def _next_sync(data: bytes, start: int) -> int | None:
    at = data.find(b"\xff", start)
    while at != -1:
        if at + 1 < len(data) and data[at + 1] & 0xE0 == 0xE0:
            return at
        at = data.find(b"\xff", at + 1)
    return None


def walk(fd: int) -> Walk | None:
    """Walk all frames of the file open as `fd`; None where it has none."""
    walker = _Walker(fd)
    walker.run()
    return walker.result()


class _Walker:
    """Goes from frame to frame, and over holes to the next frame of the same kind."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = _end_of_frames(fd)
        self._first: Frame | None = None
        self._promised: int | None = None
        self._samples = 0
        self._holes: list[Hole] = []
        self._changes = False
        self._cut = 0
        self._offsets: list[int] = []
        self._lengths: list[int] = []

    def run(self) -> None:
        at = id3_length(self._fd)
        for base, data in self._windows(at):
            at = max(at, base)
            at = self._window(data, base, at)
        self._cut += max(0, self._size - at) if self._first else 0

    def _windows(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Overlapping pieces of the file, so that a frame at the seam is whole in one of them."""
        for base in range(start, self._size, _STEP):
            yield base, os.pread(self._fd, min(_STEP + _LONGEST, self._size - base), base)

    def _window(self, data: bytes, base: int, at: int) -> int:
        """Take the frames that begin in this window's first `_STEP` bytes; returns where the next begins."""
        end = base + min(_STEP, len(data))
        while at < end:
            frame = parse(data, at - base)
            if frame is None or not self._fits(frame):
                at = self._over_hole(data, base, at)
                continue
            if at + frame.length > self._size:
                self._cut += self._size - at
                return self._size
            self._take(frame, data, at, base)
            at += frame.length
        return at

    def _fits(self, frame: Frame) -> bool:
        first = self._first
        return first is None or (frame.adts, frame.rate, frame.samples) == (first.adts, first.rate, first.samples)

    def _over_hole(self, data: bytes, base: int, at: int) -> int:
        """The next place with two good frames in a row, or the end of the window."""
        start = at
        found = _next_sync(data, at - base + 1)
        while found is not None and found < _STEP:
            frame = parse(data, found)
            if frame and self._fits(frame):
                follower = parse(data, found + frame.length)
                if _alike(frame, follower) or base + found + frame.length == self._size:
                    break
            found = _next_sync(data, found + 1)
        at = base + (found if found is not None else len(data))
        at = min(at, base + _STEP, self._size)
        if self._first is not None:
            self._note_hole(start, at)
        return max(at, start + 1)

    def _note_hole(self, start: int, end: int) -> None:
        last = self._holes[-1] if self._holes else None
        if last is not None and last.sample == self._samples:
            self._holes[-1] = Hole(last.sample, last.length + end - start)
        else:
            self._holes.append(Hole(self._samples, end - start))

    def _take(self, frame: Frame, data: bytes, at: int, base: int) -> None:
        if self._first is None:
            self._first = frame
            self._promised = None if frame.adts else _promise(data, at - base, frame)
            if self._promised is not None:
                return  # the header frame itself sounds not
        self._changes |= frame.channels != self._first.channels
        self._samples += frame.samples
        self._offsets.append(at + frame.header)
        self._lengths.append(frame.length - frame.header)

    def result(self) -> Walk | None:
        if self._first is None:
            return None
        packets = Packets(np.asarray(self._offsets, np.int64), np.asarray(self._lengths, np.int64))
        holes = tuple(self._holes)
        cut = self._cut
        if holes and holes[-1].sample == self._samples:
            cut += holes[-1].length
            holes = holes[:-1]
        return Walk(
            first=self._first,
            frames=len(self._offsets),
            samples=self._samples,
            audio_bytes=int(packets.sizes.sum()),
            holes=holes,
            cut_bytes=cut,
            promised=self._promised or None,
            changes=self._changes,
            packets=packets,
        )


def _promise(data: bytes, at: int, frame: Frame) -> int | None:
    """The frame count of a Xing, Info or VBRI header; 0 where there is one without a count; None without."""
    side = (17 if frame.channels == 1 else 32) if frame.samples == 1152 else (9 if frame.channels == 1 else 17)
    place = at + 4 + side
    if data[place : place + 4] in (b"Xing", b"Info") and place + 12 <= len(data):
        flags, count = struct.unpack_from(">II", data, place + 4)
        return count if flags & 1 else 0
    if data[at + 36 : at + 40] == b"VBRI" and at + 54 <= len(data):
        return int(struct.unpack_from(">I", data, at + 50)[0])
    return None


def _end_of_frames(fd: int) -> int:
    """Where tags at the end of the file begin (ID3v1, APE, Lyrics3, ID3v2 footers)."""
    end = os.fstat(fd).st_size
    for _ in range(4):
        if end >= 128 and os.pread(fd, 3, end - 128) == b"TAG":
            end -= 128
            continue
        foot = os.pread(fd, 32, end - 32) if end >= 32 else b""
        if foot[:8] == b"APETAGEX":
            size, _, flags = struct.unpack_from("<III", foot, 12)
            end -= min(end, size + (32 if flags & 0x80000000 else 0))
            continue
        if foot[-9:] == b"LYRICS200" and foot[-15:-9].isdigit():
            end -= min(end, int(foot[-15:-9]) + 15)
            continue
        break
    return end
