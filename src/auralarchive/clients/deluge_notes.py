"""What we remember of our torrents in a Deluge, since it has no place for it.

Deluge has no tags. A label is one for all, is set after the add and may be changed by anybody; the owner is whoever
signed in, a name is what people read. So a file of ours keeps the tag of each torrent, and it is written *before*
the torrent is sent: after a crash or a lost answer the next attempt finds the note and knows the torrent for its
own. A clear no of Deluge takes a fresh note back. What remains is this: whoever adds the same torrent by hand
between our crash and our next attempt has it taken for ours. A lost file is no loss of data: the torrents are
found by their hashes, count as somebody else's, and stay where they are. Backups hold it (`runtime.client_notes`).
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auralarchive.clients.durable import disk_errors, replace_file

_log = logging.getLogger(__name__)

NOTES_FILE = "torrents.json"  # of a client's folder


@dataclass(frozen=True, slots=True)
class Note:
    """One torrent: every hash of it, our tag, and whether it once had our label."""

    hashes: frozenset[str]
    tag: str
    labelled: bool = False

    @property
    def ids(self) -> frozenset[str]:
        """Under which Deluge may have it: 40 digits of the v1 or the v2 hash."""
        return frozenset(value[:40] for value in self.hashes)


class Notes:
    """The notes of one client. Thread-safe. Saving raises `NoSpace` and `Misconfigured`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NOTES_FILE
        self._lock = threading.Lock()
        self._by_id: dict[str, Note] = {}
        self._read_at: tuple[int, int] | None = None

    def all(self) -> frozenset[Note]:
        with self._lock:
            return frozenset(self._read().values())

    def of(self, hashes: Iterable[str]) -> Note | None:
        """The note of the torrent that has one of these hashes."""
        with self._lock:
            known = self._read()
            return next((known[value[:40]] for value in hashes if value[:40] in known), None)

    def keep(self, note: Note) -> None:
        """Write it down, in the place of what was noted of the same torrent."""
        with self._lock:
            others = _without(self._read(), note.ids)
            self._save({**others, **dict.fromkeys(note.ids, note)})

    def learn(self, notes: Iterable[Note]) -> None:
        """Write down those of torrents that are not known yet."""
        with self._lock:
            known = self._read()
            fresh = {item_id: note for note in notes if not note.ids & known.keys() for item_id in note.ids}
            if fresh:
                self._save({**known, **fresh})

    def drop(self, hashes: Iterable[str]) -> None:
        with self._lock:
            known = self._read()
            left = _without(known, {value[:40] for value in hashes})
            if left != known:
                self._save(left)

    def _read(self) -> dict[str, Note]:
        """As the file is now: when settings change, the adapter before may still be about to write."""
        stamp = _stamp(self._file)
        if stamp != self._read_at:
            self._by_id = {item_id: note for note in _notes(self._file) for item_id in note.ids}
            self._read_at = stamp
        return self._by_id

    def _save(self, notes: dict[str, Note]) -> None:
        entries = [
            {"hashes": sorted(note.hashes), "tag": note.tag, "labelled": note.labelled}
            for note in sorted(set(notes.values()), key=lambda note: sorted(note.hashes))
        ]
        with disk_errors():
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._file, json.dumps(entries).encode())
        self._by_id, self._read_at = notes, _stamp(self._file)


def _without(notes: dict[str, Note], ids: Iterable[str]) -> dict[str, Note]:
    gone = {notes[item_id] for item_id in ids if item_id in notes}
    return {item_id: note for item_id, note in notes.items() if note not in gone}


def _stamp(file: Path) -> tuple[int, int] | None:
    """Changes with every writing, since each makes a new file."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _notes(file: Path) -> list[Note]:
    try:
        return [_note(entry) for entry in json.loads(file.read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        _log.warning("The notes %s cannot be read (%s): Deluge's torrents count as other people's.", file, error)
        return []


def _note(entry: Any) -> Note:
    return Note(frozenset(map(str, entry["hashes"])), str(entry["tag"]), bool(entry["labelled"]))
