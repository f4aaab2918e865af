"""Encodes one unit of a book in one FFmpeg, which reads the sources itself.

What goes in is laid end to end by FFmpeg's filters, to the sample; a copy of it, in a window here and there,
comes out as the unit's fingerprint. The packets go to a small MP4, whose tables tell how much sound the
encoder really got.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from auralarchive.audio import fingerprint
from auralarchive.audio.ffmpeg import Ffmpeg, base_command, source_arguments
from auralarchive.audio.fingerprint import Collector, Prints
from auralarchive.audio.grid import FRAME, Piece, Unit
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.plan import Format
from auralarchive.audio.process import Limits, Outcome, run
from auralarchive.audio.progress import Rising
from auralarchive.audio.results import PACKETS, PRINTS, Results, key_of
from auralarchive.audio.sources import Source
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken

#: Larger frames make the switch from source to source cheap.
_MIXED_SAMPLES = 16384
_FORMAT = 1
_READ_BYTES = 1024 * 1024


class Complained(Exception):
    """FFmpeg had something to say about the sources of a unit."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.complaint)
        self.outcome = outcome


class Inexact(Exception):
    """The sources of a unit gave other samples than their headers had promised."""


class Feed(Protocol):
    """Where a unit's sound comes from."""

    def opened(self) -> AbstractContextManager[list[int]]:
        """Descriptors of all that FFmpeg must read."""

    def arguments(self, target: Format, fds: Sequence[int]) -> tuple[list[str], str]:
        """(FFmpeg's inputs, the filters that make one stream of them, ready for another filter to follow)."""

    def identity(self) -> object:
        """What the sound depends on, as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Files:
    """Stretches of sources, read by FFmpeg itself; `hashes` are the sources' SHA-256."""

    sources: Sequence[Source]
    hashes: Sequence[str]
    pieces: Sequence[Piece]

    @contextmanager
    def opened(self) -> Iterator[list[int]]:
        with ExitStack() as stack:
            yield [stack.enter_context(self.sources[piece.source].open()) for piece in self.pieces]

    def arguments(self, target: Format, fds: Sequence[int]) -> tuple[list[str], str]:
        inputs: list[str] = []
        chains = []
        for number, (piece, fd) in enumerate(zip(self.pieces, fds, strict=True)):
            # Decoders need a run-in; whole seconds are whole samples at any rate.
            seconds = max(0, piece.begin // target.rate - 1)
            # With several inputs FFmpeg 5 reads each in a thread of its own, and the waiting costs a tenth of a decode.
            inputs += ["-thread_queue_size", "0", *(["-ss", str(seconds)] if seconds else [])]
            inputs += source_arguments(fd, self.sources[piece.source].kind)
            chains.append(f"[{number}:a:0]{_cut(piece, seconds * target.rate)},{_shape(target)}[s{number}]")
        joined = "".join(f"[s{number}]" for number in range(len(chains)))
        concat = f"{joined}concat=n={len(chains)}:v=0:a=1," if len(chains) > 1 else joined
        return inputs, ";".join([*chains, concat])

    def identity(self) -> object:
        return [[self.hashes[piece.source], piece.begin, piece.end] for piece in self.pieces]


def _cut(piece: Piece, sought: int) -> str:
    bounds = [f"start_sample={piece.begin - sought}"] if piece.begin > sought else []
    bounds += [f"end_sample={piece.end - sought}"] if piece.end is not None else []
    return f"asetnsamples={_MIXED_SAMPLES}:p=0" + (f",atrim={':'.join(bounds)}" if bounds else "")


def _shape(target: Format) -> str:
    layout = "mono" if target.channels == 1 else "stereo"
    return f"aformat=sample_fmts=fltp:channel_layouts={layout}"


def encoder_arguments(target: Format) -> list[str]:
    """What tells FFmpeg to encode as `target` says."""
    native = target.coder in ("fast", "twoloop")
    encoder = ("aac", "-aac_coder", target.coder) if native else (target.coder,)
    return [
        *("-c:a", *encoder, "-b:a", f"{target.bitrate_kbps}k"),
        # Without it every 256th packet carries the encoder's name, and no two encodes are alike.
        *("-flags:a", "+bitexact"),
    ]


@dataclass(frozen=True, slots=True)
class Made:
    """An encoded unit: where its packets lie in the file `path`, and its fingerprint.

    `reused`: it is of an earlier attempt.
    """

    unit: Unit
    path: Path
    packets: Packets
    prints: Path
    reused: bool = False


@dataclass(frozen=True, slots=True)
class UnitEncoder:
    """Encodes units; one instance serves several threads."""

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    stride: int
    results: Results
    cancel: CancelToken
    on_samples: Callable[[float], None]

    def encode(self, unit: Unit, feed: Feed) -> Made:
        """The unit, made now or in an earlier attempt.

        Raises: `Complained`, `Inexact`, `TransientError` where FFmpeg failed, and as `run` does.
        """
        key = self._key(unit, feed)
        reused = self.results.find(key) is not None
        if not reused:
            with self.results.making(key) as folder:
                self._run(unit, feed, folder)
                self._load(unit, folder)
        else:
            self.on_samples(unit.samples)
        found = self.results.find(key)
        if found is None:
            raise TransientError("A finished part of the encode has vanished.", kind=FailureKind.ENCODER_FAILED)
        return replace(self._load(unit, found), reused=reused)

    def _key(self, unit: Unit, feed: Feed) -> str:
        target = self.target
        shape = [target.rate, target.channels, self.stride, unit.begin, unit.samples]
        return key_of(_FORMAT, self.ffmpeg.version, encoder_arguments(target), shape, feed.identity())

    def _run(self, unit: Unit, feed: Feed, folder: Path) -> None:
        progress = _Progress(unit.samples, self.target.rate, self.on_samples)
        with feed.opened() as fds:
            command = self._command(unit, feed, fds, folder)
            outcome = run(command, limits=self.limits, cancel=self.cancel, sink=progress.take, fds=fds)
        if not outcome.clean:
            raise Complained(outcome)
        progress.end()

    def _command(self, unit: Unit, feed: Feed, fds: Sequence[int], folder: Path) -> list[str]:
        target = self.target
        inputs, laid = feed.arguments(target, fds)
        one_clock = f"asettb=1/{target.rate},asetpts=N"
        windows = f"asetnsamples={fingerprint.WINDOW}:p=0,asplit[x][z]"
        chosen = f"aselect={fingerprint.select(unit.begin, self.stride)},{fingerprint.mixed(target.channels)}"
        return [
            *base_command(self.ffmpeg),
            *("-progress", "pipe:1", "-stats_period", "0.25"),
            *inputs,
            *("-filter_complex_threads", "1"),
            *("-filter_complex", f"{laid}{one_clock},{windows};[z]{chosen}[y]"),
            *("-map", "[x]", *encoder_arguments(self.target), "-f", "mp4", "-movie_timescale", str(target.rate)),
            f"file:{folder / PACKETS}",
            *("-map", "[y]", "-c:a", "pcm_s16le", "-f", "s16le", f"file:{folder / PRINTS}"),
        ]

    def _load(self, unit: Unit, folder: Path) -> Made:
        """Read what FFmpeg has written, and see that it is all."""
        fd = os.open(folder / PACKETS, os.O_RDONLY | os.O_CLOEXEC)
        try:
            track = reader.read(fd).audio[0]
        except (Malformed, IndexError) as error:
            raise TransientError(
                f"FFmpeg wrote a unit that cannot be read: {error}.", kind=FailureKind.ENCODER_FAILED
            ) from error
        finally:
            os.close(fd)
        # The tables count the last packet only as far as there is sound in it. Of an encoder that comes
        # several frames late only one packet before the sound is kept: a decoder needs no more.
        delay = self.target.delay
        packets = track.packets.slice(delay - 1, len(track.packets))
        if track.media_duration != delay * FRAME + unit.samples or len(packets) != unit.packets:
            raise Inexact(f"{track.media_duration - delay * FRAME} samples instead of {unit.samples}")
        return Made(unit, folder / PACKETS, packets, folder / PRINTS)

    def prints(self, made: Made) -> Prints:
        """The fingerprint of what was encoded. Raises ValueError."""
        unit = made.unit
        collector = Collector(unit.begin, unit.stop, self.stride)
        with made.prints.open("rb") as file:
            while data := file.read(_READ_BYTES):
                collector.take(data)
        # A last window that is cut comes along where it is its turn.
        last, rest = divmod(unit.stop, fingerprint.WINDOW)
        return collector.prints(rest if last % self.stride == 0 else 0)


class _Progress:
    """Reads FFmpeg's own reports: how much is encoded."""

    def __init__(self, total: int, rate: int, on_samples: Callable[[float], None]) -> None:
        self._total = total
        self._rate = rate
        self._done = Rising(on_samples)
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"out_time_us" and value.strip().isdigit():
                # The last packet reaches beyond the end of the sound.
                self._done.to(min(self._total, int(value) * self._rate / 1_000_000))

    def end(self) -> None:
        self._done.to(self._total)
