"""Short windows of sound, taken all over a book at places that are the same for everyone who looks.

The encoders take them of what goes in, the proof takes them of what a decoder makes of the result. Where
the two are alike at the same sample, the sound is whole and in its place; where two encoders have looked
at the same window, they must have seen the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Samples of a window: four frames.
WINDOW = 4096
#: A part is silent below this (of 32768).
_QUIET = 8
#: An encoder adds no more than this where nothing was.
_ADDED = 512
#: Samples of each window that are compared.
KEPT = 1024
_ENOUGH, _MOST = 2048, 16384
_WIDEST_STRIDE = 64
_LAGS = 64
#: Windows that are looked at together, and that tell a lag.
_BLOCK, _ENOUGH_FOR_LAG = 512, 256
#: Parts that resemble each other less are not the same; the worst encode that anyone listens to has 0.8.
_LEAST_ALIKE = 0.35
_CLEARLY = 1.01

Windows = npt.NDArray[np.int16]


def stride_for(lengths: Sequence[int]) -> int:
    """Every how many windows one is taken of a book whose parts have so many samples.

    About as many in each book; but one in each part, and one in each overlap of two units.
    """
    windows = sum(lengths) // WINDOW
    wanted = min(_WIDEST_STRIDE, windows // _ENOUGH, min(lengths) // (2 * WINDOW))
    return max(1, wanted, windows // _MOST)


def taken(begin: int, end: int, stride: int) -> range:
    """The numbers of the whole windows between two samples of the book."""
    first = -(-begin // WINDOW)
    return range(-(-first // stride) * stride, end // WINDOW, stride)


def select(begin: int, stride: int) -> str:
    """For FFmpeg's `aselect`: the windows of a stream of windows that begins at the sample `begin` of the book."""
    return f"not(mod(n+{begin // WINDOW % stride}\\,{stride}))"


def mixed(channels: int) -> str:
    """FFmpeg's filter that makes one channel of all, so that each counts and none cancels the other."""
    return "pan=mono|c0=0.6*c0+0.4*c1" if channels == 2 else "anull"


@dataclass(frozen=True, slots=True)
class Prints:
    """Windows by their numbers, ascending."""

    numbers: npt.NDArray[np.int64]
    windows: Windows

    def within(self, begin: int, end: int) -> Prints:
        """Those that lie wholly between two samples."""
        inside = (self.numbers * WINDOW >= begin) & ((self.numbers + 1) * WINDOW <= end)
        return Prints(self.numbers[inside], self.windows[inside])


class Collector:
    """Takes the windows between two samples of the book as they come, and whatever else the stream lets through behind.

    Of each window only the beginning is kept: that is enough, and a long book must not fill the memory.
    """

    def __init__(self, begin: int, end: int, stride: int) -> None:
        self.numbers = np.asarray(taken(begin, end, stride), np.int64)
        self.samples = 0
        self._windows = np.empty((len(self.numbers), KEPT), np.int16)
        self._rest = b""
        self._filled = 0

    def take(self, data: bytes) -> None:
        """More 16-bit samples."""
        data = self._rest + data
        whole = min(len(data) // (2 * WINDOW), len(self.numbers) - self._filled)
        windows = np.frombuffer(data, np.int16, whole * WINDOW).reshape(-1, WINDOW)
        self._windows[self._filled : self._filled + whole] = windows[:, :KEPT]
        self._filled += whole
        self.samples += whole * WINDOW
        self._rest = data[whole * 2 * WINDOW :]

    def prints(self, rest: int) -> Prints:
        """All windows. Raises ValueError where there are fewer, or other than `rest` samples behind the last."""
        if self._filled < len(self.numbers) or len(self._rest) != 2 * rest:
            raise ValueError(f"{self.samples + len(self._rest) // 2} samples of fingerprint")
        return Prints(self.numbers, self._windows)


def together(prints: Sequence[Prints]) -> Prints:
    """One row of all."""
    return Prints(
        np.concatenate([each.numbers for each in prints]),
        np.concatenate([each.windows for each in prints]),
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two sounds are: `alike` from -1 to 1 (None: both silent), level in dB, and the best lag in samples."""

    windows: int
    alike: float | None
    decibels: float
    lag: int

    @property
    def same(self) -> bool:
        """Whether they are the same sound at the same place."""
        if self.alike is None:
            return True
        return self.alike >= _LEAST_ALIKE and self.lag == 0


def compare(source: Prints, result: Prints) -> Likeness:
    """Compare windows of the same numbers. Raises ValueError where the numbers differ."""
    if not np.array_equal(source.numbers, result.numbers):
        raise ValueError("the fingerprints are of other places")
    loud = np.flatnonzero(_peaks(source.windows) > _QUIET)
    if not len(loud):
        # Nothing is there, and nothing may have been added.
        return Likeness(len(source.numbers), 0.0 if peak(result.windows) > _ADDED else None, 0.0, 0)
    power = level = both = 0.0
    for start in range(0, len(loud), _BLOCK):
        one, other = (prints.windows[loud[start : start + _BLOCK]].astype(np.float32) for prints in (source, result))
        power += float(np.vdot(one, one))
        level += float(np.vdot(other, other))
        both += float(np.vdot(one, other))
    some = loud[:: max(1, len(loud) // _ENOUGH_FOR_LAG)]
    lag = _lag(source.windows[some].astype(np.float32), result.windows[some].astype(np.float32))
    alike = both / max(1.0, np.sqrt(power * level))
    return Likeness(len(loud), round(alike, 4), round(10 * np.log10(max(level, 1.0) / power), 2), lag)


def peak(windows: Windows) -> int:
    """The loudest sample, of 32768."""
    return max(int(windows.max(initial=0)), -int(windows.min(initial=0)))


def _peaks(windows: Windows) -> npt.NDArray[np.int32]:
    high, low = (edge.astype(np.int32) for edge in (windows.max(axis=1, initial=0), windows.min(axis=1, initial=0)))
    peaks: npt.NDArray[np.int32] = np.maximum(high, -low)
    return peaks


def _lag(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> int:
    """By how many samples the second comes late, as far as can be told; 0 where another place is hardly better."""
    # The changes from sample to sample: in the deep tones of a voice one sample more or less hardly shows.
    one, other = np.diff(one, axis=1), np.diff(other, axis=1)
    length = 2 * WINDOW
    spectrum = np.fft.rfft(one, length, axis=1).conj() * np.fft.rfft(other, length, axis=1)
    found = np.fft.irfft(spectrum.sum(axis=0), length)
    near = np.concatenate([found[-_LAGS:], found[: _LAGS + 1]])
    best = int(near.argmax()) - _LAGS
    return best if near[best + _LAGS] > _CLEARLY * near[_LAGS] else 0
