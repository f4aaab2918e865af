"""Decodes a finished file, all of it: to see that it can be, and how it sounds.

The packets are handed to several FFmpegs as raw streams, a range of the book to each, so that a proof uses
all cores as an encode does. A decoder of AAC needs one packet of run-in: then every range gives exactly
the samples that a decode from the beginning gives there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from auralarchive.audio import adts, fingerprint
from auralarchive.audio.ffmpeg import Ffmpeg, adts_input, base_command
from auralarchive.audio.fingerprint import WINDOW, Collector, Prints
from auralarchive.audio.grid import ALIGNED, FRAME
from auralarchive.audio.mp4.config import AAC_LC, RATES, AacConfig
from auralarchive.audio.mp4.copying import batches, read_packets
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.process import Limits, run
from auralarchive.audio.progress import LinkedToken, Rising
from auralarchive.ports.work import CancelToken

_BATCH_BYTES = 1024 * 1024
_SHORTEST_FRAMES = 2048


class Unclean(Exception):
    """A decoder complained, or gave another number of samples than its packets hold."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a complete decode gave: samples a channel (the first packet's, the run-in, not counted), and windows of it.

    Windows are counted from the second packet's sound on: in files of ours that is the book's first sample.
    """

    samples: int
    prints: Prints


def can_listen(config: AacConfig) -> bool:
    """Whether the packets can be a raw stream that decodes to as many samples as it says: plain AAC-LC."""
    plain = config.object_type == AAC_LC and not config.sbr and config.frame == FRAME
    return plain and config.channels in (1, 2) and config.rate in RATES


@dataclass(frozen=True, slots=True)
class Listener:
    """Decodes the packets of one file in `jobs` ranges at once; `on_samples` hears what is done."""

    ffmpeg: Ffmpeg
    limits: Limits
    cancel: CancelToken
    jobs: int
    on_samples: Callable[[float], None]

    def listen(self, fd: int, packets: Packets, config: AacConfig, stride: int) -> Heard:
        """Decode all packets of the file open as `fd`. Raises `Unclean`, and as `run` does."""
        ranges = _ranges(len(packets) - 1, self.jobs)
        helpers = LinkedToken(self.cancel)
        with ThreadPoolExecutor(self.jobs, "listen") as pool:
            running = [
                pool.submit(self._range, fd, packets, config, stride, begin, end, helpers) for begin, end in ranges
            ]
            try:
                for one in wait(running, return_when=FIRST_EXCEPTION).done:
                    one.result()
            finally:
                helpers.cancel()
        prints = fingerprint.together([one.result() for one in running])
        return Heard((len(packets) - 1) * FRAME, prints)

    def _range(
        self, fd: int, packets: Packets, config: AacConfig, stride: int, begin: int, end: int, cancel: CancelToken
    ) -> Prints:
        """Frames `begin` to `end` of the book: the frame n sounds when the packet n + 1 has been decoded."""
        first, stop = begin * FRAME, end * FRAME
        last = (stop - first) // WINDOW
        # What lies behind the last whole window is let through as well: its length proves the count.
        wanted = f"{fingerprint.select(first, stride)}+gte(n\\,{last})"
        filters = [
            f"atrim=start_sample={FRAME}",
            f"asetnsamples={WINDOW}:p=0",
            f"aselect={wanted}",
            fingerprint.mixed(config.channels),
        ]
        output = ["-map", "0:a:0", "-af", ",".join(filters), "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
        collector = Collector(first, stop, stride)
        done = Rising(self.on_samples)

        def sink(data: bytes) -> None:
            collector.take(data)
            done.to(min(stop - first, collector.samples * stride))

        feed = _adts(fd, packets.slice(begin, end + 1), config)
        command = [*base_command(self.ffmpeg), *adts_input(), *output]
        outcome = run(command, limits=self.limits, cancel=cancel, feed=feed, sink=sink)
        if not outcome.clean:
            raise Unclean(outcome.complaint)
        done.to(stop - first)
        try:
            return collector.prints((stop - first) % WINDOW)
        except ValueError as error:
            raise Unclean(f"{error}; {stop - first} samples were expected") from error


def _ranges(frames: int, jobs: int) -> list[tuple[int, int]]:
    """Equal shares that begin on whole windows."""
    each = max(_SHORTEST_FRAMES, -(-frames // jobs))
    each = -(-each // ALIGNED) * ALIGNED
    return [(begin, min(frames, begin + each)) for begin in range(0, max(frames, 1), each)]


def _adts(fd: int, packets: Packets, config: AacConfig) -> Iterator[bytes]:
    for group in batches(packets, _BATCH_BYTES):
        yield adts.stream(read_packets(fd, group), group.sizes, config.rate, config.channels)
