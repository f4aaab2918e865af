"""Reads the values of feeds: sizes, dates, hashes, titles, as people and programs write them."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from base64 import b32decode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

MAX_TITLE = 1_000
_MAX_SIZE = 2**50

_UNITS = {"": 1, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
#: "1.023,4 MB", "7,162.1MB", "386 MiB", "185918870 bytes"
_SIZE = re.compile(r"(?<![\w.,])(\d[\d.,]{0,20})\s{0,3}([kmgtp])?(i)?(?:b|bytes?|o)(?![a-z])", re.IGNORECASE)
_SIZE_LABEL = re.compile(r"\b(?:size|total size|grösse|größe|taille)\b\W{0,20}", re.IGNORECASE)
_SEEDERS = re.compile(r"\bseed(?:er)?s?\b\W{0,3}(\d{1,7})|\b(\d{1,7})\s{1,2}seed(?:er)?s?\b", re.IGNORECASE)
_LEECHERS = re.compile(r"\bleech(?:er)?s?\b\W{0,3}(\d{1,7})|\b(\d{1,7})\s{1,2}leech(?:er)?s?\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,300}>")
_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)
_BASE32 = re.compile(r"[a-z2-7]{32}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,10});", re.IGNORECASE)


def parse_size(text: str) -> int | None:
    """Bytes, from a bare number or from a number with its unit; None where there is none to be read.

    Units count in 1024s, whatever they are called: so do the sites that write them.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 19:
        return _plausible(int(text))
    found = _SIZE.search(text[:2_000])
    if found is None:
        return None
    number = _number(found[1])
    power = _UNITS[(found[2] or "").lower()] if found[2] else 0
    return None if number is None else _plausible(round(number * 1024**power))


def size_in_text(text: str) -> int | None:
    """The size that a description names, by its label, or the first that looks like one."""
    text = plain_text(text)
    label = _SIZE_LABEL.search(text)
    found = parse_size(text[label.end() : label.end() + 60]) if label else None
    return found if found is not None else parse_size(text)


def seeders_in_text(text: str) -> int | None:
    """The seeders that a description names."""
    return _counted(_SEEDERS, text)


def leechers_in_text(text: str) -> int | None:
    """The leechers that a description names."""
    return _counted(_LEECHERS, text)


def parse_count(text: str) -> int | None:
    """A number of things, not negative; None where it is not one."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def parse_factor(text: str) -> float | None:
    """A finite number, not negative; None where it is not one."""
    try:
        number = float(text.strip()[:32])
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number < 1e9 else None


def parse_date(text: str) -> datetime | None:
    """A moment in UTC, from an RFC 822 date with all its liberties or an ISO date; None where unreadable."""
    text = text.strip()[:64]
    moment = _rfc_date(text) or _iso_date(text)
    if moment is None or not 1990 < moment.year < 9000:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_hash(text: str) -> str | None:
    """An info-hash in lower-case hex (40 or 64 digits), from hex or base32; None for "(removed)" and the like."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return text.lower()
    if _BASE32.fullmatch(text):
        return b32decode(text.upper()).hex()
    return None


def magnet_hash(uri: str) -> str | None:
    """The info-hash of a magnet link, v1 before v2; None where it has none that we can read."""
    topics = [value for key, value in parse_qsl(uri.partition("?")[2], max_num_fields=500) if key.startswith("xt")]
    for prefix in ("urn:btih:", "urn:btmh:1220"):
        for topic in topics:
            found = parse_hash(topic[len(prefix) :]) if topic.lower().startswith(prefix) else None
            if found:
                return found
    return None


def clean_title(text: str) -> str:
    """A title as one line of visible text. What was encoded twice is decoded once more."""
    text = text[: 4 * MAX_TITLE]
    if _ENTITY.search(text):
        text = html.unescape(text)
    text = "".join(_visible(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(text.split())[:MAX_TITLE].rstrip()


def plain_text(markup: str) -> str:
    """The words of a description: for reading numbers out of it, not for showing."""
    return html.unescape(_TAG.sub(" ", markup[:8_000]))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    # Zero-width and direction signs hide in titles and break every comparison.
    return "" if category in ("Cf", "Cs", "Co", "Cn") else character


def _number(text: str) -> float | None:
    """12.345,6 or 12,345.6: the last separator is the decimal one, unless it plainly groups thousands."""
    text = text.strip(".,")
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        whole, digits, sign = text[:last], text[last + 1 :], text[last]
        other = "," if sign == "." else "."
        groups = sign in whole or (len(digits) == 3 and sign == "," and other not in whole)
        whole = whole.replace(".", "").replace(",", "")
        text = whole + digits if groups else f"{whole}.{digits}"
    try:
        return float(text)
    except ValueError:
        return None


def _plausible(size: int) -> int | None:
    return size if 0 < size <= _MAX_SIZE else None


def _counted(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(plain_text(text))
    return int(found[1] or found[2]) if found else None


def _rfc_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
