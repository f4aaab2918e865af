"""Types of request fields: text that is safe to keep, numbers that fit the database."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
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
#: Of a word that a person puts on a download.
MOST_OF_A_TAG = 50
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


def _tags(value: Any) -> Any:
    """Words, each once, whatever its letter case; a form sends them with commas between."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return value
    cleaned = [_one_line(one.replace(",", " "), MOST_OF_A_TAG) for one in value]
    return list({one.casefold(): one for one in reversed(cleaned) if one}.values())[::-1]


def _with_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("name its time zone, too: 2026-05-01T03:00:00+02:00, or Z for UTC")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no calendar reaches that far") from error


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
Tags = Annotated[list[str], BeforeValidator(_tags), Field(max_length=20)]
Moment = Annotated[datetime, AfterValidator(_with_zone)]
Bytes = Annotated[int, Field(ge=0, le=2**50)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="The id as lists give it.")]


class Body(BaseModel):
    """A request's body: fields that we do not know are refused, not ignored."""

    model_config = ConfigDict(extra="forbid")
