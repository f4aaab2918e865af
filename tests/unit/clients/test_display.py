"""Names from strangers become harmless text."""

from __future__ import annotations

from auralarchive.clients.display import display_text, has_control_characters


def test_control_and_direction_characters_disappear() -> None:
    """A name cannot break lines, move the cursor or write backwards."""
    assert display_text("A\u202eB\n\x1b[2JC\x00") == "A B [2JC"


def test_bytes_that_are_not_utf8_stay_readable() -> None:
    """A name in another encoding is shown with replacement marks."""
    assert display_text(b"B\xfccher") == "B\ufffdcher"


def test_a_name_is_never_endless_and_never_empty() -> None:
    """Length is bounded, and emptiness takes the fallback."""
    assert len(display_text("x" * 9_999)) == 255
    assert display_text("\x01", "unnamed") == "unnamed"


def test_control_characters_are_found() -> None:
    """Passwords and links are judged, not mended."""
    assert has_control_characters("a\tb")
    assert not has_control_characters("pässwörd ✓")
