"""What the server says of its settings is said in the second language, too: no form speaks two at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auralarchive.clients.registry import CLIENT_TYPES
from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.notify.registry import NOTIFIER_TYPES
from auralarchive.ports.adapters import AdapterType
from auralarchive.runtime.settings_view import SECTIONS

GERMAN = Path(__file__).parents[2] / "frontend" / "src" / "i18n" / "de" / "schema.ts"


def _said() -> Iterator[str]:
    for section in SECTIONS.values():
        yield from _words(section.model_json_schema())
    types: tuple[AdapterType[Any, Any], ...] = (*CLIENT_TYPES, *INDEXER_TYPES, *NOTIFIER_TYPES)
    for one in types:
        yield one.title
        yield from _words(one.form)


def _words(schema: Mapping[str, Any]) -> Iterator[str]:
    for field in schema.get("properties", {}).values():
        yield from (field[key] for key in ("title", "description") if key in field)
    for part in schema.get("$defs", {}).values():
        yield from _words(part)


def test_every_title_and_hint_has_its_german_words() -> None:
    """And nothing is kept there that nobody says any more."""
    source = GERMAN.read_text("utf-8")
    keys = re.findall(r'^  (?:("(?:[^"\\]|\\.)*")|(\w+)):', source, re.MULTILINE)
    known = {json.loads(quoted) if quoted else plain for quoted, plain in keys}
    assert set(_said()) == known
