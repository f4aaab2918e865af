"""The small vocabulary of release titles: formats, bitrates and the words that say nothing of the book."""

from __future__ import annotations

import re
from collections.abc import Iterable

AUDIO_FORMATS = (
    "m4b",
    "mp3",
    "m4a",
    "flac",
    "aac",
    "aax",
    "aaxc",
    "ogg",
    "opus",
    "wma",
    "wav",
    "alac",
    "ape",
    "wavpack",
)
OTHER_FORMATS = ("epub", "mobi", "azw3", "azw", "pdf", "cbz", "cbr", "djvu", "fb2", "mkv", "mp4", "avi")

_FORMATS = frozenset(AUDIO_FORMATS + OTHER_FORMATS)
_WORDS_OF_TITLES = frozenset({"Opus", "Ape", "Wav"})  # "Mr. Holland's Opus" is no codec
_BITRATES = frozenset({"24", "32", "40", "48", "56", "62", "63", "64", "80", "96", "112", "125"}) | frozenset(
    {"126", "127", "128", "160", "192", "224", "256", "320"}
)
#: Words that say something of the release and nothing of the book.
_NOISE_WORDS = """
    audiobook audiobooks audio book-audio hörbuch hoerbuch hörspiel hoerspiel livre audiolivre audible retail vip
    freeleech web webrip web-dl webdl cd cdrip dvd rip ripped repack proper rerip repack2 rerip2 real lossless vbr cbr
    abr v0 v1 v2 kbps kbit kbs kb/s stereo mono 44khz 22khz 44.1khz 22.05khz chapterized chapterised chapters tracks
    cue log nfo scan scans download complete remastered obfuscated scrambled nzbgeek postbot xpost reup mp3cd 2cd 3cd
    multi files ebook ebooks standard deluxe edition special limited collector's anniversary album single
    soundtrack-only torrent nzb yenc x264 x265 h264 h265 hevc 720p 1080p 2160p hdtv bluray hd uhd aac2.0 ddp"""
_NOISE = frozenset(_NOISE_WORDS.split())
_UNABRIDGED = re.compile(r"\b(?:unabridged|ungekürzte?s?|ungekuerzt|intégrale?|onverkort)\b", re.IGNORECASE)
_ABRIDGED = re.compile(r"(?<!un)\b(?:abridged|gekürzte?s?|gekuerzt)\b", re.IGNORECASE)
_ABRIDGED_WORDS = re.compile(
    f"{_UNABRIDGED.pattern}|{_ABRIDGED.pattern}|\\bnarrator\\b|\\bversion\\b|\\blesung\\b", re.IGNORECASE
)
_FORMAT = re.compile(
    # FLAC is often written together with its depth: FLAC24, FLAC24bit
    rf"(?<![\w])(?:(?:{'|'.join(sorted(_FORMATS, key=len, reverse=True))})(?![\w])|flac(?=24))",
    re.IGNORECASE,
)
_KBPS = re.compile(r"(?<![\w.])(\d{2,3})\s?(?:k|kb|kbps|kb/s|kbit|kbit/s|kbits)(?![\w])", re.IGNORECASE)
_AFTER_FORMAT = re.compile(
    r"(?<!\w)(?:mp3|m4a|m4b|aac|ogg|opus)[\s@_-]{1,3}(\d{2,3})(?![\w])|(?<!\w)(\d{2,3})[\s_-]{1,3}(?:mp3|m4a|m4b)(?!\w)",
    re.IGNORECASE,
)
#: Tags that also end titles, so that they stay unless brackets or dashes set them apart.
_TITLE_WORDS = """book complete real single album tracks chapters log standard special limited edition"""
_ALSO_IN_TITLES = frozenset(_TITLE_WORDS.split())


def format_of(line: str) -> str | None:
    """The first audio format that is named, else the first format of any kind, in small letters."""
    found = [match[0].lower() for match in _FORMAT.finditer(line.replace("_", " ")) if match[0] not in _WORDS_OF_TITLES]
    audio = [name for name in found if name in AUDIO_FORMATS]
    return next(iter(audio), None) or next(iter(found), None)


def bitrate_of(line: str, bracketed: Iterable[str]) -> int | None:
    """The bitrate in kbit/s; a bare number counts where it stands alone in brackets."""
    line = line.replace("_", " ")
    found = [int(match[1]) for match in _KBPS.finditer(line)]
    for match in _AFTER_FORMAT.finditer(line):
        number = match[1] or match[2]
        found += [int(number)] if number in _BITRATES else []
    found += [int(content) for content in bracketed if content in _BITRATES]
    # Of several the highest: the lower ones are samples, or variable.
    return max((rate for rate in found if 8 <= rate <= 640), default=None)


def abridged_of(line: str) -> bool | None:
    """Whether it says abridged (True) or unabridged (False); None where it says neither."""
    line = line.replace("_", " ")
    if _UNABRIDGED.search(line):
        return False
    return True if _ABRIDGED.search(line) else None


def is_tag(word: str) -> bool:
    """Whether a word says something of the release and nothing of the book."""
    plain = word.strip(".,:;!").casefold()
    if plain in _NOISE or plain in _FORMATS or _ABRIDGED_WORDS.fullmatch(plain):
        return True
    if plain.isdecimal():
        return plain in _BITRATES or len(plain) > 3  # a small number may count the books of a series
    return bool(_KBPS.fullmatch(plain)) or not any(character.isalnum() for character in plain)


def ends_titles(word: str) -> bool:
    """Whether this tag is also a word that titles end in: it counts in brackets or between dashes only."""
    plain = word.strip(".,:;!")
    return plain in _WORDS_OF_TITLES or plain.casefold() in _ALSO_IN_TITLES


def is_bitrate(word: str) -> bool:
    """Whether a bare number is one of the usual bitrates."""
    return word in _BITRATES


def without_bitrates(line: str) -> str:
    """The line without "64 kbps" and the like."""
    return " ".join(_KBPS.sub(" ", line).split())


def is_format(word: str) -> bool:
    """Whether it names a format."""
    return word.casefold() in _FORMATS
