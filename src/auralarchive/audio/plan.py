"""Decides what is done with a book's files: nothing, a copy of packets, or an encode, and into what.

Pure decisions over what the probes found: no file is touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auralarchive.audio.mp4.config import AAC_LC, RATES
from auralarchive.audio.probe import Aac, Probe
from auralarchive.audio.settings import AudioSettings

Coder = Literal["fast", "twoloop"]

#: From here on (kbit/s a channel) FFmpeg's fast coder sounds as good as the slow one, for a third of the work.
_FAST_FROM = 72
#: Codecs that need fewer bits than plain AAC for the same sound are not taken below this.
_EFFICIENT = ("opus", "vorbis")
_EFFICIENT_FLOOR = 48
_FLOOR = 32
_HIGHEST_RATE = 48_000
_LOWEST_RATE = 16_000


@dataclass(frozen=True, slots=True)
class Format:
    """What an encode makes: Hz, channels, kbit/s in all, and FFmpeg's coder."""

    rate: int
    channels: int
    bitrate_kbps: int
    coder: Coder


def may_keep(probes: Sequence[Probe]) -> bool:
    """Whether the one source already is an M4B: AAC in MP4, named or branded as a book, not encrypted."""
    if len(probes) != 1:
        return False
    only = probes[0]
    booklike = only.source.path.suffix.lower() == ".m4b" or only.brand == b"M4B "
    return booklike and only.aac is not None and bool(only.aac.description) and not only.encrypted


def may_copy(probes: Sequence[Probe]) -> bool:
    """Whether all sources are AAC of one configuration, so that their packets can stand in one track."""
    tracks = [probe.aac for probe in probes]
    first = tracks[0]
    return first is not None and all(track is not None and _equal(track, first) for track in tracks)


def _equal(one: Aac, other: Aac) -> bool:
    # Equal in meaning: writers differ in optional bytes at the configuration's end.
    return (one.config, one.timescale, one.frame) == (other.config, other.timescale, other.frame)


def choose_format(probes: Sequence[Probe], settings: AudioSettings, wanted_kbps: int | None) -> Format:
    """The encode that loses least: the sources' highest rate and channels (two at most), bits as they have."""
    rate = _rate(max(probe.rate for probe in probes))
    channels = min(2, max(probe.channels for probe in probes))
    kbps = wanted_kbps or _bitrate(probes, channels, settings)
    # More than 6144 bits a frame and channel do not exist in AAC.
    kbps = max(8, min(kbps, rate * 6 * channels // 1000))
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
