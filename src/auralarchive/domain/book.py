"""What a download is about: one book, in the catalogue or outside of it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import b32encode
from dataclasses import dataclass

_REAL_ASIN = re.compile(r"(?:B[0-9A-Z]{9}|[0-9]{9}[0-9X])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Book:
    """The book as its person knows it; every field but title and author may be unknown."""

    asin: str
    title: str
    author: str
    narrator: str | None = None
    series: str | None = None
    series_part: str | None = None
    year: int | None = None
    language: str | None = None
    publisher: str | None = None
    description: str | None = None


def is_real_asin(text: str) -> bool:
    """Whether `text` has the shape of a catalogue's ASIN (`B` and nine more) or of an ISBN-10."""
    return _REAL_ASIN.fullmatch(text) is not None


def pseudo_asin(title: str, author: str) -> str:
    """A stable identifier for a book outside the catalogue, from its title and author.

    `AA-` and 16 base32 letters: the hyphen and the length keep it from ever being taken for a real
    ASIN. Letter case, accents' encoding, punctuation and runs of blanks do not change it.
    """
    identity = f"{_plain(author)}\x1f{_plain(title)}".encode()
    return "AA-" + b32encode(hashlib.sha256(identity).digest()[:10]).decode()


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(
        character if character.isalnum() or unicodedata.combining(character) else " " for character in folded
    )
    # A name of nothing but signs ("???") keeps them: two such books must not become one.
    return " ".join(words.split()) or folded.strip()
