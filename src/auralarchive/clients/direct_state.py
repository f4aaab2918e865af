"""What the direct client keeps on disk, so that neither a restart nor kill -9 loses a download.

A folder of its own holds for each item, by its id: `.manifest` (what it is, as it was handed over) and `.json` (our
wishes: tag, limits, paused; and of each unfinished file, which version of it has been begun). Each file is replaced
as a whole. What is loaded already is told by the downloads themselves: a file bears its name only once it is proved
and on the disk, until then its `.part`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from auralarchive.clients.durable import NotesFolder, disk_errors, replace_file
from auralarchive.domain.manifest import Manifest, parse
from auralarchive.failpoints import failpoint
from auralarchive.ports.clients import AddOptions, Payload

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a file a server sent: how the rest of the very same one is asked for."""

    url: str
    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """For If-Range: a weak tag does not promise the same bytes, and must not be used for it."""
        text = self.etag if self.etag and not self.etag.startswith("W/") else self.modified
        return text if text.isascii() and text.isprintable() else ""


@dataclass(frozen=True, slots=True)
class Record:
    """Our wishes for one item. `begun`: bytes of it are on the disk; `complete`: all were; `removing`: it must go.

    `added` orders items of the same priority; `failed` says why it was given up; `versions` are by path.
    """

    id: str
    name: str
    hashes: tuple[str, ...]
    tag: str
    folder: str
    added: int = 0
    paused: bool = False
    download_limit: int | None = None
    upload_limit: int | None = None  # nothing is uploaded: it is kept to be told
    priority: int = 0
    begun: bool = False
    complete: bool = False
    failed: str | None = None
    removing: bool = False
    with_data: bool = False
    versions: Mapping[str, Version] = field(default_factory=dict)


def id_of(payload: Payload, tag: str) -> str:
    """The same bytes of the same download are the same item. Two downloads never share one: each removes its own."""
    assert payload.data is not None  # the payload reader read them
    return hashlib.sha256(tag.encode() + b"\0" + payload.data).hexdigest()[:40]


def new_record(payload: Payload, options: AddOptions, downloads: Path) -> Record:
    """The record of an item that is being added; its data goes into a folder named by its id."""
    item_id = id_of(payload, options.tag)
    return Record(
        id=item_id,
        name=payload.name,
        hashes=tuple(sorted(payload.hashes)),
        tag=options.tag,
        folder=str(downloads / item_id),
        added=time.time_ns(),
        paused=options.paused,
        download_limit=options.download_limit or None,
        upload_limit=options.upload_limit or None,
        priority=options.priority,
    )


class StateFolder(NotesFolder):
    """The files of one direct client.

    Saving raises `NoSpace` and `Misconfigured`.
    """

    def records(self) -> Iterator[Record]:
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield _record(json.loads(path.read_bytes()))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                _log.warning("The note %s of the direct client cannot be read: %s", path.name, error)

    def save_new(self, record: Record, payload: Payload) -> None:
        with disk_errors():
            replace_file(self.path(record.id, "manifest"), payload.data or b"")
        failpoint("direct.source_kept")
        self.save(record)

    def save(self, record: Record) -> None:
        with disk_errors():
            replace_file(self.path(record.id, "json"), json.dumps(asdict(record)).encode())

    def manifest(self, item_id: str) -> Manifest | None:
        """What the item is; None where that can no longer be read."""
        try:
            return parse(self.path(item_id, "manifest").read_bytes())
        except (OSError, ValueError) as error:
            _log.warning("The direct download %s is lost: its manifest cannot be read: %s", item_id, error)
            return None

    def forget(self, item_id: str) -> None:
        """The note goes last: until then a crash leaves something that a restart can finish."""
        with disk_errors():
            self.path(item_id, "manifest").unlink(missing_ok=True)
            failpoint("direct.source_forgotten")
            self.path(item_id, "json").unlink(missing_ok=True)


def _record(noted: dict[str, Any]) -> Record:
    known = {each.name for each in fields(Record)}
    values = {key: value for key, value in noted.items() if key in known}
    versions = {path: Version(**version) for path, version in values.get("versions", {}).items()}
    return Record(**{**values, "hashes": tuple(values["hashes"]), "versions": versions})
