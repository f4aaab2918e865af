"""config.toml as a backup takes it along: without what belongs to this machine alone, and without secrets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from auralarchive.settings import Section, Settings

#: Where this machine keeps its data: another one keeps it elsewhere.
PLACES = frozenset({("", "data_dir"), ("", "database_url")})

_HEADER = re.compile(r"\s*\[\s*([\w.-]+)\s*\]\s*(?:#.*)?")
_ENTRY = re.compile(r"\s*([\w-]+)\s*=")


def portable(text: str, *, secrets: bool) -> str | None:
    """`text` without places and, unless `secrets`, without secret values; None where they cannot be told apart.

    Lines are taken out whole, so that comments stay; what is left is read again, and must be the rest exactly.
    """
    leave_out = PLACES if secrets else PLACES | set(_secret_settings())
    try:
        wanted = _without(tomllib.loads(text), leave_out)
        kept = "".join(_lines(text, leave_out))
        return kept if tomllib.loads(kept) == wanted else None
    except tomllib.TOMLDecodeError:
        return None


def names_the_database(text: str) -> bool:
    """Whether the file says where this machine's data is: then it must stay as it is."""
    try:
        return bool({key for _, key in PLACES} & tomllib.loads(text).keys())
    except tomllib.TOMLDecodeError:
        return True


def _lines(text: str, leave_out: frozenset[tuple[str, str]] | set[tuple[str, str]]) -> Iterator[str]:
    section = ""
    for line in text.splitlines(keepends=True):
        if header := _HEADER.fullmatch(line.rstrip("\n")):
            section = header[1]
        entry = _ENTRY.match(line)
        if entry is None or (section, entry[1]) not in leave_out:
            yield line


def _without(tree: dict[str, Any], leave_out: frozenset[tuple[str, str]] | set[tuple[str, str]]) -> dict[str, Any]:
    return {
        key: {inner: value for inner, value in entry.items() if (key, inner) not in leave_out}
        if isinstance(entry, dict)
        else entry
        for key, entry in tree.items()
        if ("", key) not in leave_out
    }


def _secret_settings() -> Iterator[tuple[str, str]]:
    for name, field in Settings.model_fields.items():
        if _holds_secret(field.annotation):
            yield "", name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from ((name, key) for key in _secret_keys(field.annotation))


def _secret_keys(model: type[BaseModel]) -> Iterator[str]:
    return (key for key, field in model.model_fields.items() if _holds_secret(field.annotation))


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)
