"""Text as it can be shown on one line: nothing in it moves the cursor, turns the writing round, or hides."""

from __future__ import annotations


def visible(text: str, *, keep_lines: bool = False) -> str:
    """`text` with control and direction characters spelled out, so that nothing can forge or hide a line.

    With `keep_lines`, line ends stay for tracebacks, indented so that no line looks like a new record.
    """
    lines = text.split("\n") if keep_lines else [text]
    return "\n    ".join(
        "".join(character if character.isprintable() else _spelled(character) for character in line) for line in lines
    )


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
