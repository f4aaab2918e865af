"""Decides what is done with a book's files: nothing, a copy of packets, or an encode, and into what.

Pure decisions over what the probes found: no file is touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auralarchive.audio.grid import FRAME
from auralarchive.audio.mp4.config import AAC_LC, RATES
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import Mode

#: FFmpeg's own encoder in one of its two ways, or another encoder that some builds have.
Coder = Literal["fast", "twoloop", "libfdk_aac", "aac_at"]

#: From here on (kbit/s a channel) FFmpeg's fast coder as a rule sounds as good as the slow one. It is only a rule:
#: where coders can be tried, what was measured decides (`coder.py`).
_FAST_FROM = 72
#: A faster coder may have so many times the bits of the source, where that makes it as good as a slower one.
RAISE = 1.1
#: Codecs that need fewer bits than plain AAC for the same sound are not taken below this.
_EFFICIENT = ("opus", "vorbis")
_EFFICIENT_FLOOR = 48
_FLOOR = 32
_HIGHEST_RATE = 48_000
_LOWEST_RATE = 16_000
#: A mixed book is copied to more than this part; to the second where the odd sources lose by being matched.
_MOST_COPIED, _NEARLY_ALL_COPIED = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Format:
    """What an encode makes: Hz, channels, kbit/s in all, FFmpeg's coder, and how many frames late that comes."""

    rate: int
    channels: int
    bitrate_kbps: int
    coder: Coder
    delay: int = 1


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asked for that decides the way."""

    bitrate_kbps: int | None = None
    rewritten: bool = False  # other tags, cover or chapters than the file has


@dataclass(frozen=True, slots=True)
class Decision:
    """The way that a book goes, and why; `copied` says of each source whether its packets stay."""

    mode: Mode
    reason: str
    copied: tuple[bool, ...]


def decide(probes: Sequence[Probe], wishes: Wishes) -> Decision:
    """Nothing, a copy of packets, an encode, or some of both: whatever touches the sound least."""
    way = _way(probes, wishes)
    if isinstance(way, tuple):
        return Decision(*way, (way[0] != "encode",) * len(probes))
    return way


def _way(probes: Sequence[Probe], wishes: Wishes) -> tuple[Mode, str] | Decision:
    kinds = " and ".join(sorted({each.codec for each in probes}))
    if not any(each.aac for each in probes):
        return "encode", f"the sources are {kinds}, which an M4B cannot hold"
    if wishes.bitrate_kbps is not None and any(each.bitrate_kbps > 1.1 * wishes.bitrate_kbps for each in probes):
        return "encode", f"no more than {wishes.bitrate_kbps} kbit/s are wanted"
    if _may_keep(probes) and not wishes.rewritten:
        return "keep", "it is a good M4B already"
    leader = _leader(probes)
    alike = tuple(each.aac is not None and _equal(each.aac, leader) for each in probes)
    if all(alike):
        return "remux", "all sources are AAC of one kind: their packets are copied"
    copied = sum(each.seconds for each, same in zip(probes, alike, strict=True) if same)
    least = _NEARLY_ALL_COPIED if any(_loses(each, leader) for each in probes) else _MOST_COPIED
    if copied <= least * sum(each.seconds for each in probes) or not _can_match(leader):
        return "encode", f"the sources differ too much ({kinds})"
    odd = len(probes) - sum(alike)
    return Decision("mixed", f"{odd} of {len(probes)} sources are encoded to match the others, which are copied", alike)


def _may_keep(probes: Sequence[Probe]) -> bool:
    """Whether the one source already is an M4B: AAC in MP4, named or branded as a book, not encrypted."""
    if len(probes) != 1:
        return False
    only = probes[0]
    booklike = only.source.path.suffix.lower() == ".m4b" or only.brand == b"M4B "
    kept = only.aac is not None and bool(only.aac.description) and only.aac.as_written
    return booklike and kept and not only.encrypted


def _leader(probes: Sequence[Probe]) -> Aac:
    """The kind of AAC of which there is most."""
    tracks = [(each.aac, each.seconds) for each in probes if each.aac is not None]
    return max(tracks, key=lambda one: sum(seconds for track, seconds in tracks if _equal(track, one[0])))[0]


def alike(probes: Sequence[Probe]) -> bool:
    """Whether all are AAC of one configuration, so that their packets can stand in one track."""
    first = probes[0].aac
    return first is not None and all(each.aac is not None and _equal(each.aac, first) for each in probes)


def _equal(one: Aac, other: Aac) -> bool:
    # Equal in meaning: writers differ in optional bytes at the configuration's end.
    return (one.config, one.timescale, one.frame) == (other.config, other.timescale, other.frame)


def _loses(probe: Probe, leader: Aac) -> bool:
    """Whether the book's one kind of sound has less than this source: then matching takes something away."""
    return probe.rate > leader.config.output_rate or min(2, probe.channels) > leader.config.channels


def _can_match(leader: Aac) -> bool:
    """Whether an encode of ours can stand in one track with these packets."""
    config = leader.config
    plain = config.object_type == AAC_LC and not config.sbr and config.frame == leader.frame == FRAME
    return plain and config.channels in (1, 2) and config.rate in RATES and leader.timescale == config.rate


def matching_format(odd: Sequence[Probe], copied: Sequence[Probe], settings: AudioSettings) -> Format:
    """The encode that lets odd sources stand in one track with copied ones."""
    leader = _leader(copied)
    wished = _bitrate(odd, leader.config.channels, settings)
    return _format(leader.config.rate, leader.config.channels, wished)


def choose_format(probes: Sequence[Probe], settings: AudioSettings, wanted_kbps: int | None) -> Format:
    """The encode that loses least: the sources' highest rate and channels (two at most), bits as they have."""
    rate = _rate(max(probe.rate for probe in probes))
    channels = min(2, max(probe.channels for probe in probes))
    return _format(rate, channels, wanted_kbps or _bitrate(probes, channels, settings))


def most_kbps(target: Format, settings: AudioSettings, wanted_kbps: int | None) -> int:
    """How far the bits may be raised for a faster coder: not at all where a person has named them."""
    if wanted_kbps is not None:
        return target.bitrate_kbps
    ceiling = min(settings.ceiling_kbps * target.channels, _bound(target.rate, target.channels))
    return max(target.bitrate_kbps, min(ceiling, int(RAISE * target.bitrate_kbps)))


def _bound(rate: int, channels: int) -> int:
    """More than 6144 bits a frame and channel do not exist in AAC."""
    return rate * 6 * channels // 1000


def _format(rate: int, channels: int, kbps: int) -> Format:
    kbps = max(8, min(kbps, _bound(rate, channels)))
    return Format(rate, channels, kbps, "fast" if kbps / channels >= _FAST_FROM else "twoloop")


def _rate(highest: int) -> int:
    if highest > _HIGHEST_RATE:
        return 44_100 if highest % 44_100 == 0 else _HIGHEST_RATE
    return highest if highest in RATES else min(rate for rate in RATES if rate >= max(highest, _LOWEST_RATE))


def _bitrate(probes: Sequence[Probe], channels: int, settings: AudioSettings) -> int:
    ceiling = settings.ceiling_kbps * channels
    return min(ceiling, max(_wish(probe, channels, settings) for probe in probes))


def _wish(probe: Probe, channels: int, settings: AudioSettings) -> int:
    """What this source deserves, in kbit/s for all channels of the book: never more than it has."""
    if probe.lossless:
        return settings.lossless_kbps * channels
    # A mono source in a stereo book keeps its bits for the one channel that it has.
    each = probe.bitrate_kbps / min(probe.channels, channels)
    efficient = probe.codec in _EFFICIENT or (probe.aac is not None and probe.aac.config.object_type != AAC_LC)
    floor = _EFFICIENT_FLOOR if efficient or (probe.aac is not None and probe.aac.config.sbr) else _FLOOR
    return round(max(floor, each)) * channels
