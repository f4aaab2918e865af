"""Text of strangers as text: descriptions come with HTML, entities and characters that show nothing."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"<(?:br|hr|/?p|/?div|/?ul|/?ol|/li|/?h[1-6]|/?blockquote|/?tr)\b[^<>]*>", re.IGNORECASE)
_ITEM = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|span|font|small|big|sub|sup|center|cite|code|img|table|tbody|td|th|tr|p|div|ul|ol|li"
    r"|br|hr|h[1-6]|blockquote|html|body|head|script|style)\b[^<>]*>|<!--[^<>]*-->",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")
_LINES = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_MANY_EMPTY = re.compile(r"\n{3,}")


def one_line(text: str, longest: int) -> str:
    """One line of printable text, at most `longest` bytes: control characters and runs of blanks become one blank."""
    return bounded(" ".join(_visible(text[: longest * 2]).split()), longest)


def paragraphs(text: str, longest: int) -> str:
    """Text of several lines without HTML, at most `longest` bytes and one empty line between two."""
    text = _without_html(text[: longest * 2])
    lines = (" ".join(_visible(line).split()) for line in _LINES.split(text))
    return bounded(_MANY_EMPTY.sub("\n\n", "\n".join(lines).strip()), longest)


def bounded(text: str, longest: int) -> str:
    """At most `longest` bytes of UTF-8, never half a character."""
    raw = text.encode()
    return text if len(raw) <= longest else raw[:longest].decode("utf-8", "ignore").rstrip()


def _without_html(text: str) -> str:
    """Only what is surely HTML goes: "a < b" and "<3" are text."""
    if "<" in text:
        text = _ITEM.sub("\n• ", _BREAK.sub("\n", text))
        text = _TAG.sub("", text)
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text) if "&" in text else text


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
