"""Request fields: text that is safe to keep and links that are links."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from auralarchive.web import fields

TEXT: TypeAdapter[str] = TypeAdapter(fields.Text)
LINK: TypeAdapter[str] = TypeAdapter(fields.Link)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  The\tHound\r\n of ", "The Hound of"),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("e\u0301", "é"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("z" + "\u0308" * 10_000, "z" + "\u0308" * 4),
        ("x" * 600, "x" * 500),
        ("日本語 🎧", "日本語 🎧"),
    ],
)
def test_text_is_one_composed_line(given: str, kept: str) -> None:
    """Control characters and towers of accents go, everything else stays as text."""
    assert TEXT.validate_python(given) == kept


@pytest.mark.parametrize("given", ["", "   ", "\x00", 5, None, ["x"]])
def test_text_that_says_nothing_is_refused(given: object) -> None:
    """An empty title is no title."""
    with pytest.raises(ValidationError):
        TEXT.validate_python(given)


@pytest.mark.parametrize(
    "link", ["magnet:?xt=urn:btih:" + "a" * 40, "https://x.example/a.torrent", "HTTP://x.example/"]
)
def test_links_of_the_web_and_magnets_pass(link: str) -> None:
    """Three schemes, in any case."""
    assert LINK.validate_python(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "ftp://x.example/",
        "javascript:alert(1)",
        "https://x.example/\r\nX: y",
        "//x.example/a",
        "",
    ],
)
def test_other_schemes_and_split_lines_are_refused(link: str) -> None:
    """Nothing but http, https and magnet is ever fetched."""
    with pytest.raises(ValidationError):
        LINK.validate_python(link)


def test_lines_stay_lines() -> None:
    """Each is clean, no two empty ones follow one another, and there is an end to them."""
    assert fields.clean_lines(" One\x07 \r\n\r\n\r\n\r\n Two\x00\n") == "One\n\nTwo"
    assert len(fields.clean_lines("x" * 100_000)) == fields.MOST_OF_LINES
    assert len(fields.clean_lines("word\n" * 100_000)) < fields.MOST_OF_LINES
    assert fields.clean_lines(5) == 5
