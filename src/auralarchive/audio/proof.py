"""Runs every check over one finished (or kept) file and says what was proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from auralarchive.audio import fingerprint
from auralarchive.audio.chapters import Part
from auralarchive.audio.decode import Decoder
from auralarchive.audio.digests import file_digest
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.fingerprint import Likeness, Prints
from auralarchive.audio.listen import Heard, Listener, Unclean, can_listen
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.track import AudioTrack
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import Probe, damaged
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.verify import check_structure, decode_all, failed, plays, right_length, strange_packets
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged
from auralarchive.ports.work import CancelToken

#: A source that is silent for so long is no pause between chapters.
_SILENT_SECONDS = 60
#: Of 32768, and of 1.0: what a player's loudest setting would not let hear.
_SILENT_PEAK = 8
_SILENT = _SILENT_PEAK / 32768
#: A channel's packet of silence has some five bytes; of the thriftiest speech, several times as many.
_SILENT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the finished file must be: its tables, and where each source lies in it (in ticks)."""

    movie: Movie
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Sounded(Expectation):
    """Of an encode: the fingerprint of what went in, of every `stride`th window."""

    prints: Prints
    stride: int


@dataclass(frozen=True, slots=True)
class Copied(Expectation):
    """Of a copy: compares the file's packets with the sources' and tells how many are the same bytes."""

    same: Callable[[int, AudioTrack], int]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved. `decoded_samples` is None where packets were compared and nothing was decoded."""

    sha256: str
    packets: int
    identical_packets: int | None
    decoded_samples: int | None
    parts: tuple[tuple[str, Likeness], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "packets": self.packets,
            "identical_packets": self.identical_packets,
            "decoded_samples": self.decoded_samples,
            "parts": [{"source": name, **asdict(likeness)} for name, likeness in self.parts],
        }


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves one file; `span` is the part of the whole progress that this takes.

    `complete` decodes copies from beginning to end too, `tolerant` makes warnings of damage in the sources.
    """

    ffmpeg: Ffmpeg
    limits: Limits
    cancel: CancelToken
    meter: Meter
    span: tuple[float, float]
    jobs: int
    complete: bool
    warnings: list[str]
    tolerant: bool = False

    def encoded(self, fd: int, expected: Sounded) -> Proof:
        """Prove an encode of ours. Raises `Damaged` (of a source) and `PermanentError` (of our work)."""
        movie = expected.movie
        track = check_structure(fd, movie).audio[0]
        with self._aside(fd, played=True) as digest:
            self._own_packets(fd, track)
            try:
                heard = self._listen(fd, track, expected.stride)
            except Unclean as error:
                raise failed(f"its sound: {error}") from error
            if not movie.playing <= heard.samples < movie.playing + 1024:
                raise failed(f"it decodes to {heard.samples} samples instead of {movie.playing}")
            likenesses = tuple(self._compare(expected, heard.prints))
            self._look_for_silence(expected, heard.prints)
            return Proof(digest(), len(movie.sizes), None, movie.playing, likenesses)

    def copied(self, fd: int, expected: Copied) -> Proof:
        """Prove a copy of ours. Raises as `encoded` does."""
        movie = expected.movie
        found = check_structure(fd, movie)
        track = found.audio[0]
        with self._aside(fd, played=self.complete) as digest:
            suspicious = self._copied_packets(fd, track, expected)
            identical = expected.same(fd, track)
            samples = self._whole(fd, found, expected) if self.complete or suspicious else None
            return Proof(digest(), len(movie.sizes), identical, samples)

    def kept(self, fd: int, found: Mp4, expected: Expectation) -> Proof:
        """Prove a file that is to be kept as it is. Raises `Damaged`."""
        track = found.audio[0]
        with self._aside(fd, played=False) as digest:
            suspicious = self._copied_packets(fd, track, expected)
            samples = self._whole(fd, found, expected) if self.complete or suspicious else None
            count = len(track.packets)
            return Proof(digest(), count, count, samples)

    # The single proofs

    @contextmanager
    def _aside(self, fd: int, *, played: bool) -> Iterator[Callable[[], str]]:
        """The file's own digest, and a player's opinion of it, taken in threads while the other checks go on."""
        with ThreadPoolExecutor(2, "proof") as pool:
            digest = pool.submit(file_digest, fd, self.cancel.check)
            complaint = pool.submit(plays, self.ffmpeg, self.limits, self.cancel, fd) if played else None

            def both() -> str:
                if complaint is not None and complaint.result():
                    raise failed(f"a player complains: {complaint.result()}")
                return digest.result()

            yield both

    def _own_packets(self, fd: int, track: AudioTrack) -> None:
        begins, ends = strange_packets(fd, track.packets, parse_config(track.config).channels)
        if len(begins) or len(ends):
            raise failed(f"{max(len(begins), len(ends))} of its packets are no AAC")

    def _copied_packets(self, fd: int, track: AudioTrack, expected: Expectation) -> bool:
        """Look at both ends of each packet; returns whether something is suspicious, so that only a decode can tell."""
        begins, ends = strange_packets(fd, track.packets, parse_config(track.config).channels)
        if len(begins):
            movie = expected.movie
            second = max(0, int(begins[0]) * track.media_duration // len(track.packets) - movie.skip) / movie.timescale
            part = _part_at(expected, second)
            what = f"{len(begins)} packets are no sound"
            self._tell(damaged(part.probe.source, what, second - part.start / movie.timescale))
        return bool(len(ends)) or any(_next_to_nothing(track, part, expected.movie.skip) for part in expected.parts)

    def _listen(self, fd: int, track: AudioTrack, stride: int) -> Heard:
        config = parse_config(track.config)
        step = self.meter.span(*self.span, len(track.packets) * config.frame)
        listener = Listener(self.ffmpeg, self.limits, self.cancel, self.jobs, step)
        return listener.listen(fd, track.packets, config, stride)

    def _compare(self, expected: Sounded, heard: Prints) -> Iterator[tuple[str, Likeness]]:
        """Each source's windows against the same ones of the result."""
        for part in expected.parts:
            bounds = (part.start, part.start + part.length)
            ours = expected.prints.within(*bounds)
            likeness = fingerprint.compare(ours, heard.within(*bounds))
            name = part.probe.source.name
            if not likeness.same:
                raise failed(f"{name} does not sound in it as in itself ({likeness})")
            yield name, likeness

    def _whole(self, fd: int, found: Mp4, expected: Expectation) -> int:
        """Decode all of a copy; complaints are blamed on the source in whose part of the book they come."""
        track = found.audio[0]
        config = parse_config(track.config)
        if can_listen(config):
            try:
                heard = self._listen(fd, track, fingerprint.stride_for([part.length for part in expected.parts]))
            except Unclean:
                pass  # The slow way knows more of odd streams, and finds the second.
            else:
                self._look_for_silence(expected, heard.prints)
                return heard.samples
        return self._slowly(fd, found, expected)

    def _slowly(self, fd: int, found: Mp4, expected: Expectation) -> int:
        movie, track = expected.movie, found.audio[0]
        config = parse_config(track.config)
        step = self.meter.span(*self.span, track.seconds * config.output_rate)
        decoded = decode_all(self.ffmpeg, self.limits, self.cancel, fd, track, step)
        second = decoded.second or 0.0
        if decoded.complaint:
            part = _part_at(expected, second + 0.05)
            start = part.start / movie.timescale
            self._tell(damaged(part.probe.source, decoded.complaint, max(0.0, second - start)))
        elif not right_length(decoded, config, movie.playing, movie.timescale, movie.movie_timescale):
            last = expected.parts[-1].probe.source
            what = f"it decodes to {decoded.samples} samples instead of {movie.playing}"
            self._tell(damaged(last, what, decoded.samples / decoded.rate))
        if decoded.peak <= _SILENT:
            self._silent("The book")
        return decoded.samples

    def _look_for_silence(self, expected: Expectation, heard: Prints) -> None:
        """A source without any sound is no part of a book. Quiet windows are no proof: then all of it is decoded."""
        least = _SILENT_SECONDS * expected.movie.timescale
        quiet = [part for part in expected.parts if _is_quiet(heard, part)]
        if len(quiet) < len(expected.parts):
            quiet = [part for part in quiet if part.length > least]
        silent = [part.probe.source.name for part in quiet if self._peak(part.probe) <= _SILENT]
        if len(silent) == len(expected.parts):
            self._silent("The book")
        elif len(quiet) < len(expected.parts):
            for name in silent:
                self._silent(name)

    def _peak(self, probe: Probe) -> float:
        peak = 0.0

        def sink(data: bytes) -> None:
            nonlocal peak
            peak = max(peak, float(np.abs(np.frombuffer(data, "<f4")).max(initial=0.0)))

        shape = Format(probe.rate, min(2, probe.channels), 0, "fast")
        Decoder(self.ffmpeg, self.limits, shape, self.cancel, []).decode(probe, sink)
        return peak

    def _silent(self, what: str) -> None:
        self._tell(
            Damaged(
                f"{what} is silent from beginning to end.", "Choose another release.", kind=FailureKind.DAMAGED_AUDIO
            )
        )

    def _tell(self, damage: Damaged) -> None:
        """An error, unless a person has said that damage is to be accepted."""
        if not self.tolerant:
            raise damage
        self.warnings.append(damage.reason)


def _is_quiet(heard: Prints, part: Part) -> bool:
    """In a copy the windows lie a little off the parts' bounds: only what lies well inside counts."""
    inside = heard.within(part.start + fingerprint.WINDOW, part.start + part.length - fingerprint.WINDOW).windows
    return fingerprint.peak(inside) <= _SILENT_PEAK


def _next_to_nothing(track: AudioTrack, part: Part, skip: int) -> bool:
    """Packets so small hold silence, if anything."""
    frame = track.frame or 1
    sizes = track.packets.sizes[(part.start + skip) // frame : (part.start + part.length + skip) // frame]
    return len(sizes) > 0 and float(sizes.mean()) < _SILENT_BYTES * track.channels


def _part_at(expected: Expectation, second: float) -> Part:
    scale = expected.movie.timescale
    return next((part for part in reversed(expected.parts) if part.start / scale <= second), expected.parts[0])
