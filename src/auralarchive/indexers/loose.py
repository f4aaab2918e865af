"""Reads JSON whose types are not to be relied on: numbers in quotes, one thing where several belong.

LibriVox and the Internet Archive answer with what their databases hold: "55" and 55, a name or a list of names, a
list that becomes an object when its keys have gaps, null, "" or 0 for what is not known. Nothing here raises but
`read_json`: what cannot be read is simply not there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from auralarchive.indexers.values import clean_title

Record = Mapping[str, object]

MAX_LINES = 100
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,6})?)")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_MOST_SECONDS = 10_000_000.0


class NotJson(ValueError):
    """It is something else, or breaks off."""


def read_json(body: bytes) -> object:
    """The value of a JSON document. Raises `NotJson`."""
    try:
        found: object = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise NotJson("it is no JSON") from error
    return found


def record(value: object) -> Record:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> tuple[Record, ...]:
    """The objects of a list, or of an object that stands for a list."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return tuple(one for one in inside if isinstance(one, dict))


def line(value: object) -> str:
    """One line of visible text, tags taken out; of several the first."""
    return next(iter(lines(value)), "")


def lines(value: object) -> tuple[str, ...]:
    """Text, or a list of texts, each as one line of visible text."""
    inside = value if isinstance(value, list) else [value]
    texts = (_text(one) for one in inside[:MAX_LINES])
    return tuple(text for text in texts if text)


def number(value: object) -> int | None:
    """A whole number that is not negative, also in quotes."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 2**63 else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and 0 <= value < 2**63 else None
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def seconds(value: object) -> float | None:
    """A length, from seconds or from 1:02:03; None for nought, which means that nobody measured it."""
    if isinstance(value, str):
        clock = _CLOCK.fullmatch(value.strip())
        if clock:
            found = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
        else:
            try:
                found = float(value.strip()[:32])
            except ValueError:
                return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = float(min(value, 2**53))
    else:
        return None
    return found if math.isfinite(found) and 0 < found < _MOST_SECONDS else None


def flag(value: object) -> bool:
    """Whether something is switched on, in any of the ways that this is written."""
    inside = value if isinstance(value, list) else [value]
    return any(str(one).strip().lower() in ("true", "1") for one in inside)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value) if not isinstance(value, str) else value[:20_000]
    return clean_title(_TAG.sub(" ", text)) if "<" in text else clean_title(text)
