"""Request bodies, before any route sees them: their type, their size and, for JSON, their shape."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.types import Message, Receive

from auralarchive.web.errors import Problem

MOST_JSON_BYTES = 256 * 1024
MOST_UPLOAD_BYTES = 32 * 1024 * 1024
MOST_DEPTH = 32

#: A backup comes as it is, without a form around it: it goes to the disk as it arrives.
MOST_BACKUP_BYTES = 4 << 30

_FORM, _ZIP = "multipart/form-data", "application/zip"
#: The only addresses that take a file: of which type, and how large.
UPLOADS = (
    (re.compile(r"/api/search/manual/upload", re.ASCII), _FORM, MOST_UPLOAD_BYTES),
    (re.compile(r"/api/library/books/[0-9]{1,16}/cover", re.ASCII), _FORM, MOST_UPLOAD_BYTES),
    (re.compile(r"/api/system/restore/upload", re.ASCII), _ZIP, MOST_BACKUP_BYTES),
)

#: A string, also one that never ends (so that this is linear in every case), or a bracket.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


async def guarded(headers: Mapping[str, str], path: str, receive: Receive) -> Receive:
    """A `receive` that hands on the same body once it is known to be harmless. Raises a problem."""
    _check_encoding(headers)
    # Without a type it is no upload but, say, a DELETE of what was uploaded: then nothing may come.
    upload = _upload(path) if "content-type" in headers else None
    content_type, most = upload or ("application/json", MOST_JSON_BYTES)
    _check_declared_size(headers, most)
    if upload:
        _check_type(headers, content_type)
        return _counted(receive, most)
    body = await _read(receive, most)
    if body:
        _check_type(headers, content_type)
        check_json(body)
    return _replayed(body, receive)


def _upload(path: str) -> tuple[str, int] | None:
    """The type and the most bytes of the file that this address takes."""
    return next(((kind, most) for pattern, kind, most in UPLOADS if pattern.fullmatch(path)), None)


def check_framing(headers: Mapping[str, str]) -> None:
    """Refuse a request with two lengths: a proxy in front might believe the other one. Raises a problem."""
    if "content-length" in headers and "transfer-encoding" in headers:
        raise Problem("bad_request", "The request declares two lengths.", headers={"Connection": "close"})


def check_json(body: bytes) -> None:
    """Refuse JSON that parsers disagree about or that only means harm. Raises a problem."""
    # Counted before parsing: the parser itself recurses.
    if _depth(body) > MOST_DEPTH:
        raise Problem("invalid_json", f"The JSON is nested deeper than {MOST_DEPTH} levels.")
    try:
        value = json.loads(body, object_pairs_hook=_without_doubles, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Problem("invalid_json", "The body is not JSON.") from error
    if not all(map(_is_storable, _strings(value))):
        raise Problem("invalid_json", "A text holds half a character or a NUL, which nothing can store.")


def _check_encoding(headers: Mapping[str, str]) -> None:
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("unsupported_media_type", "Compressed bodies are not accepted.")


def _check_declared_size(headers: Mapping[str, str], most: int) -> None:
    length = headers.get("content-length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise Problem("bad_request", "Content-Length is not a number.")
    if int(length[:20]) > most:
        raise _too_large(most)


def _check_type(headers: Mapping[str, str], wanted: str) -> None:
    given = headers.get("content-type", "").split(";")[0].strip().lower()
    if given != wanted:
        raise Problem("unsupported_media_type", f"Content-Type has to be {wanted}.")


def _too_large(most: int) -> Problem:
    # The rest of the body is not read: the connection cannot go on.
    return Problem("too_large", f"More than {most // 1024} KiB are not accepted.", headers={"Connection": "close"})


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def _counted(receive: Receive, most: int) -> Receive:
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_large(most)
        return message

    return count


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending = True

    async def replay() -> Message:
        nonlocal pending
        if pending:
            pending = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def _depth(body: bytes) -> int:
    """How deep brackets open outside of strings; closing ones are believed, broken JSON is refused later."""
    deepest = depth = 0
    for match in _TOKENS.finditer(body):
        first = match.group()[0]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("doubled key")
    return made


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    """1e999 is Infinity by another name: it could be saved, but no answer could ever show it."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is beyond every number")
    return number


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
    return found


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
