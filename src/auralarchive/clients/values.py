"""Fields of a client's answer, read so that nothing in it can surprise us: what makes no sense is unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LARGEST = 2**63  # beyond it no database keeps a number


def text_of(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) else None


def number_of(fields: Mapping[str, Any], key: str) -> float | None:
    """A number that can be a share, a ratio or a size; -1 and the like are unknown."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < LARGEST and math.isfinite(value) else None


def whole_of(fields: Mapping[str, Any], key: str) -> int | None:
    value = number_of(fields, key)
    return None if value is None else int(value)
