"""Which items of other people's programs are ours, for a backup: where only a note of ours tells (`deluge_notes`).

Such a program goes on when our data folder is lost, and without the notes its torrents would count as somebody
else's for ever. What the clients inside of us keep stays out: it tells which pieces of which files are on this disk,
and would be wrong as soon as the next one came. A restore leaves it where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from auralarchive.clients.deluge_notes import NOTES_FILE, Note, Notes
from auralarchive.domain.naming import safe_component
from auralarchive.ports.errors import UnusableBackup

_BY_CLIENT = TypeAdapter(dict[str, list[Note]])
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def gathered(clients: Path) -> bytes | None:
    """Those of every client below `clients`; None where there are none."""
    found = {file.parent.name: list(Notes(file.parent).all()) for file in sorted(clients.glob(f"*/{NOTES_FILE}"))}
    known = {name: notes for name, notes in found.items() if notes}
    return _BY_CLIENT.dump_json(known) if known else None


def understood(content: bytes) -> dict[str, list[Note]]:
    """By the folder of their client. Raises `UnusableBackup`."""
    try:
        found = _BY_CLIENT.validate_json(content)
    except ValidationError as error:
        raise UnusableBackup("The backup's notes of clients cannot be read.", "Choose another backup.") from error
    if not all(safe_component(name) == name and _are_hashes(notes) for name, notes in found.items()):
        raise UnusableBackup("The backup's notes of clients make no sense.", "Choose another backup.")
    return found


def _are_hashes(notes: Iterable[Note]) -> bool:
    """An empty one would be asked for, and could mean all torrents."""
    return all(note.hashes and all(map(_HASH.fullmatch, note.hashes)) for note in notes)


def bring_back(content: bytes, clients: Path) -> None:
    """Add what is not known here; what was noted since then stays. Done twice, it changes nothing more."""
    for name, notes in understood(content).items():
        Notes(clients / name).learn(notes)
