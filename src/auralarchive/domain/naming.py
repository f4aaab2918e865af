"""Names for files and folders: made of other people's words, safe on every file system.

Titles, authors and file names come from strangers. `safe_component` turns any text into one path
component that every usual file system takes and that can never mean a path, an option, a device or
something hidden. A `Template` says how a book is laid out. Templates have their own tiny grammar
(`{token}`, `{token:02}`) because `str.format` would let a template look into our objects.

The text is first cut into components, then the values are put in, then each component is cleaned:
a slash in a title can therefore never open a folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from auralarchive.domain.book import Book

#: What nearly every file system takes for one name, in bytes of UTF-8.
MAX_COMPONENT_BYTES = 255
#: The longest path of a book below the library's root, in bytes; leaves room for the root itself.
MAX_PATH_BYTES = 1024
#: Folders and file of one book together.
MAX_DEPTH = 8

DEFAULT_TEMPLATE = "{author}/{title}/{title}.m4b"

#: The tokens of a template, with what they stand for.
TOKENS = {
    "author": "author as it was chosen",
    "title": "title of the book",
    "narrator": "who reads it",
    "series": "name of the series",
    "series_part": "number within the series; {series_part:02} pads it with zeros",
    "part": "the same as series_part",
    "year": "year of publication",
    "language": "language",
    "publisher": "publisher",
    "asin": "catalogue number, or our own for a book outside of the catalogue",
}

_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)
# A colon before a blank separates title and subtitle and reads well as a dash; the rest of what
# Windows refuses becomes a look-alike, nothing, or an underscore.
_REPLACED = str.maketrans({'"': "'", "?": "", "*": "", "<": "_", ">": "_", "|": "_", "/": "_", "\\": "_"})
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$", re.ASCII)
_TOKEN = re.compile(r"\{([a-z_]+)(?::(0[1-9]))?\}", re.ASCII)
_GAPS = re.compile(r"\(\s*\)|\[\s*\]")
_SIGNS = '\\:*?"<>|'
_LOOSE = " -–—,_"
_NUMBER = re.compile(r"(\d+)(.*)", re.ASCII | re.DOTALL)


class BadTemplate(ValueError):
    """A naming template that we refuse; `remedy` says what would be right, `part` what of it is wrong."""

    def __init__(self, reason: str, remedy: str, part: str = "") -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.part = part

    def place_in(self, text: str) -> tuple[int, int]:
        """Where in the template `text` that part stands; all of it where it is nowhere in particular."""
        start = text.find(self.part) if self.part else -1
        return (start, start + len(self.part)) if start >= 0 else (0, len(text))


def safe_component(text: str, max_bytes: int = MAX_COMPONENT_BYTES) -> str:
    """One harmless path component made of `text`, at most `max_bytes` of UTF-8, never empty.

    Cleaning twice changes nothing more. An extension survives the shortening.
    """
    visible = unicodedata.normalize("NFC", _without_tricks(unicodedata.normalize("NFC", text)))
    name = _shortened(_trimmed(visible), max_bytes)
    if name.split(".")[0].rstrip().upper() in _DEVICES:
        name = _shortened(f"_{name}", max_bytes)
    return name or "_"


def distinct(name: str, taken: Collection[str], max_bytes: int = MAX_COMPONENT_BYTES) -> str:
    """`name`, or `name (2)`, `name (3)` … where it is taken; letter case does not tell names apart."""
    used = {other.casefold() for other in taken}
    candidate, number = name, 1
    while candidate.casefold() in used:
        number += 1
        candidate = _with_number(name, number, max_bytes)
    return candidate


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a book goes, below the library's root: its own folder, and the audio file within."""

    folders: tuple[str, ...]
    file_name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: make it with `parse_template`."""

    text: str
    components: tuple[str, ...]

    def layout(self, book: Book) -> Layout:
        """Where `book` goes. Values that are not known drop out with the signs around them."""
        values = _values(book)
        rendered = [_rendered(component, values) for component in self.components[:-1]]
        folders = tuple(part for part in rendered if part)
        stem = _rendered(self.components[-1].removesuffix(".m4b"), values)
        return _within_limits(folders, f"{stem or 'Unknown'}.m4b")


def parse_template(text: str) -> Template:
    """Check a naming template. Raises `BadTemplate`.

    A template that does not end in `.m4b` names the book's folder; its file is then `{title}.m4b`.
    """
    wanted = text.strip()
    components = tuple(part.strip() for part in wanted.split("/"))
    if not wanted.endswith(".m4b"):
        components = (*components, "{title}.m4b")
    _check_shape(wanted, components)
    for component in components:
        _check_component(component)
    _check_own_folder(components)
    return Template(wanted, components)


def _without_tricks(text: str) -> str:
    spaced = re.sub(r":\s+", " - ", text)
    return "".join(map(_plain_character, spaced.replace(":", "-").translate(_REPLACED)))


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\t\n\r\v\f":
        return " "
    if category in ("Cc", "Cf"):  # controls, bidi overrides, zero-width characters
        return ""
    return "_" if category == "Cs" else character  # half of a pair: a name that was not UTF-8


def _trimmed(text: str) -> str:
    """Without blanks around, without what would hide it, make it an option, or vanish on Windows."""
    return " ".join(text.split()).lstrip(" .-").rstrip(" .")


def _shortened(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    found = _EXTENSION.search(name)
    extension = found.group() if found else ""
    room = max_bytes - len(extension)
    stem = name[: len(name) - len(extension)].encode()[:room].decode(errors="ignore")
    return _trimmed(stem) + extension


def _with_number(name: str, number: int, max_bytes: int) -> str:
    found = _EXTENSION.search(name)
    extension = found.group() if found else ""
    suffix = f" ({number})"
    room = max_bytes - len(suffix) - len(extension)
    return _shortened(name.removesuffix(extension), room) + suffix + extension


def _check_shape(text: str, components: tuple[str, ...]) -> None:
    if not text:
        raise BadTemplate("The naming template is empty.", f"The usual one is {DEFAULT_TEMPLATE}.")
    if text.startswith("/"):
        raise BadTemplate("The naming template starts with “/”.", "It is always below the library's folder.")
    if len(components) > MAX_DEPTH:
        raise BadTemplate(
            f"The naming template has {len(components)} levels.", f"Use at most {MAX_DEPTH}, the file included."
        )
    if any(len(component.encode(errors="replace")) > MAX_COMPONENT_BYTES for component in components):
        raise BadTemplate("A part of the naming template is too long.", "Use fewer words between the slashes.")


def _check_component(component: str) -> None:
    if component.startswith("."):
        raise BadTemplate(
            f"“{component}” starts with a dot.",
            "Such names are hidden or mean another folder: start with a token.",
            component,
        )
    literal = _TOKEN.sub("", component)
    if "{" in literal or "}" in literal:
        raise BadTemplate(
            f"“{component}” has braces that are no token.",
            "Write tokens as {title}, numbers as {series_part:02}, and no other braces.",
            _stray_brace(component),
        )
    if any(character in _SIGNS or not character.isprintable() for character in literal):
        raise BadTemplate(
            f"“{component}” has signs that file names cannot have.",
            'Leave out \\ : * ? " < > |.',
            next(character for character in literal if character in _SIGNS or not character.isprintable()),
        )
    if not component:
        raise BadTemplate("The naming template has an empty part between slashes.", "Remove one of the slashes.", "//")
    _check_tokens(component)


def _stray_brace(component: str) -> str:
    """What would be a token if it were written right: from a brace to the next, or to the end."""
    found = re.search(r"\{[^{}]*\}?|\}", _TOKEN.sub(lambda token: " " * len(token[0]), component))
    return component[slice(*found.span())].rstrip() if found else component


def _check_tokens(component: str) -> None:
    for found in _TOKEN.finditer(component):
        name, width = found.groups()
        if name not in TOKENS:
            raise BadTemplate(f"There is no token {{{name}}}.", f"Use {', '.join(TOKENS)}.", found[0])
        if width and name not in ("series_part", "part"):
            raise BadTemplate(f"{found[0]} is no number.", "Only {series_part} can be padded with zeros.", found[0])


def _check_own_folder(components: tuple[str, ...]) -> None:
    """A book is published as one folder, so no two books may share theirs."""
    if len(components) < 2 or not {"title", "asin"} & _token_names(components[-2]):
        raise BadTemplate(
            "The naming template gives the book no folder of its own.",
            f"Put {{title}} or {{asin}} into the last folder, as in {DEFAULT_TEMPLATE}.",
            components[-2] if len(components) > 1 else "",
        )
    if not _token_names(components[-1]):
        raise BadTemplate("The file's name has no token.", "End with {title}.m4b.", components[-1])


def _token_names(component: str) -> set[str]:
    return {name for name, _ in _TOKEN.findall(component)}


def _values(book: Book) -> dict[str, str]:
    known = {
        "author": book.author.strip() or "Unknown",
        "title": book.title.strip() or "Unknown",
        "narrator": book.narrator,
        "series": book.series,
        "series_part": book.series_part,
        "part": book.series_part,
        "year": str(book.year) if book.year else None,
        "language": book.language,
        "publisher": book.publisher,
        "asin": book.asin,
    }
    return {name: value.strip() for name, value in known.items() if value and value.strip()}


def _rendered(component: str, values: dict[str, str]) -> str:
    """The component with its values, cleaned; empty where none of its values is known."""
    names = _token_names(component)
    missing = names - values.keys()
    if names and missing == names:
        return ""
    text = _TOKEN.sub(lambda found: _padded(values.get(found[1], ""), found[2]), component)
    if missing:
        text = " ".join(_GAPS.sub("", text).split()).strip(_LOOSE)
    return safe_component(text)


def _padded(value: str, width: str) -> str:
    number = _NUMBER.fullmatch(value)
    if not width or number is None:
        return value
    return number[1].zfill(int(width)) + number[2]


def _within_limits(folders: Iterable[str], file_name: str) -> Layout:
    *parents, name = [safe_component(part) for part in (*folders, file_name)]
    total = sum(len(part.encode()) + 1 for part in (*parents, name))
    if total > MAX_PATH_BYTES:
        room = MAX_PATH_BYTES // (len(parents) + 1) - 1
        *parents, name = [safe_component(part, room) for part in (*parents, name)]
    return Layout(tuple(parents), name)
