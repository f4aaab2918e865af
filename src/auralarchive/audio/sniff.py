"""Tells what a file is by its first bytes, never by its name."""

from __future__ import annotations

import os

from auralarchive.audio.kinds import Kind
from auralarchive.audio.matroska import MAGIC, holds_video
from auralarchive.audio.mpeg import first_frame, id3_length

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_HEAD = 64 * 1024
#: Beginnings of texts that FFmpeg would read as lists of other files and addresses.
_PLAYLISTS = (b"#ext", b"ffconcat", b"[playlist]", b"<?xml", b"<asx", b"<playlist", b"<smil", b";ffmetadata")


def sniff(fd: int) -> Kind | None:
    """The kind of the file open as `fd`, or None where it is no audio that we read."""
    start = id3_length(fd)
    head = os.pread(fd, _HEAD, start)
    return _by_magic(head) or _by_frames(head)


def _by_magic(head: bytes) -> Kind | None:
    if head[4:8] == b"ftyp" or (head[4:8] in (b"moov", b"mdat", b"wide", b"free") and b"moov" in head):
        return Kind.MP4
    if head[:4] == b"fLaC":
        return Kind.FLAC
    if head[:4] == b"OggS":
        return Kind.OGG
    if head[:16] == _ASF:
        return Kind.ASF
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return Kind.WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Kind.AIFF
    if head[:4] == MAGIC and not holds_video(head):
        return Kind.MATROSKA
    return None


def _by_frames(head: bytes) -> Kind | None:
    """MPEG frames have no magic number: two that follow each other are proof enough."""
    found = first_frame(head)
    if found is None:
        return None
    return Kind.ADTS if found.adts else Kind.MP3


def describe(fd: int) -> str:
    """What a file that is no audio looks like, for a person."""
    head = os.pread(fd, 512, 0).lstrip(b"\xef\xbb\xbf \r\n\t")
    if not head:
        return "empty"
    if head.lower().startswith(_PLAYLISTS):
        return "a playlist"
    if head[:4] == MAGIC:
        return "a video"
    if head[:5].lower() in (b"<html", b"<!doc"):
        return "a web page"
    if not any(head):
        return "nothing but zeros"
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    return "a text" if printable > 0.95 * len(head) else "no audio that we know"
