"""What the embedded client keeps on disk, so that neither a restart nor kill -9 loses a torrent.

A folder of its own holds for each torrent, by its id: `.json` (our wishes: tag, limits, paused),
`.torrent` or `.magnet` (where it came from) and `.resume` (which pieces are there, by libtorrent).
Each file is replaced as a whole. A `.resume` that cannot be read is set aside: the torrent is added
from its source again and its pieces are checked on disk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import libtorrent as lt

from auralarchive.clients.durable import NotesFolder, disk_errors, replace_file
from auralarchive.domain.seeding import SeedGoal
from auralarchive.failpoints import failpoint
from auralarchive.ports.clients import AddOptions, Payload

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """Our wishes for one torrent. `complete` says that it once had all data, `removing` that it must go."""

    id: str
    name: str
    hashes: tuple[str, ...]
    tag: str
    folder: str
    paused: bool = False
    sequential: bool = False
    download_limit: int | None = None
    upload_limit: int | None = None
    seed_ratio: float | None = None
    seed_seconds: int | None = None
    complete: bool = False
    removing: bool = False
    with_data: bool = False

    @property
    def goal(self) -> SeedGoal:
        return SeedGoal(self.seed_ratio, self.seed_seconds)

    def with_goal(self, goal: SeedGoal) -> Record:
        return replace(self, seed_ratio=goal.ratio, seed_seconds=goal.seconds)


def new_record(payload: Payload, options: AddOptions, downloads: Path) -> Record:
    """The record of a torrent that is being added; its data goes into a folder named by its hash."""
    item_id = payload.info_hash_v1 or payload.info_hash_v2
    assert item_id is not None  # the payload reader computed one
    record = Record(
        id=item_id,
        name=payload.name,
        hashes=tuple(sorted(payload.hashes)),
        tag=options.tag,
        folder=str(downloads / item_id),
        paused=options.paused,
        sequential=options.sequential,
        download_limit=options.download_limit,
        upload_limit=options.upload_limit,
    )
    return record.with_goal(options.seed_goal)


class StateFolder(NotesFolder):
    """The files of one embedded client.

    Saving raises `NoSpace` and `Misconfigured`.
    """

    def records(self) -> Iterator[Record]:
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield _record(json.loads(path.read_bytes()))
            except (ValueError, TypeError, KeyError) as error:
                _log.warning("The note %s of the embedded client cannot be read: %s", path.name, error)

    def save_new(self, record: Record, payload: Payload) -> None:
        with disk_errors():
            self._save_source(record, payload)
        self.save(record)

    def _save_source(self, record: Record, payload: Payload) -> None:
        if payload.data is not None:
            replace_file(self.path(record.id, "torrent"), payload.data)
        else:
            replace_file(self.path(record.id, "magnet"), (payload.magnet or "").encode())
        failpoint("embedded.source_kept")
        self.save(record)

    def save(self, record: Record) -> None:
        with disk_errors():
            replace_file(self.path(record.id, "json"), json.dumps(asdict(record)).encode())

    def save_resume(self, item_id: str, data: bytes) -> None:
        with disk_errors():
            if self.path(item_id, "json").exists():
                replace_file(self.path(item_id, "resume"), data)

    def forget(self, item_id: str) -> None:
        """The note goes last: until then a crash leaves something that a restart can finish."""
        for kind in ("resume", "torrent", "magnet"):
            self.path(item_id, kind).unlink(missing_ok=True)
        failpoint("embedded.source_forgotten")
        self.path(item_id, "json").unlink(missing_ok=True)

    def params(self, item_id: str) -> lt.add_torrent_params | None:
        """What libtorrent needs to go on with a torrent; None where nothing readable is left."""
        return self._from_resume(item_id) or self._from_source(item_id)

    def _from_resume(self, item_id: str) -> lt.add_torrent_params | None:
        path = self.path(item_id, "resume")
        try:
            return lt.read_resume_data(path.read_bytes())
        except FileNotFoundError:
            return None
        except RuntimeError as error:
            _log.warning("The progress of torrent %s cannot be read (%s): checking its files instead.", item_id, error)
            return None

    def _from_source(self, item_id: str) -> lt.add_torrent_params | None:
        torrent, magnet = self.path(item_id, "torrent"), self.path(item_id, "magnet")
        try:
            if torrent.exists():
                return lt.load_torrent_buffer(torrent.read_bytes())
            return lt.parse_magnet_uri(magnet.read_text("utf-8"))
        except (OSError, ValueError, RuntimeError) as error:
            _log.warning("Torrent %s is lost: neither its progress nor its source can be read: %s", item_id, error)
            return None

    def session(self) -> lt.session_params:
        """The session as it was (the DHT's acquaintances), or a new one."""
        try:
            saved = (self.folder / "session").read_bytes()
            return lt.read_session_params(saved, lt.save_state_flags_t.save_dht_state)
        except FileNotFoundError:
            return lt.session_params()
        except RuntimeError as error:
            _log.warning("The embedded client's session cannot be read (%s): beginning a new one.", error)
            return lt.session_params()

    def save_session(self, params: lt.session_params) -> None:
        data = lt.write_session_params_buf(params, lt.save_state_flags_t.save_dht_state)
        replace_file(self.folder / "session", data)


def _record(noted: dict[str, Any]) -> Record:
    known = {field.name for field in fields(Record)}
    values = {key: value for key, value in noted.items() if key in known}
    return Record(**{**values, "hashes": tuple(values["hashes"])})
