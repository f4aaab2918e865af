"""Encodes a stream of samples as AAC: in parallel segments on one grid of frames, joined without a gap.

AAC knows frames of 1024 samples. The whole book is laid on one grid of such frames. Each segment is
encoded by a process of its own, with a run-in before its part (so that the encoder's rate control has
settled) and a little beyond its end; then each packet is taken from exactly one segment. Where one segment
hands over to the next, both must have chosen the same window for the packets on either side: then their
overlapping halves cancel their aliasing exactly as in a single encode, and nothing is heard.

Decoding feeds the segments in order, so any source can be cut anywhere, to the sample.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, pcm_input
from auralarchive.audio.join import Segment, from_adts
from auralarchive.audio.plan import Format
from auralarchive.audio.process import Limits, run
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken

FRAME = 1024
#: Frames of run-in: from 6 s on, joints measure like any other place of a single encode.
RUN_IN = 256
RUN_OUT = 8
_SEGMENT_BYTES = 96 * 1024 * 1024
_ALL_SEGMENTS_BYTES = 1024 * 1024 * 1024
_SHORTEST_SECONDS = 30
_LONGEST_SECONDS = 600


def segment_frames(target: Format, total_seconds: float, jobs: int) -> int:
    """Frames of one segment's own part: about two segments a job, bounded by memory."""
    frame_bytes = FRAME * 4 * target.channels
    budget = min(_SEGMENT_BYTES, _ALL_SEGMENTS_BYTES // (jobs + 2)) // frame_bytes
    seconds = min(_LONGEST_SECONDS, max(_SHORTEST_SECONDS, total_seconds / max(1, 2 * jobs)))
    return max(2 * RUN_IN, min(budget, int(seconds * target.rate / FRAME)))


def fed_bytes(target: Format, total_seconds: float, own_frames: int) -> float:
    """Bytes that all encoders together will be fed, run-ins included: for the progress."""
    frames = total_seconds * target.rate / FRAME
    overlaps = max(0.0, frames / own_frames - 1) * (RUN_IN + RUN_OUT)
    return (frames + overlaps) * FRAME * 4 * target.channels


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes one segment: samples in, packets out."""

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    cancel: CancelToken
    on_fed: Callable[[int], None]

    def arguments(self) -> list[str]:
        """The command line of one segment, without the program."""
        target = self.target
        return [
            *pcm_input(target.rate, target.channels),
            *("-c:a", "aac", "-aac_coder", target.coder, "-b:a", f"{target.bitrate_kbps}k"),
            # Without it every 256th packet carries the encoder's name, and no two encodes are alike.
            *("-flags:a", "+bitexact", "-f", "adts", "pipe:1"),
        ]

    def encode(self, samples: bytes) -> list[bytes]:
        """The packets of `samples` (32-bit floats, interleaved). Raises as `run` does, and `TransientError`."""
        target = self.target
        output = bytearray()
        command = [*base_command(self.ffmpeg), *self.arguments()]
        outcome = run(
            command, limits=self.limits, cancel=self.cancel, feed=samples, sink=output.extend, on_fed=self.on_fed
        )
        packets = from_adts(bytes(output))
        frames = len(samples) // (4 * target.channels * FRAME)
        rest = len(samples) % (4 * target.channels * FRAME)
        if not outcome.clean or len(packets) != frames + bool(rest) + 1:
            said = outcome.messages[-1] if outcome.messages else f"{len(packets)} packets of {frames + 1}"
            raise TransientError(f"FFmpeg failed to encode: {said}.", kind=FailureKind.ENCODER_FAILED)
        return packets


class SegmentedEncoder:
    """Takes samples in order and encodes them in segments, `jobs` at a time; hands segments out in order."""

    def __init__(self, encoder: Encoder, own_frames: int, jobs: int, on_segment: Callable[[Segment], None]) -> None:
        self._encoder = encoder
        self._frame_bytes = FRAME * 4 * encoder.target.channels
        self._own = own_frames
        self._jobs = jobs
        self._on_segment = on_segment
        self._pool = ThreadPoolExecutor(jobs, "encode")
        self._waiting: list[Future[Segment]] = []
        self._pending = bytearray()
        self._first = 0  # the grid's frame at the beginning of `_pending`
        self._start = 0  # the first frame of the segment that is being filled
        self.samples = 0

    def take(self, data: bytes) -> None:
        """More samples; blocks while all workers are busy and one segment waits."""
        self._pending += data
        self.samples += len(data) // (self._frame_bytes // FRAME)
        end = self._start + self._own
        while (end + RUN_OUT - self._first) * self._frame_bytes <= len(self._pending):
            self._submit((end + RUN_OUT - self._first) * self._frame_bytes)
            keep_from = end - RUN_IN
            del self._pending[: (keep_from - self._first) * self._frame_bytes]
            self._first, self._start = keep_from, end
            end += self._own

    def finish(self) -> None:
        """All samples are in: encode what is left, and wait for everything."""
        self._submit(len(self._pending))
        while self._waiting:
            self._hand_out()

    def close(self) -> None:
        """Wait until no worker runs any more (after a cancel they end by themselves)."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, length: int) -> None:
        samples = bytes(memoryview(self._pending)[:length])
        self._waiting.append(self._pool.submit(self._work, self._first, self._start, samples))
        while len(self._waiting) > self._jobs:
            self._hand_out()

    def _work(self, first: int, start: int, samples: bytes) -> Segment:
        return Segment(first, start, self._encoder.encode(samples))

    def _hand_out(self) -> None:
        self._on_segment(self._waiting.pop(0).result())
