"""The encode route as a whole: from the probes to packets, each source at its exact place.

Two ways lead there. Where every source tells its exact length and can be cut anywhere, FFmpeg reads the
sources itself, unit by unit (`unitencoder.py`): nothing passes through us. All others, and those whose
headers turn out to be wrong, are decoded one after another and counted (`spool.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from auralarchive.audio import fingerprint
from auralarchive.audio.chapters import Marks, Part
from auralarchive.audio.decode import Decoder
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.fingerprint import Prints
from auralarchive.audio.grid import ALIGNED, FRAME, RUN_IN, Unit, own_frames, pieces, units
from auralarchive.audio.join import Joined, join
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.config import build as build_config
from auralarchive.audio.mp4.writer import Movie, aac_description
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import Probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import LinkedToken
from auralarchive.audio.results import Results
from auralarchive.audio.spool import Spooler
from auralarchive.audio.unitencoder import Complained, Files, Inexact, Made, UnitEncoder, encoder_arguments
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import PermanentError, TransientError
from auralarchive.ports.work import CancelToken

#: Of these FFmpeg decodes the same samples wherever it begins.
_CUTTABLE = (Kind.MP3, Kind.FLAC, Kind.WAV, Kind.AIFF)
#: Sources that one FFmpeg reads: each is an open file and a decoder.
_MOST_PIECES = 100


@dataclass(frozen=True, slots=True)
class Encoded:
    """The book as packets, each source's exact place, and the fingerprint of what went in."""

    target: Format
    joined: Joined
    samples: int
    parts: tuple[Part, ...]
    prints: Prints
    stride: int
    arguments: tuple[str, ...]
    way: str

    def decisions(self) -> dict[str, Any]:
        """How it was encoded, for the recipe."""
        return {
            **asdict(self.target),
            "way": self.way,
            "arguments": list(self.arguments),
            "joints": list(self.joined.joints),
            "joints_without_agreement": self.joined.disagreeing,
            "fingerprint_stride": self.stride,
        }

    def movie(self, marks: Marks) -> Movie:
        """The M4B around the packets: one frame of the encoder's delay is skipped, the length is exact."""
        sizes = self.joined.sizes
        count = len(sizes)
        over = count * FRAME - FRAME - self.samples
        if not 0 <= over < FRAME:
            raise PermanentError(
                f"The encoder gave {count} packets for {self.samples} samples.",
                "Try another FFmpeg.",
                kind=FailureKind.ENCODER_FAILED,
            )
        deltas = [(count, FRAME)] if not over else [(count - 1, FRAME), (1, FRAME - over)]
        config = build_config(self.target.rate, self.target.channels)
        bits = int(sizes.sum()) * 8 * self.target.rate // self.samples
        description = aac_description(config, self.target.rate, self.target.channels, bits)
        return Movie(description, self.target.rate, sizes, deltas, FRAME, self.samples, marks)


@dataclass(slots=True)
class EncodeRoute:
    """Turns probes into packets. `tolerant`: damage in the sources becomes a warning."""

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    jobs: int
    scratch: Path
    results: Results
    cancel: CancelToken
    warnings: list[str]
    tolerant: bool = False

    def run(
        self, probes: Sequence[Probe], hashes: Sequence[str], progress: Callable[[float], Callable[[float], None]]
    ) -> Encoded:
        """Encode everything. `hashes` are the sources' SHA-256; `progress` is given the work in samples.

        Raises: `Damaged` naming file and second, `TransientError`, `PermanentError`, and as `run` does.
        """
        lengths = _lengths(probes, self.target)
        if lengths is not None:
            try:
                return self._direct(probes, hashes, lengths, progress)
            except Inexact as found:
                self.warnings.append(f"A source is not what its header says ({found}): it was counted instead.")
            except Complained:
                self._name_the_damage(probes)
        return self._serial(probes, progress)

    # FFmpeg reads the sources

    def _direct(
        self,
        probes: Sequence[Probe],
        hashes: Sequence[str],
        lengths: Sequence[int],
        progress: Callable[[float], Callable[[float], None]],
    ) -> Encoded:
        samples = sum(lengths)
        cut = units(samples, self._own(samples, lengths))
        feeds = [Files([each.source for each in probes], hashes, pieces(unit, lengths)) for unit in cut]
        with self._encoder(lengths, progress(sum(unit.samples for unit in cut))) as encoder:
            made = _all_or_none(encoder, self.jobs, cut, feeds)
            parts = [
                Part(probe, end - length, length)
                for probe, length, end in zip(probes, lengths, accumulate(lengths), strict=True)
            ]
            return self._encoded(encoder, made, samples, parts, "direct")

    def _own(self, samples: int, lengths: Sequence[int]) -> int:
        """Frames of a unit: fewer where so many sources would fall into one that FFmpeg had too many open."""
        own = own_frames(samples / self.target.rate, self.target.rate)
        most = max(1, len(lengths) * own * FRAME // samples)
        return max(2 * RUN_IN, own * _MOST_PIECES // most // ALIGNED * ALIGNED) if most > _MOST_PIECES else own

    # We decode the sources

    def _serial(self, probes: Sequence[Probe], progress: Callable[[float], Callable[[float], None]]) -> Encoded:
        estimate = int(sum(each.seconds for each in probes) * self.target.rate)
        own = own_frames(estimate / self.target.rate, self.target.rate)
        with self._encoder([int(each.seconds * self.target.rate) for each in probes], progress(estimate)) as encoder:
            spooler = Spooler(encoder, self.scratch, own, self.jobs)
            try:
                parts = list(self._decode(probes, spooler))
                made = spooler.finish()
            except (Complained, Inexact) as error:
                raise TransientError(f"FFmpeg failed to encode: {error}.", kind=FailureKind.ENCODER_FAILED) from error
            finally:
                encoder.cancel.cancel()
                spooler.close()
            return self._encoded(encoder, made, spooler.samples, parts, "decoded")

    def _decode(self, probes: Sequence[Probe], spooler: Spooler) -> Iterator[Part]:
        decoder = Decoder(self.ffmpeg, self.limits, self.target, self.cancel, self.warnings if self.tolerant else None)
        for each in probes:
            start = spooler.samples
            decoder.decode(each, spooler.take)
            yield Part(each, start, spooler.samples - start)

    def _name_the_damage(self, probes: Sequence[Probe]) -> None:
        """FFmpeg complained about one of the sources: find out which, and where. Raises `Damaged`."""
        if self.tolerant:
            return
        decoder = Decoder(self.ffmpeg, self.limits, self.target, self.cancel)
        for each in probes:
            decoder.decode(each, lambda data: None)

    # Both

    @contextmanager
    def _encoder(self, lengths: Sequence[int], on_samples: Callable[[float], None]) -> Iterator[UnitEncoder]:
        """After an error here the encoders that still run have nothing to work for."""
        helpers = LinkedToken(self.cancel)
        stride = fingerprint.stride_for(lengths)
        try:
            yield UnitEncoder(self.ffmpeg, self.limits, self.target, stride, self.results, helpers, on_samples)
        finally:
            helpers.cancel()

    def _encoded(
        self, encoder: UnitEncoder, made: Sequence[Made], samples: int, parts: Sequence[Part], way: str
    ) -> Encoded:
        return Encoded(
            target=self.target,
            joined=join(made),
            samples=samples,
            parts=tuple(parts),
            prints=_one_print(encoder, made),
            stride=encoder.stride,
            arguments=tuple(encoder_arguments(self.target)),
            way=way,
        )


def _lengths(probes: Sequence[Probe], target: Format) -> list[int] | None:
    """Each source's samples, where all tell it, are of the target's rate and can be cut anywhere."""
    lengths = [
        each.samples or 0 if each.source.kind in _CUTTABLE and each.rate == target.rate else 0 for each in probes
    ]
    return lengths if all(lengths) else None


def _all_or_none(encoder: UnitEncoder, jobs: int, cut: Sequence[Unit], feeds: Sequence[Files]) -> list[Made]:
    """The units in order; with the first failure the others are stopped."""
    with ThreadPoolExecutor(jobs, "encode") as pool:
        running = [pool.submit(encoder.encode, unit, feed) for unit, feed in zip(cut, feeds, strict=True)]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for one in done:
                one.result()
        finally:
            encoder.cancel.cancel()
    return [one.result() for one in running]


def _one_print(encoder: UnitEncoder, made: Sequence[Made]) -> Prints:
    """The fingerprint of the whole book. Raises `Inexact` where two units were not given the same sound to overlap."""
    whole = [encoder.prints(one) for one in made]
    for (before, one), (after, other) in pairwise(zip(made, whole, strict=True)):
        common = (after.unit.begin, before.unit.stop)
        if not np.array_equal(one.within(*common).windows, other.within(*common).windows):
            raise Inexact(f"another sound after a seek to the sample {after.unit.begin}")
    return fingerprint.together(
        [
            prints.within(one.unit.start * FRAME, min(one.unit.end * FRAME, one.unit.stop))
            for one, prints in zip(made, whole, strict=True)
        ]
    )
