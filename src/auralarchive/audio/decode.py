"""Decodes sources to one stream of samples, and counts: what FFmpeg really gives is the book's length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, pcm_output, source_arguments
from auralarchive.audio.kinds import Kind
from auralarchive.audio.locate import first_complaint
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import Probe, damaged
from auralarchive.audio.process import Limits, run
from auralarchive.ports.work import CancelToken

#: Seconds by which a lossy source's own idea of its length may be wrong.
_TOLERATED_SECONDS = 1.0
_TOLERATED_PART = 0.02


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes one source after the other into `target`'s rate and channels, as 32-bit floats."""

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    cancel: CancelToken

    def decode(self, probe: Probe, sink: Callable[[bytes], None]) -> int:
        """Give all samples of one source to `sink`; returns their number (a sample a channel).

        Raises: `Damaged` naming the file and the second, and as `run` does.
        """
        window = _Window(probe, self.target, sink)
        source = probe.source
        with source.open() as fd:
            command = [
                *base_command(self.ffmpeg),
                # The edit lists of many writers are in milliseconds: our own tables cut to the sample.
                *(["-ignore_editlist", "1"] if source.kind is Kind.MP4 else []),
                *source_arguments(fd, source.kind),
                *pcm_output(self.target.rate, self.target.channels),
            ]
            outcome = run(command, limits=self.limits, cancel=self.cancel, sink=window.take, fds=[fd])
            if not outcome.clean:
                second = self._second(command, fd) if outcome.errors else None
                raise damaged(source, outcome.complaint, second)
        window.close()
        _check_length(probe, window.given, self.target.rate)
        return window.given

    def _second(self, command: list[str], fd: int) -> float | None:
        rate = 4 * self.target.channels * self.target.rate
        return first_complaint(command, limits=self.limits, cancel=self.cancel, fd=fd, bytes_per_second=rate)


class _Window:
    """Lets through just the samples that are to be heard, whatever the decoder gives around them."""

    def __init__(self, probe: Probe, target: Format, sink: Callable[[bytes], None]) -> None:
        self.given = 0
        self._bytes = 4 * target.channels
        self._sink = sink
        self._skip, self._left = _bounds(probe, target.rate)
        self._rest = b""

    def take(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        whole = len(data) - len(data) % self._bytes
        data, self._rest = data[:whole], data[whole:]
        if self._skip:
            drop = min(self._skip * self._bytes, len(data))
            self._skip -= drop // self._bytes
            data = data[drop:]
        if self._left is not None:
            data = data[: self._left * self._bytes]
            self._left -= len(data) // self._bytes
        if data:
            self.given += len(data) // self._bytes
            self._sink(data)

    def close(self) -> None:
        self._rest = b""


def _bounds(probe: Probe, rate: int) -> tuple[int, int | None]:
    """Samples to skip and to take, in the target's rate, where an MP4's tables tell it."""
    aac = probe.aac
    if aac is None or probe.source.kind is not Kind.MP4:
        return 0, None
    skip = aac.skip * rate // aac.timescale
    return skip, -(-(aac.skip + aac.playing) * rate // aac.timescale) - skip


def _check_length(probe: Probe, samples: int, rate: int) -> None:
    seconds = samples / rate
    if not samples:
        raise damaged(probe.source, "there is no sound in it")
    if probe.samples is not None:
        missing = probe.samples / probe.rate - seconds
        tolerated = 2048 / probe.rate
    else:
        # Only a too short sound is damage: headers of streams without an index are estimates.
        missing = probe.seconds - seconds if probe.source.kind is not Kind.MP3 else 0.0
        tolerated = max(_TOLERATED_SECONDS, _TOLERATED_PART * probe.seconds)
    if missing > tolerated:
        raise damaged(probe.source, f"it ends {missing:.1f} seconds too early", seconds)
