"""Closes the joints of copied AAC: a few packets are made anew, all others stay as they are.

Each part was encoded by itself: its encoder put a delay before it and padding behind it. Copied one after
the other, the parts are some 25 to 45 ms of silence apart. Here the packets around a joint are decoded, the
sound of both sides is put together without that silence, and encoded on the first part's grid of packets.

The second part's packets can only move by whole packets. Where its sound then begins on the very sample
after the first part's end, the joint is gapless; else less than one packet (23 ms) is left between them, and
filled with the sound on either side of it.

A new packet may stand beside a copied one only where their windows fit (see `aacbits`): then the halves that
overlap cancel each other's aliasing, but for the noise of coding. The new packets get more bits than the old
ones, so that a second coding adds next to nothing to that noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from auralarchive.audio import adts
from auralarchive.audio.aacbits import windows_of
from auralarchive.audio.ffmpeg import Ffmpeg, adts_input, base_command, pcm_input, pcm_output
from auralarchive.audio.grid import FRAME
from auralarchive.audio.mp4.config import AAC_LC, RATES
from auralarchive.audio.mp4.copying import batches, read_packets
from auralarchive.audio.plan import Format, alike
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.process import Limits, run
from auralarchive.audio.sources import Source
from auralarchive.audio.unitencoder import encoder_arguments
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken

#: `untouched`: nothing was between the parts. `gapless`: nothing is any more. `close`: less than a packet
#: is left. `plain`: delay and padding stay.
JointKind = Literal["untouched", "gapless", "close", "plain"]

#: How far joints may be mended: not at all, where nothing stays between the parts, or also where a little stays.
JointRule = Literal["plain", "gapless", "close"]

Samples = npt.NDArray[np.float32]

#: Packets before a joint that only let the encoder settle.
_RUN_IN = 16
#: How far (in packets, half a second) a joint may reach to find windows that fit.
_SEARCH = 21
#: The new packets' bits by the old ones'. At the same rate a joint loses up to 5 dB, at three times 1.1, at four 0.2.
_RICHER = 4
_LEAST_KBPS = 64
#: Joints that are made in one go: starting FFmpeg for each would take longer, more would take too much memory.
_GROUP = 16
#: What the header of a raw stream can express, the header itself included.
_LARGEST_PACKET = 2**13 - 1 - 7


@dataclass(frozen=True, slots=True)
class Joint:
    """How one part goes over into the next.

    The first part's packets before `end` are kept, then come `packets`, then the next part's from `start` on.
    `gap` is the number of samples between the last sound of the one and the first of the other.
    """

    kind: JointKind
    end: int
    start: int
    gap: int
    reason: str
    packets: tuple[bytes, ...] = ()

    @property
    def touched(self) -> int:
        """How many packets were made anew."""
        return len(self.packets)


@dataclass(frozen=True, slots=True)
class Seam:
    """A joint that can be made, on the grid of the first part's packets; else `fallback` stays as it is."""

    before: Aac
    after: Aac
    sources: tuple[Source, Source]
    gap: int
    fallback: Joint

    @property
    def shift(self) -> int:
        """The place of the next part's packet 0 on the grid."""
        return (_end(self.before) + self.gap - self.after.skip) // FRAME

    @property
    def enter_by(self) -> int:
        """The first new packet comes here or earlier: the old one before it must hold nothing of the padding."""
        return _end(self.before) // FRAME - 1

    @property
    def leave_from(self) -> int:
        """The last new packet is followed by one from here on: the first that holds nothing of the delay."""
        return self.shift + _silent(self.after)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What making joints takes: a program, its limits, a way to stop it, and how many may run at a time."""

    ffmpeg: Ffmpeg
    limits: Limits
    cancel: CancelToken
    jobs: int = 1


def plan_seams(probes: Sequence[Probe], rule: JointRule = "gapless") -> list[Joint | Seam]:
    """What can be done at each joint of AAC parts, of what `rule` allows."""
    problem = _problem(probes) or ("joints are to be left as they are" if rule == "plain" else "")
    return [_plan(before, after, problem, close=rule == "close") for before, after in pairwise(probes)]


def joints_as_they_are(probes: Sequence[Probe]) -> list[Joint]:
    """Each joint as a plain copy leaves it."""
    return [plan for plan in plan_seams(probes, "plain") if isinstance(plan, Joint)]


def make_seams(plans: Sequence[Joint | Seam], workshop: Workshop) -> list[Joint]:
    """Make all joints of a book. One that fails stays as a plain copy leaves it, and says why.

    Raises `TransientError` where FFmpeg fails, as `run` does, and EOFError where a source has become shorter.
    """
    seams = [plan for plan in plans if isinstance(plan, Seam)]
    groups = [seams[at : at + _GROUP] for at in range(0, len(seams), _GROUP)]
    with ThreadPoolExecutor(workshop.jobs, "seam") as pool:
        trials = pool.map(lambda group: _try(group, workshop), groups)
        return list(_settle(plans, chain.from_iterable(trials)))


# What can be done


def _problem(probes: Sequence[Probe]) -> str:
    """Why the parts of this book must be left as they are; empty where nothing speaks against it."""
    aac = _aac(probes[0])
    config = aac.config
    if not alike(probes):
        return "the parts are of different kinds"
    if config.object_type != AAC_LC or config.sbr or config.channels not in (1, 2):
        return "only plain AAC (LC) of one or two channels can be mended"
    if config.rate not in RATES or (aac.timescale, aac.frame, config.frame) != (config.rate, FRAME, FRAME):
        return "its packets are not of 1024 samples"
    return ""


def _plan(before: Probe, after: Probe, problem: str, *, close: bool) -> Joint | Seam:
    one, other = _aac(before), _aac(after)
    gap = (other.skip - _end(one)) % FRAME
    if not problem and not gap and not other.skip:
        return Joint("untouched", _end(one) // FRAME, 0, 0, "neither padding nor delay lies between the parts")
    problem = problem or _misfit(one, other)
    if not problem and gap and not close:
        problem = f"the packets cannot move by the {FRAME - gap} samples that a gapless joint takes"
    plain = _plain(one, other, problem)
    return plain if problem else Seam(one, other, (before.source, after.source), gap, plain)


def _misfit(one: Aac, other: Aac) -> str:
    """Why these two must stay as they are."""
    if other.skip < FRAME:
        return "the second part's sound begins inside its first packet"
    if _end(one) < 2 * FRAME or _used(other) <= _silent(other):
        return "one of the parts is too short"
    if any(_used(aac) * FRAME < _end(aac) for aac in (one, other)):
        return "one of the parts has fewer packets than it promises"
    if any(int(aac.packets.sizes.max()) > _LARGEST_PACKET for aac in (one, other)):
        return "one of the parts has packets that are too large"
    return ""


def _plain(one: Aac, other: Aac, reason: str) -> Joint:
    """The copy as it is: padding to the packet's end, and one packet of the next part's delay as a run-in."""
    start = max(0, other.skip // other.frame - 1)
    end = _used(one)
    return Joint("plain", end, start, end * one.frame - _end(one) + other.skip - start * other.frame, reason)


def _aac(probe: Probe) -> Aac:
    assert probe.aac
    return probe.aac


def _end(aac: Aac) -> int:
    """The sample after the last that is heard."""
    return aac.skip + aac.playing


def _used(aac: Aac) -> int:
    """The number of packets until the sound ends."""
    return min(len(aac.packets), -(-_end(aac) // aac.frame))


def _silent(aac: Aac) -> int:
    """The number of packets that hold something of the encoder's delay."""
    return -(-aac.skip // FRAME)


# Making it


@dataclass(frozen=True, slots=True)
class Segment:
    """Packets that follow one another; the first is at the place `first` of the grid."""

    first: int
    packets: list[bytes]

    def packet(self, place: int) -> bytes:
        """The packet at this place of the grid."""
        return self.packets[place - self.first]


@dataclass(frozen=True, slots=True)
class _Trial:
    """New packets for a seam, and the old ones on either side; all in places on the grid."""

    seam: Seam
    before: Segment
    after: Segment
    new: Segment | None = None


def _try(seams: Sequence[Seam], workshop: Workshop) -> list[_Trial]:
    """Decode all sides in one run, encode all joined sounds in another."""
    trials = [_read(seam) for seam in seams]
    sounds = _decode(trials, workshop)
    if sounds is None:
        return trials
    joined = [_join(trial, *pair) for trial, pair in zip(trials, sounds, strict=True)]
    packets = _encode(joined, trials, workshop)
    return [replace(trial, new=new) for trial, new in zip(trials, packets, strict=True)]


def _read(seam: Seam) -> _Trial:
    """The packets that are decoded: one more on the left of each side, as a decoder needs a run-in."""
    one, other = seam.sources
    left = max(0, seam.enter_by - _SEARCH - _RUN_IN)
    right = max(0, seam.after.skip // FRAME - 1)
    before = _packets(one, seam.before, left, _used(seam.before))
    after = _packets(other, seam.after, right, min(_used(seam.after), _silent(seam.after) + _SEARCH))
    return _Trial(seam, Segment(left, before), Segment(seam.shift + right, after))


def _packets(source: Source, aac: Aac, start: int, end: int) -> list[bytes]:
    chosen = aac.packets.slice(start, end)
    with source.open() as fd:
        data = b"".join(read_packets(fd, group) for group in batches(chosen))
    ends = np.cumsum(chosen.sizes).tolist()
    return [data[at:stop] for at, stop in pairwise([0, *ends])]


def _decode(trials: Sequence[_Trial], workshop: Workshop) -> list[tuple[Samples, Samples]] | None:
    """The sound of both sides of each; None where FFmpeg complains or gives another number of samples."""
    config = trials[0].seam.before.config
    sides = [side.packets for trial in trials for side in (trial.before, trial.after)]
    packets = [packet for side in sides for packet in side]
    output = bytearray()
    command = [*base_command(workshop.ffmpeg), *adts_input(), *pcm_output()]
    sizes = np.asarray([len(packet) for packet in packets], np.int64)
    feed = adts.stream(b"".join(packets), sizes, config.rate, config.channels)
    outcome = run(command, limits=workshop.limits, cancel=workshop.cancel, feed=[feed], sink=output.extend)
    if not outcome.clean or len(output) != len(packets) * FRAME * 4 * config.channels:
        return None
    samples = np.frombuffer(output, "<f4").reshape(-1, config.channels)
    sounds = np.split(samples, np.cumsum([len(side) for side in sides])[:-1] * FRAME)
    return list(zip(sounds[::2], sounds[1::2], strict=True))


def _join(trial: _Trial, before: Samples, after: Samples) -> Samples:
    """The sound across the joint, from one packet after the first that was decoded: that one is not whole."""
    seam = trial.seam
    left = before[FRAME : _end(seam.before) - trial.before.first * FRAME]
    right = after[seam.after.skip - (trial.after.first - seam.shift) * FRAME :]
    return np.concatenate([left, _filling(left, right, seam.gap), right])


def _filling(left: Samples, right: Samples, count: int) -> Samples:
    """`count` samples of what is heard around: both sides mirrored, one faded into the other. No click, no hole."""
    fade = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    mirrored: Samples = left[::-1][:count] * (1 - fade) + right[:count][::-1] * fade
    return mirrored


def _encode(sounds: Sequence[Samples], trials: Sequence[_Trial], workshop: Workshop) -> Iterator[Segment]:
    """New packets for each of the sounds. They run in one stream: each lets the encoder settle for the next."""
    config = trials[0].seam.before.config
    target = Format(config.rate, config.channels, _kbps(trials), "fast")
    packets = _packets_of(b"".join(sound.data for sound in sounds), target, workshop)
    at = 1  # the first packet is the encoder's delay
    for sound, trial in zip(sounds, trials, strict=True):
        frames = len(sound) // FRAME
        place = trial.before.first + 1
        # The last one reaches over into the next sound.
        yield Segment(place, packets[at : at + frames - 1])
        at += frames


def _packets_of(samples: bytes, target: Format, workshop: Workshop) -> list[bytes]:
    """Encode 32-bit samples. Raises `TransientError` where FFmpeg fails."""
    source = pcm_input(target.rate, target.channels, 0)
    command = [*base_command(workshop.ffmpeg), *source, *encoder_arguments(target), "-f", "adts", "pipe:1"]
    output = bytearray()
    outcome = run(command, limits=workshop.limits, cancel=workshop.cancel, feed=[samples], sink=output.extend)
    packets = adts.split(bytes(output))
    frames = -(-len(samples) // (4 * target.channels * FRAME))
    if not outcome.clean or len(packets) != frames + 1:
        raise TransientError(f"FFmpeg failed to encode: {outcome.complaint}.", kind=FailureKind.ENCODER_FAILED)
    return packets


def _kbps(trials: Sequence[_Trial]) -> int:
    config = trials[0].seam.before.config
    sides = [side.packets for trial in trials for side in (trial.before, trial.after)]
    size = max(sum(map(len, side)) / len(side) for side in sides)
    wanted = _RICHER * size * 8 * config.rate / FRAME / 1000
    # More than 6144 bits a packet and channel do not exist in AAC.
    return int(min(max(wanted, _LEAST_KBPS * config.channels), config.rate * 6 * config.channels / 1000))


# Choosing the packets


def _settle(plans: Iterable[Joint | Seam], trials: Iterator[_Trial]) -> Iterator[Joint]:
    kept = 0  # the first packet that is kept of the part before the joint
    for plan in plans:
        joint = plan if isinstance(plan, Joint) else _choose(next(trials), kept)
        kept = joint.start
        yield joint


def _choose(trial: _Trial, kept: int) -> Joint:
    """The fewest new packets whose windows fit on both sides, with at least one old one before them."""
    seam, new = trial.seam, trial.new
    if new is None:
        return replace(seam.fallback, reason="the packets around it cannot be decoded")
    lowest = max(kept, new.first, seam.enter_by - _SEARCH) + 1
    enter = next((at for at in range(seam.enter_by, lowest - 1, -1) if _may_follow(trial.before, new, at)), None)
    places = range(seam.leave_from, trial.after.first + len(trial.after.packets))
    leave = next((at for at in places if _may_follow(new, trial.after, at)), None)
    if enter is None or leave is None:
        return replace(seam.fallback, reason="no packets near it have windows that fit")
    packets = tuple(new.packet(at) for at in range(enter, leave))
    reason = f"packets made anew: {len(packets)}"
    return Joint("close" if seam.gap else "gapless", enter, leave - seam.shift, seam.gap, reason, packets)


def _may_follow(one: Segment, other: Segment, at: int) -> bool:
    """Whether `other` may speak from packet `at` on, after `one`.

    The halves that overlap must be of one kind; and the second half of `one` must have the shape that `other`
    counted on when it made the first half of its own.
    """
    before, replaced, after = (
        windows_of(packet) for packet in (one.packet(at - 1), other.packet(at - 1), other.packet(at))
    )
    if before is None or replaced is None or after is None:
        return False
    same = (before.element, before.tag, before.shape) == (after.element, after.tag, replaced.shape)
    return same and before.ends_short == after.begins_short
