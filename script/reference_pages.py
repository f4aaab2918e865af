#!/usr/bin/env python3
"""Writes the pages of docs/reference that the code itself can tell: settings, lifecycle, commands and failures.

    .venv/bin/python script/reference_pages.py

A test compares them with the code, so that they are never of yesterday.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from auralarchive.cli import app
from auralarchive.domain import events
from auralarchive.domain.failures import RELEASE_FAULTS, SURROUNDINGS, FailureKind
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
    extra = field.json_schema_extra
    unit = f"In {extra['unit']}." if isinstance(extra, dict) and "unit" in extra else ""
    meaning = ". ".join(part for part in (field.title, field.description) if part)
    meaning = f"{meaning}{'' if meaning.endswith('.') or not unit else '.'} {unit}".strip()
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


_CLI = f"""# The command `auralarchive`

{_NOTE}

In a checkout it is `.venv/bin/auralarchive`. Every command explains itself with `--help`. It ends with 0 when all went
well, with 1 when something did not, in words with a remedy, and with 2 when it was asked for something that cannot be.
`search` and `add` talk to the server that runs over the same data folder on this machine, without a password.
"""


def cli_page() -> str:
    """docs/reference/cli.md"""
    program: Any = typer.main.get_command(app)
    parts = [_CLI, *_options(program), ""]
    for name, later in program.commands.items():
        command = later.loaded()
        arguments = " ".join(f"{one.name.upper()}{'…' if one.nargs == -1 else ''}" for one in _arguments(command))
        parts += [f"## `auralarchive {name}`\n", f"{inspect.cleandoc(command.help)}\n"]
        parts += [f"    auralarchive {name} {arguments}".rstrip(), "", *_options(command), ""]
    return "\n".join(parts).rstrip() + "\n"


def _arguments(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "argument"]


def _options(command: Any) -> list[str]:
    rows = [f"| `{one.name.upper()}` | {one.help} |" for one in _arguments(command)]
    options = (one for one in command.params if one.param_type_name == "option")
    rows += [f"| {', '.join(f'`{name}`' for name in one.opts)} | {one.help} |" for one in options]
    return ["| argument or option | what |", "|---|---|", *rows] if rows else []


_FAILURES = f"""# Failures

{_NOTE}

A download that failed says what happened and what to do, and bears one of these codes, as `failure_kind` in the API.
The codes are stable. What time may mend is tried again by itself, after growing waits and as often as the settings
say; a fault of the surroundings is waited for without end, with waits that double from 1 minute to 15. A fault of the
release makes an automatic download choose another one, and never the same again.

| code | what happened | what to do | by itself |
|---|---|---|---|
"""

_WHAT_TO_DO: dict[FailureKind, tuple[str, str]] = {
    FailureKind.NOTHING_FOUND: (
        "No release that fits was found.",
        "Search by hand and pick one; add indexers; lower `search.minimum_match_score`.",
    ),
    FailureKind.INDEXERS_UNREACHABLE: (
        "No indexer could be asked.",
        "Look at System for what each said; test them in the settings.",
    ),
    FailureKind.RELEASE_GONE: ("The indexer no longer has what it offered.", "Choose another release."),
    FailureKind.FETCH_FAILED: (
        "The link could not be fetched, or the indexer asked us to wait.",
        "Wait, or look at the indexer's limits.",
    ),
    FailureKind.ADDRESS_REFUSED: (
        "The link leads to an address that we never fetch from, such as one inside your network.",
        "Choose another release. Links of an indexer in your network are allowed once it is added as an indexer.",
    ),
    FailureKind.INVALID_PAYLOAD: (
        "What came is no torrent or NZB, or one that we refuse.",
        "Choose another release; a login page instead of a file means that the indexer's key is wrong.",
    ),
    FailureKind.DUPLICATE: ("Another download has the same release.", "Nothing: see the other download."),
    FailureKind.NO_CLIENT: ("No client for this kind of download is enabled.", "Enable one, then retry."),
    FailureKind.CLIENT_UNREACHABLE: ("The download client does not answer.", "Start it; check host and port."),
    FailureKind.CLIENT_AUTH: (
        "The download client refuses our password.",
        "Mend it in the client's settings. It is asked only once in half an hour, since clients ban who keeps trying.",
    ),
    FailureKind.CLIENT_REFUSED: ("The download client refused the release.", "Read what it said, then retry."),
    FailureKind.CLIENT_ERROR: ("The download client gave up.", "Choose another release, or mend it there and retry."),
    FailureKind.METADATA_TIMEOUT: ("Nobody shared what the magnet stands for.", "Choose another release."),
    FailureKind.STALLED: ("No data came for a long time.", "Choose another release."),
    FailureKind.SOURCE_LOST: (
        "The downloaded files or the client's item are gone.",
        "Retry: it is downloaded again.",
    ),
    FailureKind.PATH_MAPPING: (
        "We do not see the client's files where it says that they are.",
        "Add or mend the client's path mapping; `auralarchive doctor` tells more.",
    ),
    FailureKind.NO_SPACE: ("The disk is full.", "Make room; it goes on by itself."),
    FailureKind.PERMISSION: ("A folder or file may not be read or written.", "Give it to the user that runs us."),
    FailureKind.NO_AUDIO: ("There is no audio in the download.", "Choose another release."),
    FailureKind.SEVERAL_BOOKS: (
        "The download holds several books, and none of them clearly is the wanted one.",
        "Choose another release, or take one out with `auralarchive convert --only NAME`.",
    ),
    FailureKind.DAMAGED_AUDIO: ("The audio is cut, corrupt or silent.", "Choose another release."),
    FailureKind.KEY_MISSING: (
        "The book is locked, and no key for it is set.",
        "Enter the key of your own account under `conversion`, then retry.",
    ),
    FailureKind.KEY_WRONG: ("The key does not open the book, or is not of its form.", "Correct it, then retry."),
    FailureKind.ENCODER_FAILED: ("FFmpeg failed or was killed.", "Retry; check memory and the FFmpeg in use."),
    FailureKind.VERIFICATION_FAILED: (
        "The finished book is not what it should be, and was thrown away.",
        "Retry; if it stays so, choose another release and report it.",
    ),
    FailureKind.LIBRARY_CONFLICT: (
        "Another book's file is in the place of this one.",
        "Move it away or change `library.template`, then retry. Nothing is ever overwritten.",
    ),
    FailureKind.LIBRARY_UNAVAILABLE: ("The library or database is not there.", "Mount its disk, start its server."),
    FailureKind.UNSAFE_PATH: (
        "A path leads out of its folder, or a download holds the library itself.",
        "Give the client a folder of its own; choose another release.",
    ),
    FailureKind.INTERRUPTED: ("The work was interrupted.", "Nothing: it is tried again."),
    FailureKind.BUG: ("Something that should not happen did.", "See the log, and please report it."),
}


def failures_page() -> str:
    """docs/reference/failures.md"""
    return _FAILURES + "".join(
        f"| `{kind}` | {what} | {remedy} | {_by_itself(kind)} |\n" for kind, (what, remedy) in _WHAT_TO_DO.items()
    )


def _by_itself(kind: FailureKind) -> str:
    if kind in SURROUNDINGS:
        return "waited for"
    return "another release" if kind in RELEASE_FAULTS else ""


PAGES = {
    "settings.md": settings_page,
    "lifecycle.md": lifecycle_page,
    "cli.md": cli_page,
    "failures.md": failures_page,
}


def main() -> None:
    """Write all of them."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, render in PAGES.items():
        (REFERENCE / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
