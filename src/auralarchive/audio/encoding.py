"""The encode route as a whole: sources are decoded one after another into one stream, encoded and joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from auralarchive.audio.chapters import Marks, Part
from auralarchive.audio.decode import Decoder
from auralarchive.audio.encode import FRAME, Encoder, SegmentedEncoder, fed_bytes, segment_frames
from auralarchive.audio.envelope import Envelope, Loudness
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.join import Joiner
from auralarchive.audio.mp4.config import build as build_config
from auralarchive.audio.mp4.track import Numbers
from auralarchive.audio.mp4.writer import Movie, aac_description
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import Probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import LinkedToken
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, PermanentError
from auralarchive.ports.work import CancelToken


@dataclass(frozen=True, slots=True)
class Encoded:
    """The book as packets: their sizes, each source's exact place, and how loud the sources were."""

    target: Format
    sizes: Numbers
    samples: int
    parts: tuple[Part, ...]
    loudness: Loudness
    joints: tuple[int, ...]
    disagreeing: int
    arguments: tuple[str, ...]

    def movie(self, marks: Marks) -> Movie:
        """The M4B around the packets: one frame of the encoder's delay is skipped, the length is exact."""
        count = len(self.sizes)
        over = count * FRAME - FRAME - self.samples
        if not 0 <= over < FRAME:
            raise PermanentError(
                f"The encoder gave {count} packets for {self.samples} samples.",
                "Try another FFmpeg.",
                kind=FailureKind.ENCODER_FAILED,
            )
        deltas = [(count, FRAME)] if not over else [(count - 1, FRAME), (1, FRAME - over)]
        config = build_config(self.target.rate, self.target.channels)
        bits = int(self.sizes.sum()) * 8 * self.target.rate // self.samples
        description = aac_description(config, self.target.rate, self.target.channels, bits)
        return Movie(description, self.target.rate, self.sizes, deltas, FRAME, self.samples, marks)


@dataclass(slots=True)
class EncodeRoute:
    """Turns probes into packets; `on_fed` hears the part of the work (bytes) that was just done."""

    ffmpeg: Ffmpeg
    limits: Limits
    target: Format
    jobs: int
    cancel: CancelToken
    parts: list[Part] = field(default_factory=list)

    def work(self, probes: Sequence[Probe]) -> tuple[int, float]:
        """Frames of a segment, and bytes that will be fed in all."""
        seconds = sum(each.seconds for each in probes)
        own = segment_frames(self.target, seconds, self.jobs)
        return own, fed_bytes(self.target, seconds, own)

    def run(self, probes: Sequence[Probe], fd: int, own: int, on_fed: Callable[[float], None]) -> Encoded:
        """Encode everything into the file open as `fd`. Raises as `Decoder.decode` and `Encoder.encode` do."""
        helpers = LinkedToken(self.cancel)
        joiner = Joiner(fd)
        envelope = Envelope(self.target.rate, self.target.channels)
        worker = Encoder(self.ffmpeg, self.limits, self.target, helpers, on_fed)
        encoder = SegmentedEncoder(worker, own, self.jobs, joiner.add)
        try:
            self._decode(probes, encoder, envelope)
            encoder.finish()
            sizes = joiner.finish()
        finally:
            # After an error here the encoders that still run have nothing to work for.
            helpers.cancel()
            encoder.close()
        return Encoded(
            target=self.target,
            sizes=sizes,
            samples=encoder.samples,
            parts=tuple(self.parts),
            loudness=envelope.values(),
            joints=tuple(joiner.joints),
            disagreeing=joiner.disagreeing,
            arguments=tuple(worker.arguments()),
        )

    def _decode(self, probes: Sequence[Probe], encoder: SegmentedEncoder, envelope: Envelope) -> None:
        decoder = Decoder(self.ffmpeg, self.limits, self.target, self.cancel)

        def take(data: bytes) -> None:
            envelope.take(data)
            encoder.take(data)

        for each in probes:
            start = encoder.samples
            decoder.decode(each, take)
            self.parts.append(Part(each, start, encoder.samples - start))
        values = envelope.values()
        if len(values) and not float(values.max()):
            raise Damaged("The book is silent from beginning to end.", "Choose another release.")
