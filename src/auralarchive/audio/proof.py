"""Runs every check of `verify` over one finished (or kept) file and says what was proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from auralarchive.audio.chapters import Part
from auralarchive.audio.envelope import Loudness
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.probe import damaged
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.sources import Source
from auralarchive.audio.verify import (
    Decoded,
    check_structure,
    count_foreign,
    decode_all,
    failed,
    file_digest,
    packets_digest,
    right_length,
    same_sound,
)
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, PermanentError
from auralarchive.ports.work import CancelToken


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the finished file must be. `copied` computes the digest of the sources' packets, for a copy."""

    movie: Movie
    parts: Sequence[Part]
    copied: Callable[[], str] | None = None
    loudness: Loudness | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved, and the digests that came with it; digests are SHA-256 in hex."""

    sha256: str
    sources: tuple[str, ...]
    samples: int
    packets: int
    packets_sha256: str | None
    loudness_compared: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "decoded_samples": self.samples,
            "packets": self.packets,
            "packets_sha256": self.packets_sha256,
            "loudness_compared": self.loudness_compared,
        }


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves one file; `span` is the part of the whole progress that this takes."""

    ffmpeg: Ffmpeg
    limits: Limits
    cancel: CancelToken
    meter: Meter
    span: tuple[float, float]

    def made(self, fd: int, expected: Expectation, sources: Sequence[Source]) -> Proof:
        """Prove a file that we made. Raises `Damaged` (of a source) and `PermanentError` (of our work)."""
        movie = expected.movie
        found = check_structure(fd, movie)
        track = found.audio[0]
        config = parse_config(track.config)
        foreign = count_foreign(fd, track.packets, config.channels)
        if foreign:
            raise self._bad_packets(foreign, expected)
        with ThreadPoolExecutor(1, "digest") as pool:
            digests = pool.submit(self._digests, fd, sources)
            decoded = self._decode(fd, found, movie.playing / movie.timescale)
            self._judge(decoded, expected)
            if not right_length(decoded, config, movie.playing, movie.timescale, movie.movie_timescale):
                raise failed(f"it decodes to {decoded.samples} samples instead of {movie.playing}")
            copied = self._compare_packets(fd, found, expected)
            sha256, hashes = digests.result()
        if expected.loudness is not None and not same_sound(expected.loudness, decoded.loudness):
            raise failed("it does not sound like its sources")
        return Proof(sha256, hashes, decoded.samples, len(movie.sizes), copied, expected.loudness is not None)

    def kept(self, fd: int, found: Mp4, part: Part, source: Source) -> Proof:
        """Prove a file that is to be kept as it is. Raises `Damaged`."""
        track = found.audio[0]
        config = parse_config(track.config)
        if count_foreign(fd, track.packets, config.channels):
            raise damaged(source, "parts of its sound are overwritten")
        with ThreadPoolExecutor(1, "digest") as pool:
            digests = pool.submit(self._digests, fd, ())
            decoded = self._decode(fd, found, track.seconds)
            self._judge_part(decoded, part, 0.0)
            sha256, _ = digests.result()
        missing = track.seconds - decoded.samples / decoded.rate
        if missing > 0.5:
            raise damaged(source, f"it ends {missing:.1f} seconds too early", decoded.samples / decoded.rate)
        return Proof(sha256, (sha256,), decoded.samples, len(track.packets), None, False)

    def _digests(self, fd: int, sources: Sequence[Source]) -> tuple[str, tuple[str, ...]]:
        hashes = []
        for source in sources:
            with source.open() as source_fd:
                hashes.append(file_digest(source_fd, self._heartbeat))
        return file_digest(fd, self._heartbeat), tuple(hashes)

    def _heartbeat(self, _count: int) -> None:
        self.cancel.check()

    def _decode(self, fd: int, found: Mp4, seconds: float) -> Decoded:
        track = found.audio[0]
        config = parse_config(track.config)
        step = self.meter.span(*self.span, seconds * config.output_rate)
        return decode_all(self.ffmpeg, self.limits, self.cancel, fd, track, step)

    def _compare_packets(self, fd: int, found: Mp4, expected: Expectation) -> str | None:
        if expected.copied is None:
            return None
        ours = packets_digest(fd, found.audio[0].packets, self._heartbeat)
        if ours != expected.copied():
            raise failed("its packets are not those of its sources")
        return ours

    def _judge(self, decoded: Decoded, expected: Expectation) -> None:
        """Blame a complaint on the source in whose part of the book it came."""
        second = decoded.second or 0.0
        scale = expected.movie.timescale
        part = next(
            (part for part in reversed(expected.parts) if part.start / scale <= second + 0.05), expected.parts[0]
        )
        if decoded.complaint and expected.copied is None:
            raise failed(f"at {second:.1f} s: {decoded.complaint}")
        self._judge_part(decoded, part, part.start / scale)

    def _judge_part(self, decoded: Decoded, part: Part, start: float) -> None:
        if decoded.complaint:
            raise damaged(part.probe.source, decoded.complaint, max(0.0, (decoded.second or 0.0) - start))
        if decoded.silent:
            raise Damaged("The book is silent from beginning to end.", "Choose another release.")

    @staticmethod
    def _bad_packets(count: int, expected: Expectation) -> PermanentError:
        if expected.copied is None:
            return failed(f"{count} of its packets are no AAC")
        return Damaged(
            f"{count} packets of {expected.parts[0].probe.source.name} or the files after it are no sound.",
            "Fetch it again, or choose another release.",
            kind=FailureKind.DAMAGED_AUDIO,
        )
