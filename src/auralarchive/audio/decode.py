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
from auralarchive.ports.errors import Damaged
from auralarchive.ports.work import CancelToken

#: Seconds by which a lossy source's own idea of its length may be wrong.
_TOLERATED_SECONDS = 1.0
_TOLERATED_PART = 0.02


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes one source after the other into `target`'s rate and channels, as 32-bit floats.

    Damage is an error, or where `warnings` are taken one of these: then what can be decoded is what there is.
    """

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    cancel: CancelToken
    warnings: list[str] | None = None

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
            # The walk has seen that every frame is whole: what FFmpeg misses in the tags between them is no loss.
            if outcome.returncode or (outcome.errors and not probe.glued):
                second = self._second(command, fd) if outcome.errors else None
                self._tell(damaged(source, outcome.complaint, second))
        window.close()
        if not window.given:
            raise damaged(source, "there is no sound in it")
        missing = _missing_seconds(probe, window.given, self.target.rate)
        if missing:
            self._tell(damaged(source, f"it ends {missing:.1f} seconds too early", window.given / self.target.rate))
        return window.given

    def _tell(self, damage: Damaged) -> None:
        if self.warnings is None:
            raise damage
        self.warnings.append(damage.reason)

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


def _missing_seconds(probe: Probe, samples: int, rate: int) -> float:
    """By how much the sound is too short; 0.0 where that may be an estimate's fault."""
    seconds = samples / rate
    if probe.samples is not None:
        missing = probe.samples / probe.rate - seconds
        tolerated = 2048 / probe.rate
    else:
        # Only a too short sound is damage: headers of streams without an index are estimates.
        missing = probe.seconds - seconds if probe.source.kind is not Kind.MP3 else 0.0
        tolerated = max(_TOLERATED_SECONDS, _TOLERATED_PART * probe.seconds)
    return missing if missing > tolerated else 0.0
