#!/usr/bin/env python3
"""Writes the pages of docs/reference that the code itself can tell: the settings, and the lifecycle.

    .venv/bin/python script/reference_pages.py

A test compares them with the code, so that they are never of yesterday.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from auralarchive.domain import events
from auralarchive.domain.lifecycle import steps
from auralarchive.domain.status import DownloadStatus, Owner
from auralarchive.settings import Section, Settings

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
_NOTE = "<!-- Written by script/reference_pages.py; change the code, then run it. -->"

_SETTINGS = f"""# Settings

{_NOTE}

A setting has one name, `section.key`. Where several places set it, the later in this list counts: the default,
`config.toml` in the data folder, what was saved in the pages, the environment. Lists are written with commas in the
environment. Four settings have a short name besides: `AURALARCHIVE_DATA_DIR`, `AURALARCHIVE_DATABASE_URL`,
`AURALARCHIVE_LIBRARY_PATH` and `AURALARCHIVE_API_KEY`.

```toml
[server]
port = 8765
```

is the same as `AURALARCHIVE_SERVER__PORT=8765`.
"""

_LIFECYCLE = f"""# The life of a download

{_NOTE}

Every status has one owner who must cause what happens next, so that no download is ever left alone. A failed download
belongs to the timer while a retry is due, and to a person after that.

| status | stage | owner |
|---|---|---|
{{rows}}

What leads from one status to another, cancelling left out: a download that is not finished can always be cancelled. A
torrent seeds while its book is converted and imported; `SEEDING` and `SEEDING_COMPLETE` show after the import.

```mermaid
stateDiagram-v2
    [*] --> QUEUED
{{arrows}}
```
"""


def settings_page() -> str:
    """docs/reference/settings.md"""
    return "\n".join([_SETTINGS, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield f"## {name}\n\n{inspect.getdoc(section)}\n"
            yield "| setting | default | what |\n|---|---|---|"
            yield from (_row(name, key, entry) for key, entry in section.model_fields.items())
            yield ""


def _row(section: str, key: str, field: FieldInfo) -> str:
    meaning = ". ".join(part for part in (field.title, field.description) if part)
    return f"| `{section}.{key}` | {_default(field.get_default(call_default_factory=True))} | {meaning} |"


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value in (None, "", ()) else f"`{value}`"


def lifecycle_page() -> str:
    """docs/reference/lifecycle.md"""
    rows = "\n".join(f"| {s} | {s.stage} | {_OWNERS[s.owner]} |" for s in DownloadStatus)
    return _LIFECYCLE.format(rows=rows, arrows="\n".join(_arrows()))


_OWNERS = {
    Owner.WORKER: "a worker",
    Owner.CLIENT: "the download client, as it is observed",
    Owner.PERSON: "a person",
    Owner.TIMER: "a timer",
    Owner.NOBODY: "nobody: it is over",
}


def _arrows() -> Iterator[str]:
    kinds = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, events.Event)]
    names: dict[tuple[DownloadStatus, DownloadStatus], list[str]] = {}
    for kind in kinds:
        if kind not in (events.Event, events.Claimed, events.CancelRequested):
            for step in steps(kind):
                names.setdefault(step, []).append(kind.__name__)
    order = list(DownloadStatus)
    for (before, after), causes in sorted(names.items(), key=lambda item: [order.index(status) for status in item[0]]):
        if before is not after:
            yield f"    {before} --> {after}: {', '.join(sorted(causes))}"


def main() -> None:
    """Write both."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "settings.md").write_text(settings_page(), encoding="utf-8")
    (REFERENCE / "lifecycle.md").write_text(lifecycle_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
