"""How faithful an M4B is to the files that it was made of, measured on what a player hears.

The reference is every source decoded by FFmpeg and laid end to end. Outputs are decoded by the newest FFmpeg here, for
older ones (5.1 is one) play the padding behind the end that an edit list takes away. Where a piece of the reference
lies in the output is found by correlation, so a gap, a drift and a chapter mark that points beside its sound show as
what they are, in samples. The error of an encode at a seam is held against places as loud elsewhere, for a lossy
encoder's error follows the loudness; where a single-pass encode of the same sources is given, also against the very
same places in that one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
from mutagen.mp4 import MP4

from tests.support.audio import ffmpeg

Sound = npt.NDArray[np.float32]

_WINDOW_SECONDS = 0.05
_SEARCH_SECONDS = 0.5
_MATCH_SECONDS = 2.0
#: What is quieter holds no error worth measuring, and no sound that could be found again.
_AUDIBLE = 10 ** (-45 / 20)
_PLACES = 400
_NEIGHBOURS = 40
#: Samples that are equal have no error; so much is said then.
_EXACT_DB = 120.0
_READERS = ("ffprobe", "PyAV", "mutagen")


@dataclass(frozen=True, slots=True)
class Seams:
    """Signal-to-noise ratio at some places: `audible` of all could be measured.

    `below` is how many dB the median lies below places as loud elsewhere, `below_single` below the same places in a
    single-pass encode; negative is better. `spread` is the standard error of `below`: what chance alone may show.
    """

    count: int
    audible: int
    median: float | None
    below: float | None
    spread: float | None
    below_single: float | None = None


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One output against its sources; in samples of `rate`, milliseconds and dB.

    `gaps` are the samples too many (or, negative, too few) at each place where two sources meet. Chapter errors are
    the largest, and None where other chapters are found than a source each: `heard` by reader, against where their
    sound is when all is played; `sought` where a player that jumps to each chapter lands in the sources.
    """

    rate: int
    samples: int
    longer: int
    lags: tuple[int, int, int]
    gaps: tuple[int, ...]
    heard_ms: dict[str, float | None]
    sought_ms: float | None
    duration_ms: float
    elsewhere: float
    at_joints: Seams
    at_seams: Seams

    @property
    def largest_gap(self) -> int:
        return max(map(abs, self.gaps), default=0)

    @property
    def largest_lag(self) -> int:
        return max(map(abs, self.lags))


def measure(
    out: Path,
    sources: Sequence[Path],
    *,
    seams: Sequence[int] = (),
    starts: Sequence[float] | None = None,
    single: Path | None = None,
    folder: Path | None = None,
) -> Fidelity:
    """Measure `out`. `seams` are samples of the output at which segments meet; `single` a single-pass encode.

    `starts` are the seconds at which chapters ought to begin (without them: one a source). `folder` is where decoded
    sound lies for the while.
    """
    rate = _stream(out)[0]
    with (
        decoded(sources, rate, folder) as (reference, lengths),
        decoded([out], rate, folder, program=referee()) as (sound, _),
    ):
        compared = _Compared(reference, sound, rate)
        ends = np.cumsum(lengths).tolist()
        wanted = [round(start * rate) for start in starts] if starts is not None else [0, *ends[:-1]]
        around = compared.follow([0, *ends[:-1]])
        offsets = [first for first, _ in around]
        heard = [start + compared.lag(start, offsets[_source_of(ends, start)]) for start in wanted]
        gaps = [following[0] - ending[1] for ending, following in pairwise(around)]
        found = {reader: _chapter_starts(out, reader) for reader in _READERS}
        with _others(single, rate, folder) as other:
            places = _Places(compared, other, ends, offsets)
            return Fidelity(
                rate=rate,
                samples=len(sound),
                longer=len(sound) - len(reference),
                lags=compared.lags(offsets, ends),
                gaps=tuple(gaps),
                heard_ms={reader: _error(each, heard, rate) for reader, each in found.items()},
                sought_ms=_sought(out, compared, found["ffprobe"], wanted),
                duration_ms=(_stream(out)[1] - len(reference) / rate) * 1000,
                elsewhere=statistics.median(snr for _, snr in places.elsewhere),
                at_joints=places.at(ends[:-1]),
                at_seams=places.at(seams),
            )


def _source_of(ends: Sequence[int], sample: int) -> int:
    return min(int(np.searchsorted(ends, sample, "right")), len(ends) - 1)


def _sought(out: Path, compared: _Compared, found: Sequence[float], wanted: Sequence[int]) -> float | None:
    """The largest error of where a player lands that jumps to each chapter; in ms."""
    if len(found) != len(wanted):
        return None
    errors = []
    for seconds, sample in zip(found, wanted, strict=True):
        place = compared.find(_after_seek(out, seconds, compared.rate), sample)
        errors.append(abs(place - sample) * 1000 / compared.rate)
    return max(errors, default=0)


def _after_seek(out: Path, seconds: float, rate: int) -> Sound:
    """By the system's FFmpeg: the ninth lands up to a packet late, whoever wrote the file."""
    command = [ffmpeg(), "-nostdin", "-v", "quiet", "-ss", f"{seconds:.6f}", "-i", f"file:{out}"]
    command += ["-t", str(_MATCH_SECONDS), "-map", "0:a:0", "-ac", "1", "-ar", str(rate), "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, "<f4")


def _error(found: Sequence[float], wanted: Sequence[int], rate: int) -> float | None:
    """The largest error in milliseconds; None where the numbers differ."""
    if len(found) != len(wanted):
        return None
    return max((abs(seconds - sample / rate) * 1000 for seconds, sample in zip(found, wanted, strict=True)), default=0)


def lag_of(reference: Sound, sound: Sound, rate: int, place: int, near: int) -> int:
    """Samples by which `sound` has later what begins at `place` of `reference`, within half a second of `near`."""
    return _Compared(reference, sound, rate).lag(place, near)


class _Compared:
    """A reference and an output, at one rate: where pieces of the one lie in the other, and how alike they are."""

    def __init__(self, reference: Sound, sound: Sound, rate: int) -> None:
        self.reference, self.sound, self.rate = reference, sound, rate
        self.window = int(_WINDOW_SECONDS * rate)

    def follow(self, starts: Sequence[int]) -> list[tuple[int, int]]:
        """Each source's lag at its begin and at its end, found near the one before: a drift may grow without end."""
        found: list[tuple[int, int]] = []
        near = 0
        for start, end in zip(starts, [*starts[1:], len(self.reference)], strict=True):
            length = min(int(_MATCH_SECONDS * self.rate), end - start)
            first = self.lag(start, near, length)
            near = self.lag(end - length, first, length)
            found.append((first, near))
        return found

    def lags(self, offsets: Sequence[int], ends: Sequence[int]) -> tuple[int, int, int]:
        """At the begin, in the middle and at the end of the book."""
        total = len(self.reference)
        places = [int(total * share) for share in (0.02, 0.5, 0.97)]
        first, middle, last = (self.lag(place, offsets[_source_of(ends, place)]) for place in places)
        return first, middle, last

    def lag(self, place: int, near: int, length: int | None = None) -> int:
        """Samples by which the output's copy of what begins at `place` comes late, within half a second of `near`."""
        length = length or int(_MATCH_SECONDS * self.rate)
        search = int(_SEARCH_SECONDS * self.rate)
        wanted = _piece(self.reference, place, length)
        around = _piece(self.sound, place + near - search, length + 2 * search)
        return near + _best_match(wanted, around) - search

    def find(self, heard: Sound, near: int) -> int:
        """The sample of the reference where what was heard begins, within half a second of `near`."""
        search = int(_SEARCH_SECONDS * self.rate)
        around = _piece(self.reference, near - search, len(heard) + 2 * search)
        return near - search + _best_match(np.asarray(heard, np.float64), around)

    def snr(self, place: int, lag: int) -> float:
        """In the window around `place`, in dB."""
        begin = place - self.window // 2
        signal = _piece(self.reference, begin, self.window)
        error = _piece(self.sound, begin + lag, self.window) - signal
        return _decibels(float(signal @ signal), float(error @ error))

    def loudness(self, place: int) -> float:
        signal = _piece(self.reference, place - self.window // 2, self.window)
        return float(np.sqrt(np.mean(signal * signal)))


class _Places:
    """Signal-to-noise at chosen places, held against many places elsewhere."""

    def __init__(self, compared: _Compared, single: Sound | None, ends: Sequence[int], offsets: Sequence[int]) -> None:
        self._compared, self._ends, self._offsets = compared, ends, offsets
        self._single = None if single is None else _Compared(compared.reference, single, compared.rate)
        self._single_lag = self._single.lag(0, 0) if self._single else 0
        random = np.random.default_rng(1)
        margin = min(compared.rate, len(compared.reference) // 4)
        places = random.integers(margin, len(compared.reference) - margin, _PLACES).tolist()
        self.elsewhere = [(compared.loudness(place), self._snr(place)) for place in places if self._audible(place)]

    def at(self, places: Sequence[int]) -> Seams:
        heard = [place for place in places if self._audible(place)]
        if not heard:
            return Seams(len(places), 0, None, None, None)
        found = [self._snr(place) for place in heard]
        below = [self._usual(place) - snr for place, snr in zip(heard, found, strict=True)]
        return Seams(
            count=len(places),
            audible=len(heard),
            median=statistics.median(found),
            below=statistics.median(below),
            # Of a median, for values that spread like these: 1.25 times that of the mean.
            spread=1.25 * statistics.stdev(below) / len(below) ** 0.5 if len(below) > 1 else None,
            below_single=self._below_single(heard, found),
        )

    def _below_single(self, places: Sequence[int], found: Sequence[float]) -> float | None:
        if self._single is None:
            return None
        single = [self._single.snr(place, self._single_lag) for place in places]
        return statistics.median(theirs - ours for theirs, ours in zip(single, found, strict=True))

    def _audible(self, place: int) -> bool:
        return self._compared.loudness(place) > _AUDIBLE

    def _usual(self, place: int) -> float:
        """The median of the places elsewhere that are most nearly as loud."""
        loudness = self._compared.loudness(place)
        nearest = sorted(self.elsewhere, key=lambda each: abs(np.log(each[0] / loudness)))[:_NEIGHBOURS]
        return statistics.median(snr for _, snr in nearest)

    def _snr(self, place: int) -> float:
        """At a place where two sources meet, by the lag before it or after it: whichever is worse."""
        half = self._compared.window // 2
        around = {self._offsets[_source_of(self._ends, place + side)] for side in (-half, half)}
        return min(self._compared.snr(place, lag) for lag in around)


def _piece(sound: Sound, begin: int, length: int) -> npt.NDArray[np.float64]:
    """So many samples from there on; what lies outside is silence."""
    found = np.zeros(length)
    first, last = max(0, begin), min(len(sound), begin + length)
    if first < last:
        found[first - begin : last - begin] = sound[first:last]
    return found


def _best_match(wanted: npt.NDArray[np.float64], around: npt.NDArray[np.float64]) -> int:
    """Where in `around` the piece fits best, by normalised correlation."""
    size = 1 << (len(around) + len(wanted) - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(wanted, size))
    count = len(around) - len(wanted) + 1
    product = np.fft.irfft(spectrum, size)[:count]
    energy = np.cumsum(np.concatenate([[0.0], around * around]))
    loudness = np.sqrt(np.maximum(energy[len(wanted) :] - energy[:count], 1e-9))
    return int(np.argmax(product / loudness))


def _decibels(signal: float, error: float) -> float:
    if error <= signal * 10 ** (-_EXACT_DB / 10):
        return _EXACT_DB
    return float(10 * np.log10(max(signal, 1e-20) / error))


def referee() -> str:
    """The newest FFmpeg here: the one that the project ships."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@contextmanager
def decoded(
    paths: Sequence[Path], rate: int, folder: Path | None, *, program: str | None = None
) -> Iterator[tuple[Sound, list[int]]]:
    """All of them decoded end to end, on the disk and mapped; and the samples of each."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".f32") as file:
        target, ends = file.fileno(), [0]
        for path in paths:
            _decode(path, rate, target, program or ffmpeg())
            ends.append(os.lseek(target, 0, os.SEEK_END) // 4)
        yield np.memmap(file.name, np.float32, "r"), [end - start for start, end in pairwise(ends)]


@contextmanager
def _others(single: Path | None, rate: int, folder: Path | None) -> Iterator[Sound | None]:
    if single is None:
        yield None
        return
    with decoded([single], rate, folder, program=referee()) as (sound, _):
        yield sound


def _decode(path: Path, rate: int, target: int, program: str) -> None:
    """Append the file's sound to the open file, mono. What FFmpeg complains of is not asked: the samples tell."""
    command = [program, "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:a:0"]
    command += ["-ac", "1", "-ar", str(rate), "-f", "f32le", "pipe:1"]
    subprocess.run(command, check=True, stdout=target, stderr=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one program reads of a file: seconds by the container, chapters, and the samples of all whole packets."""

    reader: str
    seconds: float
    chapters: list[float]
    samples: int | None = None
    title: str | None = None


def readings(path: Path) -> list[Reading]:
    """The file as three other programs read it."""
    form = _ffprobe(path, "-show_format")["format"]
    title = form.get("tags", {}).get("title")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        seconds = float((stream.duration or 0) * (stream.time_base or 0))
        name = container.metadata.get("title")
        samples = sum(frame.samples for frame in container.decode(stream))
    file = MP4(path)
    names = (file.tags or {}).get("\xa9nam") or [None]
    return [
        Reading("ffprobe", _stream(path)[1], _chapter_starts(path, "ffprobe"), title=title),
        Reading("PyAV", seconds, _chapter_starts(path, "PyAV"), samples, name),
        Reading("mutagen", file.info.length, _chapter_starts(path, "mutagen"), title=names[0]),
    ]


def _stream(path: Path) -> tuple[int, float]:
    """Rate and duration of the sound, as the container says."""
    found = _ffprobe(path, "-show_streams", "-select_streams", "a:0")["streams"][0]
    return int(found["sample_rate"]), float(found["duration"])


def _chapter_starts(path: Path, reader: str) -> list[float]:
    """Seconds at which chapters begin, as another program reads them."""
    if reader == "ffprobe":
        return [float(chapter["start_time"]) for chapter in _ffprobe(path, "-show_chapters")["chapters"]]
    if reader == "PyAV":
        with av.open(str(path)) as container:
            return [float(chapter["start"] * (chapter["time_base"] or 0)) for chapter in container.chapters()]
    return [chapter.start for chapter in MP4(path).chapters or ()]


def _ffprobe(path: Path, *what: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", *what, "-of", "json", f"file:{path}"]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found
