"""MP3 and raw AAC (ADTS): streams of frames without an index. Walking their headers tells the truth.

A walk reads the whole file once, in steps. It finds what FFmpeg keeps quiet about: a file that ends
too early, and holes in the middle.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auralarchive.audio.mp4.config import RATES
from auralarchive.audio.mp4.track import Numbers, Packets

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
_STEP = 8 * 1024 * 1024
_LONGEST = 8192
#: The bits of a header's bytes 1, 2 … that are the same in all frames of one stream.
_MP3_FIXED = (0xFE, 0x0C)
_ADTS_FIXED = (0xF6, 0x3C)
#: Samples that the decoder itself comes too late.
_DECODER_DELAY = 529


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
class Promise:
    """What a stream's own header tells: its frames (0: it does not say), samples of delay (-1: unknown) and padding."""

    frames: int
    delay: int = -1
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """What a whole stream holds. `pieces` is more than 1 where tags lie between its frames; `packets` are ADTS's."""

    first: Frame
    frames: int
    samples: int
    audio_bytes: int
    holes: tuple[Hole, ...]
    cut_bytes: int
    promise: Promise | None
    pieces: int
    changes: bool
    packets: Packets

    @property
    def promised(self) -> int | None:
        """The number of frames that its own header tells, if any."""
        return self.promise.frames or None if self.promise else None

    @property
    def heard(self) -> int | None:
        """Samples that are heard: all but what the encoder put in front and behind. None where only a decode tells."""
        if self.holes or self.pieces > 1 or self.cut_bytes:
            return None
        promise = self.promise
        if promise is None or promise.delay < 0:
            return self.samples
        end = promise.frames * self.first.samples or self.samples
        padding = max(0, promise.padding - _DECODER_DELAY)
        dropped = max(0, min(self.samples, end) - (end - padding))
        return max(0, self.samples - dropped - promise.delay - _DECODER_DELAY)

    @property
    def seconds(self) -> float:
        return self.samples / self.first.rate

    @property
    def bitrate_kbps(self) -> float:
        return self.audio_bytes * 8 / max(self.seconds, 0.001) / 1000


def id3_length(fd: int, at: int = 0) -> int:
    """Where the ID3v2 tags that begin at `at` end."""
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


@dataclass(frozen=True, slots=True)
class _Places:
    """Places in a window that look like frames of one kind. `follower`: the number of the one right behind, or -1."""

    at: Numbers
    lengths: Numbers
    follower: Numbers
    mono: npt.NDArray[np.bool_]

    def chain(self, first: int, end: int) -> Numbers:
        """From the place number `first` on: each that begins where the one before it ends, up to the offset `end`."""
        follower = self.follower.tolist()
        inside = int(np.searchsorted(self.at, end))
        found = []
        while 0 <= first < inside:
            found.append(first)
            first = follower[first]
        return np.asarray(found, np.int64)


def _places(data: bytes, base: int, like: Frame, sample: bytes) -> _Places:
    """Where in `data`, which lies at `base`, headers of the kind of `like` are, whose own header is `sample`."""
    raw = np.frombuffer(data, np.uint8)
    usable = max(0, len(raw) - 6)
    fixed = _ADTS_FIXED if like.adts else _MP3_FIXED
    at = np.flatnonzero(raw[:usable] == 0xFF)
    for byte, mask in enumerate(fixed, 1):
        at = at[raw[at + byte] & mask == sample[byte] & mask]
    lengths = _adts_lengths(raw, at) if like.adts else _mp3_lengths(sample)[raw[at + 2] >> 4, raw[at + 2] >> 1 & 1]
    real = lengths > like.header
    at, lengths = at[real], lengths[real]
    behind = np.searchsorted(at, at + lengths)
    known = np.append(at, -1)[np.minimum(behind, len(at))] == at + lengths
    return _Places(at + base, lengths, np.where(known, behind, -1), raw[at + 3] >> 6 == 3)


def _adts_lengths(raw: npt.NDArray[np.uint8], at: Numbers) -> Numbers:
    high, middle, low = (raw[at + byte].astype(np.int64) for byte in (3, 4, 5))
    return (high & 3) << 11 | middle << 3 | low >> 5


def _mp3_lengths(sample: bytes) -> Numbers:
    """Bytes of a frame of this kind by its bit rate's index and its padding; 0 for impossible ones."""

    def length(index: int, padding: int) -> int:
        frame = parse(bytes((*sample[:2], index << 4 | sample[2] & 0x0C | padding << 1, sample[3])))
        return frame.length if frame else 0

    return np.asarray([[length(index, padding) for padding in (0, 1)] for index in range(16)], np.int64)


class _Walker:
    """Goes from frame to frame, and over holes to the next frame of the same kind."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = _end_of_frames(fd)
        self._first: Frame | None = None
        self._sample = b""
        self._promise: Promise | None = None
        self._frames = 0
        self._bytes = 0
        self._holes: list[Hole] = []
        self._pieces = 1
        self._changes = False
        self._cut = 0
        self._offsets: list[Numbers] = []
        self._lengths: list[Numbers] = []

    def run(self) -> None:
        at = id3_length(self._fd)
        for base in range(at, self._size, _STEP):
            # Windows overlap, so that a frame at the seam is whole in one of them.
            data = os.pread(self._fd, min(_STEP + _LONGEST, self._size - base), base)
            at = max(at, base)
            if self._first is None:
                at = self._begin(data, base, at)
            if self._first is not None:
                at = self._window(data, base, at, self._first)
        self._cut += max(0, self._size - at) if self._first else 0

    def _begin(self, data: bytes, base: int, at: int) -> int:
        """Find the first frame; what lies before it is no sound. Returns where it, or the next window, begins."""
        place: int | None = at - base
        while place is not None and place < _STEP:
            frame = parse(data, place)
            if frame is not None:
                end = place + frame.length
                if _alike(frame, parse(data, end)) or base + end == self._size:
                    self._first, self._sample = frame, data[place : place + 4]
                    self._promise = None if frame.adts else _promise(data, place, frame)
                    # The frame that holds the header itself sounds not.
                    return base + (end if self._promise else place)
            place = _next_sync(data, place + 1)
        return base + min(_STEP, len(data))

    def _window(self, data: bytes, base: int, at: int, first: Frame) -> int:
        """Take the frames that begin in this window's first `_STEP` bytes; returns where the next begins."""
        end = base + min(_STEP, len(data))
        places = _places(data, base, first, self._sample)
        while at < end:
            number = int(np.searchsorted(places.at, at))
            if number == len(places.at) or places.at[number] != at:
                at = self._over_hole(data, places, base, at)
                continue
            run = places.chain(number, end)
            whole = run[places.at[run] + places.lengths[run] <= self._size]
            self._take(places, whole, first)
            at = int(places.at[run[-1]] + places.lengths[run[-1]])
            if len(whole) < len(run):
                self._cut += self._size - int(places.at[run[-1]])
                return self._size
        return at

    def _take(self, places: _Places, run: Numbers, first: Frame) -> None:
        if not first.adts:
            self._changes |= bool((places.mono[run] != (first.channels == 1)).any())
        self._frames += len(run)
        self._bytes += int(places.lengths[run].sum()) - first.header * len(run)
        if first.adts:
            self._offsets.append(places.at[run] + first.header)
            self._lengths.append(places.lengths[run] - first.header)

    def _over_hole(self, data: bytes, places: _Places, base: int, start: int) -> int:
        """The next place with two good frames in a row, or the end of the window."""
        tag = _tag_length(self._fd, data[start - base : start - base + 3], start)
        if tag:
            self._pieces += 1
            return start + tag
        sound = (places.follower >= 0) | (places.at + places.lengths == self._size)
        ahead = places.at[sound & (places.at > start)]
        limit = min(base + _STEP, base + len(data), self._size)
        at = min(int(ahead[0]), limit) if len(ahead) else limit
        self._note_hole(start, at)
        return max(at, start + 1)

    def _note_hole(self, start: int, end: int) -> None:
        assert self._first is not None
        sample = self._frames * self._first.samples
        last = self._holes[-1] if self._holes else None
        if last is not None and last.sample == sample:
            self._holes[-1] = Hole(last.sample, last.length + end - start)
        else:
            self._holes.append(Hole(sample, end - start))

    def result(self) -> Walk | None:
        if self._first is None:
            return None
        none: list[Numbers] = [np.zeros(0, np.int64)]
        packets = Packets(np.concatenate(self._offsets or none), np.concatenate(self._lengths or none))
        samples = self._frames * self._first.samples
        holes = tuple(self._holes)
        cut = self._cut
        if holes and holes[-1].sample == samples:
            cut += holes[-1].length
            holes = holes[:-1]
        return Walk(
            first=self._first,
            frames=self._frames,
            samples=samples,
            audio_bytes=self._bytes,
            holes=holes,
            cut_bytes=cut,
            promise=self._promise,
            pieces=self._pieces,
            changes=self._changes,
            packets=packets,
        )


def _tag_length(fd: int, beginning: bytes, at: int) -> int:
    """Bytes of a tag between two frames, as files put together from several have them; 0 where there is none."""
    if beginning == b"ID3":
        return id3_length(fd, at) - at
    return 128 if beginning == b"TAG" else 0


def _promise(data: bytes, at: int, frame: Frame) -> Promise | None:
    """What a Xing, Info or VBRI header says; None without one."""
    side = (17 if frame.channels == 1 else 32) if frame.samples == 1152 else (9 if frame.channels == 1 else 17)
    place = at + 4 + side
    if data[place : place + 4] in (b"Xing", b"Info") and place + 12 <= len(data):
        flags, count = struct.unpack_from(">II", data, place + 4)
        delays = _delays(data, place + 8 + 4 * (flags & 3).bit_count() + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1))
        return Promise(count if flags & 1 else 0, *delays)
    if data[at + 36 : at + 40] == b"VBRI" and at + 54 <= len(data):
        return Promise(int(struct.unpack_from(">I", data, at + 50)[0]))
    return None


def _delays(data: bytes, at: int) -> tuple[int, int]:
    """Samples that the encoder put in front and behind, where it is one that tells."""
    if data[at : at + 4] not in (b"LAME", b"Lavf", b"Lavc") or at + 24 > len(data):
        return -1, 0
    both = int.from_bytes(data[at + 21 : at + 24], "big")
    return both >> 12, both & 0xFFF


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
