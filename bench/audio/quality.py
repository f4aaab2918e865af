"""How near an encode comes to its source: figures that need no listener, and know less than one.

Log-spectral distance (lower is better) is the mean difference of the spectra in dB; segmental signal-to-noise ratio
(higher is better) the mean over frames of 30 ms, each held within -10 and 35 dB. PESQ (wide band, ITU-T P.862.2; higher
is better) is computed by the package of that name in an environment of its own, where it can be built.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.audio.fidelity import Sound, decoded, lag_of
from bench.audio.peers import private_environment

RATE = 44_100
_PESQ_RATE = 16_000
_PIECES = 18
_PIECE_SECONDS = 10
_FRAME, _HOP = 2048, 512
_FLOOR = 1e-5  # of full scale: what lies below is silence, however the codec rounds it
_SEGMENT = int(0.030 * RATE)

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quality:
    """`pesq` is None where the package could not be had."""

    distance_db: float
    segmental_db: float
    pesq: float | None


def score(out: Path, sources: Sequence[Path], *, pesq: bool, folder: Path | None = None) -> Quality:
    """Score `out` against the decoded sources, in pieces spread over the book. Raises `NotThere` without PESQ."""
    pairs = _pairs(out, sources, RATE, folder)
    return Quality(
        distance_db=float(np.mean([log_spectral_distance(source, found) for source, found in pairs])),
        segmental_db=float(np.mean([segmental_snr(source, found) for source, found in pairs])),
        pesq=_pesq(_pairs(out, sources, _PESQ_RATE, folder)) if pesq else None,
    )


def log_spectral_distance(source: Sound, found: Sound) -> float:
    """In dB, the mean over frames of the root mean square over frequencies."""
    difference = _spectrum_db(source) - _spectrum_db(found)
    return float(np.mean(np.sqrt(np.mean(difference**2, axis=1))))


def segmental_snr(source: Sound, found: Sound) -> float:
    """In dB, over frames that hold sound."""
    count = len(source) // _SEGMENT
    signal = source[: count * _SEGMENT].reshape(count, _SEGMENT).astype(np.float64)
    error = found[: count * _SEGMENT].reshape(count, _SEGMENT) - signal
    power = np.mean(signal**2, axis=1)
    heard = power > 1e-6
    ratio = 10 * np.log10(power[heard] / np.maximum(np.mean(error[heard] ** 2, axis=1), 1e-12))
    return float(np.mean(np.clip(ratio, -10, 35)))


def _spectrum_db(sound: Sound) -> Scores:
    frames = np.lib.stride_tricks.sliding_window_view(sound, _FRAME)[::_HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_FRAME))) / (_FRAME / 4)
    return np.asarray(20 * np.log10(np.maximum(spectrum, _FLOOR)))


def _pairs(out: Path, sources: Sequence[Path], rate: int, folder: Path | None) -> list[tuple[Sound, Sound]]:
    """Pieces of the source, each with what the output has in its place, wherever that lies."""
    with decoded(sources, rate, folder) as (reference, _), decoded([out], rate, folder) as (sound, _):
        length = min(_PIECE_SECONDS * rate, len(reference) // 3)
        starts = np.linspace(rate // 2, len(reference) - length - rate, _PIECES).astype(int).tolist()
        pairs, lag = [], 0
        for start in starts:
            lag = lag_of(reference, sound, rate, start, lag)
            pairs.append((np.array(reference[start : start + length]), np.array(sound[start + lag :][:length])))
        return [(source, found) for source, found in pairs if len(source) == len(found)]


def _pesq(pairs: Sequence[tuple[Sound, Sound]]) -> float:
    program = private_environment("pesq", ["numpy", "pesq"]) / "python"
    with tempfile.TemporaryDirectory() as name:
        for number, (source, found) in enumerate(pairs):
            for kind, sound in (("source", source), ("found", found)):
                (np.clip(sound, -1, 1) * 32767).astype("<i2").tofile(Path(name) / f"{number}-{kind}")
        script = Path(__file__).with_name("pesq_scores.py")
        command = [str(program), str(script), name, str(len(pairs)), str(_PESQ_RATE)]
        scores: list[float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return float(np.mean(scores))
