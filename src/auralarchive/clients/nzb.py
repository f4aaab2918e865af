"""Reads NZB files: is it one, how large is what it names, and is its password harmless."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from auralarchive.clients.display import display_text, has_control_characters
from auralarchive.clients.torrents import MAX_SIZE
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.errors import InvalidInput

MAX_BYTES = 32 * 1024 * 1024
MAX_SEGMENTS = 500_000  # of 700 KB each: 350 GB
MAX_DEPTH = 12
MAX_PASSWORD = 255
_REMEDY = "Choose another release."
#: "Title {{password}}" makes SABnzbd and NZBGet take the password from the name.
_PASSWORD_IN_NAME = re.compile(r"\{\{.*?\}\}|\{\{|\}\}")


@dataclass(slots=True)
class _Tally:
    """What has been seen of the file so far."""

    files: int = 0
    segments: int = 0
    size: int = 0


def read_nzb(data: bytes, name: str) -> Payload:
    """The payload of an NZB file; its size is that of the encoded articles. Raises `InvalidInput`."""
    if len(data) > MAX_BYTES:
        raise _refused(f"it is larger than {MAX_BYTES // 1024**2} MiB")
    tally = _Tally()
    try:
        _walk(data, tally)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        # LookupError and ValueError: encodings that Python does not know or that do not fit
        raise _refused("it is not well-formed XML, or declares entities") from error
    if not tally.files or not tally.segments:
        raise _refused("it names no files")
    plain = _PASSWORD_IN_NAME.sub(" ", name)
    return Payload(DownloadType.NZB, display_text(plain, "unnamed"), data=data, size=tally.size or None)


def _walk(data: bytes, tally: _Tally) -> None:
    """Go through the file once, forgetting every element at its end so that memory stays flat."""
    around: list[Element] = []
    for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=False):
        if event == "start":
            if not around:
                _check_root(element)
            around.append(element)
            if len(around) > MAX_DEPTH:
                raise _refused(f"it is nested deeper than {MAX_DEPTH} levels")
            continue
        around.pop()
        _count(element, tally)
        if around:
            del around[-1][:]


def _check_root(element: Element) -> None:
    kind = _kind(element)
    if kind == "error":
        code, text = display_text(element.get("code", "?")), display_text(element.get("description", "no reason given"))
        raise InvalidInput(
            f"The indexer answered with an error instead of an NZB: {text} (code {code}).",
            "Check the indexer's account and its daily limits.",
        )
    if kind != "nzb":
        raise _refused("its root is not <nzb>")


def _count(element: Element, tally: _Tally) -> None:
    kind = _kind(element)
    if kind == "file":
        tally.files += 1
    elif kind == "segment":
        tally.segments += 1
        tally.size = min(tally.size + _bytes(element), MAX_SIZE)
        if tally.segments > MAX_SEGMENTS:
            raise _refused(f"it has more than {MAX_SEGMENTS:,} segments")
    elif kind == "meta" and element.get("type", "").lower() == "password":
        _check_password(element.text or "")


def _check_password(password: str) -> None:
    if len(password) > MAX_PASSWORD or has_control_characters(password):
        raise _refused("its password is too long, or holds control characters")


def _bytes(element: Element) -> int:
    text = element.get("bytes", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else 0


def _kind(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"The NZB file is not usable: {why}.", _REMEDY)
