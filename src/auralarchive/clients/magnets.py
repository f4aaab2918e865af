"""Reads magnet links and writes them again with nothing in them that nobody asked for."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qsl, quote, urlsplit

from auralarchive.clients.display import display_text, has_control_characters
from auralarchive.clients.torrents import MAX_SIZE
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.errors import InvalidInput

MAX_LENGTH = 32 * 1024
_MAX_FIELDS = 300
_REMEDY = "Copy the whole link again, or choose another release."
_HEX_V1 = re.compile(r"[0-9a-fA-F]{40}")
_BASE32_V1 = re.compile(r"[a-zA-Z2-7]{32}")
_HEX_V2 = re.compile(r"1220([0-9a-fA-F]{64})")  # multihash: SHA-256, 32 bytes
_TRACKERS = frozenset({"http", "https", "udp", "ws", "wss"})


def read_magnet(uri: str) -> Payload:
    """The payload of a magnet link. Raises `InvalidInput`.

    Its `magnet` is written anew from the hashes (in hex), the name, trackers, web seeds and peers. What
    else a link may hold, such as sources to fetch a .torrent from, a client has no business to open.
    """
    fields = _fields(uri.strip())
    v1, v2 = _hashes(fields)
    name = display_text(_first(fields, "dn"))
    return Payload(
        download_type=DownloadType.TORRENT,
        name=name or v1 or v2 or "",
        magnet=_written(v1, v2, name, fields),
        info_hash_v1=v1,
        info_hash_v2=v2,
        size=_size(_first(fields, "xl")),
    )


def _fields(uri: str) -> list[tuple[str, str]]:
    if not uri[:8].lower() == "magnet:?":
        raise _refused("it does not begin with magnet:?")
    if len(uri) > MAX_LENGTH or has_control_characters(uri):
        raise _refused("it is too long, or holds characters that no link has")
    try:
        pairs = parse_qsl(uri[8:], max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise _refused("it has too many parts") from error
    # Several values of one kind may be numbered: xt.1, xt.2, tr.1
    return [(key.lower() if key == "x.pe" else key.lower().split(".")[0], value) for key, value in pairs]


def _hashes(fields: list[tuple[str, str]]) -> tuple[str | None, str | None]:
    topics = [value for key, value in fields if key == "xt"]
    v1 = {_v1(topic[9:]) for topic in topics if topic[:9].lower() == "urn:btih:"}
    v2 = {_v2(topic[9:]) for topic in topics if topic[:9].lower() == "urn:btmh:"}
    if len(v1) > 1 or len(v2) > 1:
        raise _refused("it names two different torrents")
    if (not v1 and not v2) or any(set(topic) == {"0"} for topic in v1 | v2):
        # All zeros is how a client writes "no hash".
        raise _refused("it names no torrent")
    return next(iter(v1), None), next(iter(v2), None)


def _v1(text: str) -> str:
    if _HEX_V1.fullmatch(text):
        return text.lower()
    if not _BASE32_V1.fullmatch(text):
        raise _refused("its info-hash is neither 40 hex nor 32 base32 characters long")
    try:
        return base64.b32decode(text.upper()).hex()
    except binascii.Error as error:
        raise _refused("its info-hash is not base32") from error


def _v2(text: str) -> str:
    match = _HEX_V2.fullmatch(text)
    if match is None:
        raise _refused("its v2 info-hash is not a SHA-256 multihash")
    return match[1].lower()


def _written(v1: str | None, v2: str | None, name: str, fields: list[tuple[str, str]]) -> str:
    topics = [f"xt=urn:btih:{v1}"] if v1 else []
    topics += [f"xt=urn:btmh:1220{v2}"] if v2 else []
    kept = [(key, value) for key, value in fields if _is_kept(key, value)]
    rest = [f"{key}={quote(value, safe='')}" for key, value in [("dn", name), *dict.fromkeys(kept)] if value]
    return "magnet:?" + "&".join(topics + rest)


def _is_kept(key: str, value: str) -> bool:
    if has_control_characters(value):
        return False
    if key in {"tr", "ws"}:
        return _scheme(value) in _TRACKERS
    return key == "x.pe"


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""


def _first(fields: list[tuple[str, str]], key: str) -> str:
    return next((value for name, value in fields if name == key), "")


def _size(text: str) -> int | None:
    """The size that the link claims, where it can be true: a hint for the page, no more."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if 0 < int(text) <= MAX_SIZE else None


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"The magnet link is not usable: {why}.", _REMEDY)
