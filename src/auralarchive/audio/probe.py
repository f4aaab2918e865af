"""Looks into one source: codec, exact length where it can be known, tags, chapters, and signs of damage.

No program is started: mutagen reads tags, our own readers read MP4 tables and MPEG frames. That costs a
millisecond or so a file, where starting ffprobe costs a hundred.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import mutagen
from mutagen import FileType
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.wave import WAVE

from auralarchive.audio import matroska
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.reader import Mark, Mp4
from auralarchive.audio.mp4.straighten import Straight, straighten
from auralarchive.audio.mp4.track import AudioTrack, Packets
from auralarchive.audio.mpeg import Walk, walk
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags, read_tags
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, InvalidInput

#: Frames by which a header may be wrong: some writers count themselves or the last partial frame.
_FRAMES_TOLERATED = 2
_OPUS_RATE = 48000
#: WAV's numbers for integers, floats, and "it stands in the extension": one block is one sample.
_PCM_FORMATS = (1, 3, 0xFFFE)
#: An Ogg page: its header, whose last byte counts the lengths that follow, and the largest that can be.
_PAGE_HEADER, _LARGEST_PAGE = 27, 27 + 255 + 255 * 255
#: A WAV's data from here on (it counts in 32 bits) is of a length that its writer did not know.
_UNKNOWN_LENGTH = 2**32 - 1024
_UNLIKELY_RATE = 384_000


@dataclass(frozen=True, slots=True)
class Aac:
    """Packets of AAC that can be copied as they are. Not `as_written`: the file itself tells other times."""

    config: AacConfig
    packets: Packets
    timescale: int
    frame: int
    deltas: tuple[tuple[int, int], ...]
    skip: int
    playing: int
    description: bytes
    config_bytes: bytes
    as_written: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """One source, understood. Rates in Hz, `bitrate_kbps` of the sound alone; `samples` only where exact.

    `encrypted` is `aax` or `aaxc` for files that need their owner's key. `glued`: files put one behind the other,
    whose tags lie between whole frames; FFmpeg complains of these.
    """

    source: Source
    codec: str
    rate: int
    channels: int
    bitrate_kbps: float
    seconds: float
    samples: int | None = None
    aac: Aac | None = None
    encrypted: str = ""
    tags: SourceTags = field(default_factory=SourceTags)
    chapters: tuple[Mark, ...] = ()
    warnings: tuple[str, ...] = ()
    brand: bytes = b""
    glued: bool = False

    @property
    def lossless(self) -> bool:
        return self.codec in ("flac", "alac", "pcm", "wmalossless")


def probe(source: Source, *, tolerant: bool = False) -> Probe:
    """Look into `source`. Raises `Damaged` (cut, holes, contradictions) and `InvalidInput` (no sound inside).

    `tolerant`: cuts and holes are warnings, as long as there is something to decode.
    """
    with source.open() as fd:
        tags = read_tags(fd, source.kind)
        if source.kind is Kind.MP4:
            return _mp4(source, fd, tags)
        if source.kind in (Kind.MP3, Kind.ADTS):
            return _mpeg(source, fd, tags, tolerant=tolerant)
        if source.kind is Kind.MATROSKA:
            return _matroska(source, fd, tags)
        found = _by_mutagen(source, fd, tags)
        if source.kind is Kind.OGG and _ends_inside_page(fd):
            damage = damaged(source, "it ends inside a page: the file is cut")
            if not tolerant:
                raise damage
            return replace(found, warnings=(damage.reason,))
        return found


def damaged(source: Source, what: str, second: float | None = None) -> Damaged:
    """The error that names the file and, where it is known, the second."""
    where = f" at {_clock(second)}" if second is not None else ""
    return Damaged(f"{source.name} is damaged{where}: {what}.", "Fetch it again, or choose another release.")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}"


def _mp4(source: Source, fd: int, tags: SourceTags) -> Probe:
    try:
        movie = reader.read(fd)
    except Malformed as error:
        raise damaged(source, str(error)) from error
    if not movie.audio:
        raise InvalidInput(f"{source.name} has no sound.", "Choose another release.", kind=FailureKind.NO_AUDIO)
    track = movie.audio[0]
    if not len(track.packets) or not track.rate or not track.channels:
        raise damaged(source, "its sound is empty")
    if track.playing[1] <= 0:
        # The part would be missing in the book, and the rest be right.
        raise damaged(source, "its edit list leaves none of its sound")
    encrypted = _encryption(source, movie.brand, track)
    straight = _straight(track)
    if straight is not None:
        track = straight.track
    aac = _aac(track, as_written=straight is None)
    codec = (
        "aac"
        if aac or track.config
        else {b"alac": "alac", b".mp3": "mp3", b"fLaC": "flac", b"Opus": "opus"}.get(
            track.entry, "pcm" if track.entry in (b"sowt", b"twos", b"lpcm") else "unknown"
        )
    )
    seconds = track.seconds
    moved = straight.moved if straight is not None else float
    chapters = [Mark(moved(mark.start), mark.title) for mark in movie.chapters]
    return Probe(
        source=source,
        codec=codec,
        rate=track.rate,
        channels=track.channels,
        bitrate_kbps=int(track.packets.sizes.sum()) * 8 / max(seconds, 0.001) / 1000,
        seconds=seconds,
        samples=track.playing[1] * track.rate // track.timescale,
        aac=aac if not encrypted or encrypted in ("aax", "aaxc") else None,
        encrypted=encrypted,
        tags=tags,
        chapters=tuple(mark for mark in chapters if mark.start < seconds),
        brand=movie.brand,
        warnings=tuple(_oddities(source, movie, straight)),
    )


def _oddities(source: Source, movie: Mp4, straight: Straight | None) -> Iterator[str]:
    if len(movie.audio) > 1:
        yield "Only the first of its audio tracks is used."
    if sum(edit.media_time >= 0 for edit in movie.audio[0].edits) > 1:
        yield f"The edit list of {source.name} has several entries: its sound was taken as it lies, without cuts."
    if straight is not None:
        yield f"The time table of {source.name} is not that of its packets: it was made anew."


def _straight(track: AudioTrack) -> Straight | None:
    """The track with an even time table, where it is AAC whose own is not."""
    if not track.config or track.frame is not None:
        return None
    config = parse_config(track.config)
    ticks, rest = divmod(config.frame * track.timescale, config.rate)
    return None if rest else straighten(track, ticks)


def _encryption(source: Source, brand: bytes, track: AudioTrack) -> str:
    if track.entry == b"drms":
        raise InvalidInput(
            f"{source.name} is protected by its shop (FairPlay) and cannot be converted.",
            "Choose a release without protection.",
        )
    if brand == b"aaxc":
        return "aaxc"
    if brand == b"aax " or track.entry == b"aavd":
        return "aax"
    return ""


def _aac(track: AudioTrack, *, as_written: bool) -> Aac | None:
    """The track as packets to copy, where it is AAC with regular packets."""
    frame = track.frame
    if not track.config or frame is None:
        return None
    config = parse_config(track.config)
    skip, playing = track.playing
    return Aac(
        config,
        track.packets,
        track.timescale,
        frame,
        track.deltas,
        skip,
        playing,
        description=track.description,
        config_bytes=track.config,
        as_written=as_written,
    )


def _mpeg(source: Source, fd: int, tags: SourceTags, *, tolerant: bool) -> Probe:
    found = walk(fd)
    if found is None or not found.frames:
        raise damaged(source, "there is no sound in it")
    damage = list(_damage(source, found))
    if damage and not tolerant:
        raise damage[0]
    first = found.first
    aac = None
    if first.adts and not found.changes:
        count = found.frames
        aac = Aac(
            parse_config(first.config),
            found.packets,
            first.rate,
            first.samples,
            ((count, first.samples),),
            0,
            found.samples,
            b"",
            first.config,
        )
    return Probe(
        source=source,
        codec="aac" if first.adts else "mp3",
        rate=first.rate,
        channels=2 if found.changes else first.channels,
        bitrate_kbps=found.bitrate_kbps,
        seconds=found.seconds if found.heard is None else found.heard / first.rate,
        samples=None if first.adts or found.changes else found.heard,
        glued=found.pieces > 1 and not found.holes,
        aac=aac,
        tags=tags,
        chapters=tags.chapters,
        warnings=(
            *(each.reason for each in damage),
            *((f"{source.name} ends in a partial frame.",) if found.cut_bytes else ()),
        ),
    )


def _damage(source: Source, found: Walk) -> Iterator[Damaged]:
    rate = found.first.rate
    if found.holes:
        hole = found.holes[0]
        yield damaged(source, f"{hole.length} bytes are no sound", hole.sample / rate)
    if found.promised and found.promised > found.frames + _FRAMES_TOLERATED:
        missing = (found.promised - found.frames) * found.first.samples / rate
        yield damaged(source, f"it ends {missing:.1f} seconds too early", found.seconds)


def _matroska(source: Source, fd: int, tags: SourceTags) -> Probe:
    found = matroska.read(fd)
    if not found.codec:
        raise InvalidInput(f"{source.name} has no sound.", "Choose another release.", kind=FailureKind.NO_AUDIO)
    if not 0 < found.rate <= _UNLIKELY_RATE or not 0 < found.channels <= 64:
        raise damaged(source, "its header names no possible sample rate")
    return Probe(
        source=source,
        codec=found.codec,
        rate=_OPUS_RATE if found.codec == "opus" else found.rate,
        channels=found.channels,
        bitrate_kbps=source.size * 8 / max(found.seconds, 0.001) / 1000,
        seconds=found.seconds,
        tags=tags,
        chapters=tags.chapters,
    )


def _by_mutagen(source: Source, fd: int, tags: SourceTags) -> Probe:
    try:
        with os.fdopen(os.dup(fd), "rb") as file:
            file.seek(0)
            opened = mutagen.File(file)
    except Exception as error:  # mutagen raises errors of every kind on hostile files
        raise damaged(source, "its header cannot be read") from error
    info = getattr(opened, "info", None)
    if info is None:
        raise damaged(source, "its header cannot be read")
    rate = int(getattr(info, "sample_rate", _OPUS_RATE))
    channels, seconds = int(getattr(info, "channels", 0)), float(info.length)
    if not 0 < rate <= _UNLIKELY_RATE or not 0 < channels <= 64:
        raise damaged(source, "its header names no possible sample rate")
    samples = _exact_samples(opened)
    if isinstance(opened, WAVE) and samples and _is_streamed(opened):
        samples, seconds = None, source.size * 8 / max(1, opened.info.bitrate)
    size = sum(tags.picture_sizes)
    rate_known = max(source.size - size, 0) * 8 / max(seconds, 0.001) / 1000
    return Probe(
        source=source,
        codec=_codec(opened),
        rate=rate,
        channels=channels,
        bitrate_kbps=rate_known,
        seconds=seconds,
        samples=samples,
        tags=tags,
        chapters=tags.chapters,
    )


def _ends_inside_page(fd: int) -> bool:
    """Whether an Ogg file is cut: a decoder leaves the page that is not whole out, and says nothing."""
    size = os.fstat(fd).st_size
    end = os.pread(fd, _LARGEST_PAGE, max(0, size - _LARGEST_PAGE))
    at = end.rfind(b"OggS\x00")
    if at < 0:
        return False
    page = end[at:]
    if len(page) < _PAGE_HEADER or len(page) < _PAGE_HEADER + page[_PAGE_HEADER - 1]:
        return True
    body = _PAGE_HEADER + page[_PAGE_HEADER - 1]
    return body + sum(page[_PAGE_HEADER:body]) > len(page)


def _exact_samples(opened: FileType) -> int | None:
    """Where the header counts samples: an Ogg file's last page counts what its decoder gives only nearly."""
    if isinstance(opened, FLAC):
        return int(opened.info.total_samples) or None
    if isinstance(opened, AIFF) or (isinstance(opened, WAVE) and opened.info.audio_format in _PCM_FORMATS):
        return round(opened.info.length * opened.info.sample_rate) or None
    return None


def _is_streamed(opened: WAVE) -> bool:
    """Whether its data has the length that writers to a pipe give: the largest that can be, for one unknown."""
    return bool(opened.info.length * opened.info.bitrate / 8 > _UNKNOWN_LENGTH)


def _codec(opened: FileType) -> str:
    name = type(opened).__name__
    if isinstance(opened, ASF):
        return "wmalossless" if "Lossless" in str(getattr(opened.info, "codec_name", "")) else "wma"
    known = {"FLAC": "flac", "OggFLAC": "flac", "OggVorbis": "vorbis", "OggOpus": "opus", "WAVE": "pcm", "AIFF": "pcm"}
    return known.get(name, "unknown")
