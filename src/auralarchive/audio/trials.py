"""Tries out what an FFmpeg can encode AAC with: cost, likeness, and whether its packets lie where we count on.

Each coder gets the same short sound with the very arguments of an encode, and a few sounds that are shorter
still. An encoder is refused that does not begin a whole number of frames early, or whose tables count otherwise
than those that `unitencoder.py` expects.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, pcm_input, pcm_output, source_arguments
from auralarchive.audio.grid import FRAME
from auralarchive.audio.kinds import Kind
from auralarchive.audio.likeness import Samples, compare, lag, speech
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.config import build as build_config
from auralarchive.audio.plan import Coder, Format
from auralarchive.audio.process import Limits, Outcome, run
from auralarchive.audio.unitencoder import encoder_arguments
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken

#: Samples: around the length of a frame encoders count differently.
_LENGTHS = (1, FRAME - 1, FRAME, FRAME + 1, 5000)
_MOST_DELAY = 4
_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Unfit(Exception):
    """An encoder does not do; the text says why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one coder made of the sound with so many kbit/s: scores as in `Likeness`, its delay in frames."""

    coder: Coder
    kbps: int
    cpu_seconds: _Number
    distance_db: _Number
    noise_db: _Number
    delay: Annotated[int, Field(ge=1, le=_MOST_DELAY)]


@dataclass(frozen=True, slots=True)
class Trials:
    """What could be tried, and for each coder that does not do the reason."""

    done: tuple[Trial, ...]
    unfit: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where coders are tried, `jobs` at once, with work files in `folder`."""

    ffmpeg: Ffmpeg
    limits: Limits
    cancel: CancelToken
    jobs: int
    folder: Path

    def measure(self, formats: Sequence[Format]) -> Trials:
        """Try all `formats`, which are of one rate and number of channels. Raises `OSError`, and as `run` does."""
        sound = speech(formats[0].rate, formats[0].channels)
        with ThreadPoolExecutor(self.jobs, "try") as pool:
            results = list(pool.map(lambda target: self._try(target, sound), formats))
        done = tuple(each for each in results if isinstance(each, Trial))
        unfit: dict[str, str] = {
            target.coder: str(each) for target, each in zip(formats, results, strict=True) if isinstance(each, _Unfit)
        }
        return Trials(done, unfit)

    def _try(self, target: Format, sound: Samples) -> Trial | _Unfit:
        lengths = (*_LENGTHS, len(sound))
        paths = [self.folder / f"try-{target.coder}-{target.bitrate_kbps}-{length}.mp4" for length in lengths]
        try:
            seconds = self._encode(target, sound, dict(zip(paths, lengths, strict=True)))
            delays = {_delay(path, target, length) for path, length in zip(paths, lengths, strict=True)}
            if len(delays) > 1:
                raise _Unfit(f"its delay is now {min(delays)} frames, now {max(delays)}")
            likeness = compare(sound, self._decode(paths[-1], target, sound), target.rate)
        except _Unfit as reason:
            return reason
        except TransientError as error:  # it hung or crashed: others may do better
            return _Unfit(error.reason)
        finally:
            for path in paths:
                path.unlink(missing_ok=True)
        return Trial(target.coder, target.bitrate_kbps, seconds, likeness.distance_db, likeness.noise_db, delays.pop())

    def _encode(self, target: Format, sound: Samples, outputs: dict[Path, int]) -> float:
        """Encode the first samples of `sound` to each file. Returns seconds of CPU, without FFmpeg's start."""
        command = [*base_command(self.ffmpeg), "-v", "info", "-benchmark"]
        command += pcm_input(target.rate, target.channels, 0)
        for path, length in outputs.items():
            # Laid out in the same way as a unit's sound.
            cut = f"atrim=end_sample={length},asetnsamples=4096:p=0"
            command += ["-map", "0:a:0", "-af", cut, *encoder_arguments(target)]
            command += ["-f", "mp4", "-movie_timescale", str(target.rate), f"file:{path}"]
        outcome = run(command, limits=self.limits, cancel=self.cancel, feed=[sound.tobytes()])
        if outcome.returncode != 0:
            raise _Unfit("it cannot encode")
        return _cpu_seconds(outcome)

    def _decode(self, path: Path, target: Format, sound: Samples) -> Samples:
        """What players hear: the encoder's delay, as the file tells it, is skipped."""
        output = bytearray()
        with path.open("rb") as file:
            command = [*base_command(self.ffmpeg), *source_arguments(file.fileno(), Kind.MP4), *pcm_output()]
            outcome = run(command, limits=self.limits, cancel=self.cancel, sink=output.extend, fds=[file.fileno()])
        whole = len(output) // (4 * target.channels) * 4 * target.channels
        decoded = np.frombuffer(bytes(output[:whole]), np.float32).reshape(-1, target.channels)[: len(sound)]
        if not outcome.clean or len(decoded) < len(sound):
            raise _Unfit("what it encodes cannot be decoded")
        if late := lag(sound, decoded):
            raise _Unfit(f"its sound comes {late} samples later than it says")
        return decoded


def _cpu_seconds(outcome: Outcome) -> float:
    found = re.search(r"utime=([\d.]+)s stime=([\d.]+)s", "\n".join(outcome.messages))
    if found is None:
        raise _Unfit("FFmpeg does not tell what it costs")
    return round(float(found[1]) + float(found[2]), 3)


def _delay(path: Path, target: Format, samples: int) -> int:
    """Frames from the first packet's to the first sample's, by the tables of an encode. Raises `_Unfit`."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise _Unfit("it writes nothing")
        try:
            track = reader.read(file.fileno()).audio[0]
        except (ValueError, IndexError) as error:
            raise _Unfit("what it writes cannot be read") from error
    if not track.config.startswith(build_config(target.rate, target.channels)):
        raise _Unfit("it does not write plain AAC of one frame's length, rate and channels")
    delay, rest = divmod(track.media_duration - samples, FRAME)
    if rest or not 1 <= delay <= _MOST_DELAY:
        raise _Unfit(f"its delay of {track.media_duration - samples} samples is no whole number of frames")
    if track.playing[0] != delay * FRAME:
        raise _Unfit(f"it says that its delay is {track.playing[0]} samples, but it is {delay * FRAME}")
    if len(track.packets) != -(-samples // FRAME) + delay:
        raise _Unfit(f"it makes {len(track.packets)} packets of {samples} samples")
    return delay
