"""Reads times as people and programs write them."""

from __future__ import annotations

import re

_TIME = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)")


def seconds_of(text: str) -> float | None:
    """Read `1:02:03.500`, `02:03` and the like."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3].replace(",", "."))
