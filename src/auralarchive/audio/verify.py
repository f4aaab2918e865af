"""The proof that a finished file is right. Nothing counts as a result before it.

FFmpeg's return code proves little: it is 0 for cut sources, for a wrong key, for parts at the wrong speed.
So the file is read back: its tables must agree with what was planned, every packet must begin as AAC of
its channels does, copied packets must be the sources' bytes, and all of it must decode without a
complaint to exactly the planned number of samples, as loud at each moment as the sources were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, pcm_output, source_arguments
from auralarchive.audio.kinds import Kind
from auralarchive.audio.locate import first_complaint
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.copying import batches, read_packets
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.track import AudioTrack, Numbers, Packets
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.packets import begins_well, ends_well
from auralarchive.audio.process import Limits, run
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import PermanentError
from auralarchive.ports.work import CancelToken

_REMEDY = "Try again; if it fails once more, report it with this message."


def failed(what: str) -> PermanentError:
    """The result is not what it should be."""
    return PermanentError(f"The finished file failed its check: {what}.", _REMEDY, kind=FailureKind.VERIFICATION_FAILED)


def check_structure(fd: int, movie: Movie) -> Mp4:
    """The tables as they are on disk against `movie`. Raises `PermanentError`."""
    try:
        found = reader.read(fd)
    except Malformed as error:
        raise failed(str(error)) from error
    if len(found.audio) != 1:
        raise failed("it has not exactly one audio track")
    track = found.audio[0]
    expected = (movie.skip, movie.playing, movie.media_duration, len(movie.sizes))
    if (*track.playing, track.media_duration, len(track.packets)) != expected:
        raise failed("its times are not the planned ones")
    if not np.array_equal(track.packets.sizes, movie.sizes):
        raise failed("its packets have other sizes")
    starts = [round(mark.start * movie.timescale) for mark in found.chapters]
    tolerance = 0 if movie.chapter_timescale == movie.timescale else movie.timescale // 1000 + 1
    planned = [start for start, _ in movie.chapters]
    near = len(starts) == len(planned) and all(
        abs(start - plan) <= tolerance for start, plan in zip(starts, planned, strict=True)
    )
    if not near or [mark.title for mark in found.chapters] != [title for _, title in movie.chapters]:
        raise failed("its chapters are not the planned ones")
    if starts != sorted(set(starts)) or any(start >= movie.playing for start in starts):
        raise failed("its chapters are out of order")
    return found


def strange_packets(fd: int, packets: Packets, channels: int) -> tuple[Numbers, Numbers]:
    """(the packets that do not begin as AAC of so many channels does, those that do not end as AAC does).

    The first are overwritten or of a wrong key; the others mostly so, but some writers stuff bytes behind.
    """
    begins, ends = [], []
    for group in batches(packets):
        data = read_packets(fd, group)
        begins.append(begins_well(data, group.sizes, channels))
        ends.append(ends_well(data, group.sizes))
    return np.flatnonzero(~np.concatenate(begins)), np.flatnonzero(~np.concatenate(ends))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one FFmpeg made of a whole file: samples a channel, the loudest of them, and what it complained about."""

    samples: int
    rate: int
    peak: float
    complaint: str
    second: float | None


def decode_all(
    ffmpeg: Ffmpeg,
    limits: Limits,
    cancel: CancelToken,
    fd: int,
    track: AudioTrack,
    on_samples: Callable[[int], None],
) -> Decoded:
    """Decode the whole file open as `fd` as a player would; `on_samples` hears how many samples came just now."""
    config = parse_config(track.config)
    rate, channels = config.output_rate, config.channels or track.channels
    samples, peak = 0, 0.0

    def sink(data: bytes) -> None:
        nonlocal samples, peak
        heard = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
        peak = max(peak, float(np.abs(heard).max(initial=0.0)))
        samples += len(data)
        on_samples(len(data) // (4 * channels))

    # Channels are asked for, because parametric stereo in a mono stream comes out as two.
    command = [*base_command(ffmpeg), *source_arguments(fd, Kind.MP4), *pcm_output(rate, channels)]
    outcome = run(command, limits=limits, cancel=cancel, sink=sink, fds=[fd])
    second = None
    if outcome.errors:
        second = first_complaint(command, limits=limits, cancel=cancel, fd=fd, bytes_per_second=4 * channels * rate)
    complaint = "" if outcome.clean else outcome.complaint
    return Decoded(samples // (4 * channels), rate, peak, complaint, second)


def right_length(decoded: Decoded, config: AacConfig, playing: int, timescale: int, movie_timescale: int) -> bool:
    """Whether the decode gave what the tables promise.

    FFmpeg before 6 plays the last packet to its end; an edit list in milliseconds is cut by FFmpeg to whole ones.
    """
    wanted = playing * decoded.rate / timescale
    frame = config.frame * (2 if config.sbr else 1)
    inexact = 0 if movie_timescale % timescale == 0 else decoded.rate / movie_timescale
    return wanted - inexact - 1 < decoded.samples < wanted + frame + inexact


def plays(ffmpeg: Ffmpeg, limits: Limits, cancel: CancelToken, fd: int) -> str:
    """Let FFmpeg open the file as a player would and play its last second; its complaint, or nothing.

    To get there it must have read all of our tables, and found in them what we meant.
    """
    last = ["-sseof", "-1", *source_arguments(fd, Kind.MP4)]
    nowhere = ["-map", "0:a:0", "-f", "null", "-"]
    outcome = run([*base_command(ffmpeg), *last, *nowhere], limits=limits, cancel=cancel, fds=[fd])
    return "" if outcome.clean else outcome.complaint
