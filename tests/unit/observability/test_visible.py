"""Nothing in a line moves the cursor, turns the writing round, or hides."""

from __future__ import annotations

from auralarchive.observability.visible import visible


def test_characters_are_spelled_out() -> None:
    """Printable ones of every script stay."""
    assert visible("Ä日\t\x00") == "Ä日\\t\\x00"
    assert visible("a\nb", keep_lines=True) == "a\n    b"
