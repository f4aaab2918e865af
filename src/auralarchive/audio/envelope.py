"""The loudness of a stream in windows of 100 ms: enough to tell whether two streams say the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: One value (root mean square, 1.0 is full scale) a window.
Loudness = npt.NDArray[np.float32]


class Envelope:
    """Takes 32-bit samples in pieces of any size; all channels count together."""

    def __init__(self, rate: int, channels: int) -> None:
        self._window = rate // 10 * channels
        self._rest = np.zeros(0, np.float32)
        self._parts: list[Loudness] = []

    def take(self, data: bytes) -> None:
        samples = np.concatenate([self._rest, np.frombuffer(data, "<f4")])
        whole = len(samples) // self._window * self._window
        windows = samples[:whole].reshape(-1, self._window)
        self._parts.append(np.sqrt(np.einsum("ij,ij->i", windows, windows) / self._window))
        self._rest = samples[whole:]

    def values(self) -> Loudness:
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
