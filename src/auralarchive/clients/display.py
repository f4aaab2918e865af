"""Names from strangers as text for people. Such text never becomes a path."""

from __future__ import annotations

import unicodedata

_LONGEST = 255


def display_text(raw: str | bytes, fallback: str = "") -> str:
    """`raw` on one line without control, direction and private characters, at most 255 long."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    visible = (" " if unicodedata.category(character).startswith("C") else character for character in text)
    return " ".join("".join(visible).split())[:_LONGEST] or fallback


def has_control_characters(text: str) -> bool:
    """Whether `text` holds a character that no password, name or address needs."""
    return any(unicodedata.category(character) == "Cc" for character in text)
