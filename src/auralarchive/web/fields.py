"""Types of request fields: text that is safe to keep, numbers that fit the database."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from auralarchive.pipeline.commands import MOST_PRIORITY

#: Longer titles and names are cut: nobody reads on, and pages keep their shape.
MOST_CHARACTERS = 500
#: Of text in several lines: a description.
MOST_OF_LINES = 16_000
#: Of an account's name.
MOST_OF_A_NAME = 64
#: No writing stacks more marks than this on one letter.
_MOST_MARKS = 4


def clean_text(value: Any) -> Any:
    """One line of text: composed, without control characters and towers of accents, cut to length."""
    return _one_line(value, MOST_CHARACTERS) if isinstance(value, str) else value


def _one_line(text: str, most: int) -> str:
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text[: 20 * most]):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(" " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character)
    return " ".join("".join(kept).split())[:most].rstrip()


def clean_lines(value: Any) -> Any:
    """Text of several lines, each clean, with at most one empty line between two; cut to length."""
    if not isinstance(value, str):
        return value
    lines = [_one_line(line, MOST_OF_LINES) for line in value[:MOST_OF_LINES].splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _check_link(value: str) -> str:
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError("a link has neither blanks nor control characters")
    if not value.lower().startswith(("http://", "https://", "magnet:?")):
        raise ValueError("give a magnet link or an http(s) link")
    return value


def _check_account_name(value: str) -> str:
    if not value:
        raise ValueError("a name has at least one letter")
    if len(value) > MOST_OF_A_NAME:
        raise ValueError(f"a name has at most {MOST_OF_A_NAME} characters")
    return value


Text = Annotated[str, BeforeValidator(clean_text), Field(min_length=1)]
#: Names of accounts are typed at each sign-in, so a long one is refused rather than cut.
AccountName = Annotated[
    str,
    BeforeValidator(clean_text),
    AfterValidator(_check_account_name),
    Field(json_schema_extra={"maxLength": MOST_OF_A_NAME}),
]
OptionalText = Annotated[str | None, BeforeValidator(lambda value: clean_text(value) or None)]
OptionalLines = Annotated[str | None, BeforeValidator(lambda value: clean_lines(value) or None)]
Asin = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{1,31}$")]
Link = Annotated[str, Field(min_length=8, max_length=16_384), AfterValidator(_check_link)]
Priority = Annotated[int, Field(ge=-MOST_PRIORITY, le=MOST_PRIORITY)]
Bytes = Annotated[int, Field(ge=0, le=2**50)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="The id as lists give it.")]


class Body(BaseModel):
    """A request's body: fields that we do not know are refused, not ignored."""

    model_config = ConfigDict(extra="forbid")
