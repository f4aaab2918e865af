"""A sound like speech, made from numbers, and how near a coder's version of it comes.

FFmpeg's coders are compared by it on the machine itself, so no recording has to be shipped. What it has of
speech is what is hard to code: a gliding pitch, formants, hisses, sudden beginnings, and pauses with a little
noise of the room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
_Floats = npt.NDArray[np.float64]
_Spectra = npt.NDArray[np.complex128]

SECONDS = 7.0
_SEED = 7
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
_HISSES = (2500, 4500, 6500)
#: Vowels, hisses and a pause follow one another again and again, each so many seconds long.
_RHYTHM = "vhvvhvv "
_LENGTHS = {"v": (0.08, 0.22), "h": (0.06, 0.14), " ": (0.3, 0.4)}
_PITCH = 120.0
_ROOM = 3e-4
_FRAME_SECONDS = 1024 / 44_100
_HIGHEST = 16_000.0  # what lies above is for the fewest ears, and coders differ in how much of it they keep
_SILENCE = 1e-10  # of full scale, as power
_MASKED_DB = 10.0  # so far below its maskers a noise begins to be heard
_HEARD = 1e-6
_NO_NOISE = 1e-3


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a coded sound is from its source, in dB; less is better.

    `distance_db` is the log-spectral distance up to 16 kHz; `noise_db` how far what was added lies above what
    the sound itself hides, as a mean over the ear's bands.
    """

    distance_db: float
    noise_db: float


def speech(rate: int, channels: int, seconds: float = SECONDS) -> Samples:
    """The sound, shaped (samples, channels): always the same."""
    random = np.random.default_rng(_SEED)
    count, frame = int(seconds * rate), _frame(rate)
    hop = frame // 4
    envelopes, voiced = _syllables(random, count // hop, rate, frame)
    source = _throat(random, np.repeat(voiced, hop), rate)
    mono = _shaped(source, envelopes, frame)
    mono = 0.5 * mono / np.abs(mono).max()
    sides = [mono] if channels == 1 else [_echoed(mono, 0.7, 0.18, 331), _echoed(mono, 0.49, 0.21, 517)]
    return np.stack([side + _ROOM * random.standard_normal(len(side)) for side in sides], axis=1).astype(np.float32)


def _echoed(mono: _Floats, loudness: float, echo: float, late: int) -> _Floats:
    return loudness * mono + echo * np.roll(mono, late)


def _frame(rate: int) -> int:
    return int(2 ** round(np.log2(rate * _FRAME_SECONDS)))


def _frequencies(rate: int) -> _Floats:
    return np.asarray(np.fft.rfftfreq(_frame(rate), 1 / rate), np.float64)


def _syllables(random: np.random.Generator, frames: int, rate: int, frame: int) -> tuple[_Floats, _Floats]:
    """(The spectrum's envelope in each frame, 1.0 where the voice sounds)."""
    frequencies, hop = _frequencies(rate), frame // 4
    envelopes, voiced = np.zeros((frames, len(frequencies))), np.zeros(frames)
    at = number = 0
    while at < frames:
        kind = _RHYTHM[number % len(_RHYTHM)]
        length = max(2, int(random.uniform(*_LENGTHS[kind]) * rate / hop))
        swell = np.sqrt(np.sin(np.pi * (np.arange(length) + 0.5) / length)) * random.uniform(0.4, 1.0)
        inside = slice(at, min(frames, at + length))
        if kind != " ":
            envelope = _vowel(random, frequencies) if kind == "v" else _hiss(random, frequencies)
            envelopes[inside] = swell[: inside.stop - at, None] * envelope
            voiced[inside] = kind == "v"
        at, number = at + length, number + 1
    return envelopes, voiced


def _vowel(random: np.random.Generator, frequencies: _Floats) -> _Floats:
    formants = np.array(_VOWELS[random.integers(len(_VOWELS))]) * random.uniform(0.92, 1.12)
    widths, gains = (60, 90, 140), (1.0, 0.5, 0.25)
    peaks = [
        gain / (1 + ((frequencies - formant) / width) ** 2)
        for formant, width, gain in zip(formants, widths, gains, strict=True)
    ]
    return np.asarray((np.sum(peaks, axis=0) + 0.02) / (1 + (frequencies / 3500) ** 2))


def _hiss(random: np.random.Generator, frequencies: _Floats) -> _Floats:
    return np.asarray(0.25 / (1 + ((frequencies - _HISSES[random.integers(len(_HISSES))]) / 1800) ** 4))


def _throat(random: np.random.Generator, voiced: _Floats, rate: int) -> _Floats:
    """Pulses of a gliding pitch where the voice sounds, else noise."""
    time = np.arange(len(voiced)) / rate
    pitch = _PITCH * (1 + 0.12 * np.sin(2 * np.pi * 0.6 * time) + 0.03 * np.sin(2 * np.pi * 3.1 * time))
    pulses = np.diff(np.floor(np.cumsum(pitch) / rate), prepend=0.0) * np.sqrt(rate / _PITCH)
    return np.asarray(0.9 * voiced * pulses + (1 - 0.93 * voiced) * random.standard_normal(len(voiced)))


def _shaped(source: _Floats, envelopes: _Floats, frame: int) -> _Floats:
    """The source through one filter after another, faded over."""
    hop, count = frame // 4, len(envelopes)
    window = np.hanning(frame + 1)[:frame]
    padded = np.pad(source, (frame // 2, frame))
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame)[::hop][:count]
    filtered = (np.fft.irfft(np.fft.rfft(frames * window) * envelopes, frame) * window).reshape(count, 4, hop)
    laid = np.zeros((count + 3, hop))
    for quarter in range(4):
        laid[quarter : quarter + count] += filtered[:, quarter]
    return np.asarray(laid.ravel()[frame // 2 :][: len(source)])


def lag(sound: Samples, coded: Samples) -> int:
    """How many samples later than in `sound` everything is in `coded`; of its first seconds."""
    length = min(len(sound), len(coded), 1 << 17)
    room = 2 * length
    product = np.fft.rfft(coded[:length, 0], room) * np.conj(np.fft.rfft(sound[:length, 0], room))
    found = int(np.argmax(np.fft.irfft(product, room)))
    return found if found < length else found - room


def compare(sound: Samples, coded: Samples, rate: int) -> Likeness:
    """Compare two sounds of one shape, sample by sample."""
    scores = [
        _compare(_spectra(one, rate), _spectra(other, rate), rate) for one, other in zip(sound.T, coded.T, strict=True)
    ]
    distance, noise = np.mean(scores, axis=0)
    return Likeness(round(float(distance), 3), round(float(noise), 3))


def _spectra(channel: Samples, rate: int) -> _Spectra:
    frame = _frame(rate)
    frames = np.lib.stride_tricks.sliding_window_view(channel, frame)[:: frame // 2]
    return np.asarray(np.fft.rfft(frames * np.hanning(frame)) / (frame / 4))


def _compare(source: _Spectra, found: _Spectra, rate: int) -> tuple[float, float]:
    frequencies = _frequencies(rate)
    heard = frequencies <= _HIGHEST
    difference = _level(source[:, heard]) - _level(found[:, heard])
    distance = np.mean(np.sqrt(np.mean(difference**2, axis=1)))
    bands = _bands(frequencies)
    energy, noise = np.abs(source) ** 2 @ bands, np.abs(source - found) ** 2 @ bands
    mask = energy @ _spreading(bands.shape[1]) * 10 ** (-_MASKED_DB / 10) + 10 * _SILENCE
    sounding = energy.sum(axis=1) > _HEARD
    return float(distance), float(np.mean(10 * np.log10((noise / mask)[sounding] + _NO_NOISE)))


def _level(spectra: _Spectra) -> _Floats:
    return np.asarray(10 * np.log10(np.maximum(np.abs(spectra) ** 2, _SILENCE)))


def _bands(frequencies: _Floats) -> _Floats:
    """Which frequency belongs to which half of a critical band (Traunmüller's Bark scale)."""
    barks = 26.81 * frequencies / (1960 + frequencies) - 0.53
    half = (2 * barks).astype(int)
    inside = (frequencies > 50) & (frequencies <= _HIGHEST)
    return np.asarray((half[:, None] == np.unique(half[inside])) & inside[:, None], dtype=np.float64)


def _spreading(count: int) -> _Floats:
    """How much a band hides of the others: 10 dB a Bark upwards, 25 downwards."""
    apart = (np.arange(count)[None, :] - np.arange(count)[:, None]) / 2
    return np.asarray(10 ** (-np.where(apart >= 0, 10 * apart, -25 * apart) / 10))
