"""The containers that we read. Apart from `sniff.py`, so that naming one loads no parser."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Containers that we read; the value is the one demuxer that FFmpeg may use for it."""

    MP3 = "mp3"
    ADTS = "aac"
    MP4 = "mov"
    FLAC = "flac"
    OGG = "ogg"
    ASF = "asf"
    WAV = "wav"
    AIFF = "aiff"
    MATROSKA = "matroska"
