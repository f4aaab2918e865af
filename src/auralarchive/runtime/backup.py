"""Makes backups, and keeps the newest few of those that are made by themselves.

A backup holds the database, config.toml, the notes about other programs (`client_notes`) and, under a passphrase, the
key file. It never holds the library, nor what is being downloaded.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError, Misconfigured, NoSpace
from auralarchive.ports.work import Clock
from auralarchive.runtime import client_notes
from auralarchive.runtime.archive import (
    CLIENT_NOTES,
    CONFIG,
    DATABASE,
    SEALED_CONFIG,
    SEALED_KEY,
    Manifest,
    open_archive,
    seal,
    write_archive,
)
from auralarchive.runtime.config_file import portable
from auralarchive.store.snapshot import sqlite_file, take_snapshot

_log = logging.getLogger(__name__)

_MAKING = ".making-"
#: Folders of the data folder that hold something on its way; what a kill leaves of them goes at the next start.
PASSING = "restore.passing-"
_STAMP = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"auralarchive-\d{8}-\d{6}(?:-\d{1,3})?\.zip", re.ASCII)
PG_DUMP = (
    "Run pg_dump --format=custom --file=auralarchive.dump DATABASE-URL (pg_restore --clean brings it back), and keep "
    "secret.key and config.toml of the data folder with it."
)


@dataclass(frozen=True, slots=True)
class Instance:
    """What is backed up: where it is, and which version of the program runs it."""

    data_dir: Path
    database_url: str
    version: str

    @property
    def clients(self) -> Path:
        """Where each client has a folder of its own."""
        return self.data_dir / "clients"

    @property
    def database(self) -> Path:
        """The database's file. Raises `Misconfigured` where PostgreSQL keeps it."""
        file = sqlite_file(self.database_url)
        if file is None:
            raise Misconfigured("The database is PostgreSQL, which has its own tools for backups.", PG_DUMP)
        return file


def make_backup(instance: Instance, target: Path, clock: Clock, passphrase: str | None = None) -> Manifest:
    """Write a new file, beside a server that may be at work. Raises `AuralError`."""
    database = instance.database
    if not database.exists():
        raise Misconfigured(f"There is no database at {database}.", "Name the data folder with --data-dir.")
    try:
        with tempfile.TemporaryDirectory(prefix=_MAKING, dir=target.parent) as folder:
            copy, whole = Path(folder) / DATABASE, Path(folder) / "backup.zip"
            held = take_snapshot(database, copy)
            manifest = write_archive(
                whole,
                {
                    DATABASE: copy,
                    **_config(instance.data_dir, passphrase),
                    **_key(instance.data_dir, passphrase),
                    **_notes(instance),
                },
                {
                    "application": instance.version,
                    "made_at": clock.now(),
                    "secrets": "sealed" if passphrase else "left_out",
                    "revision": held.revision,
                    "downloads": held.downloads,
                    "books": held.books,
                    "accounts": held.accounts,
                },
            )
            _publish(whole, target)
            return manifest
    except FileExistsError as error:
        raise Misconfigured(f"{target} is there already.", "Choose another name; nothing is written over.") from error
    except OSError as error:
        raise _not_written(target, error) from error


def _publish(whole: Path, target: Path) -> None:
    """Give it its name in one step, and never another file's."""
    try:
        target.hardlink_to(whole)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links, such as exFAT: what is left open is the moment between these two
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        whole.rename(target)


def _not_written(target: Path, error: OSError) -> AuralError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"There is no room for a backup in {target.parent}.", "Make room, or choose another folder.")
    return Misconfigured(
        f"The backup cannot be written to {target.parent}: {error.strerror}.",
        "Choose a folder that exists and that AuralArchive may write to.",
    )


def _config(data_dir: Path, passphrase: str | None) -> dict[str, bytes]:
    with suppress(OSError, UnicodeDecodeError):  # none there, or none of ours
        text = portable((data_dir / CONFIG).read_text("utf-8"), secrets=passphrase is not None)
        if text is None:
            _log.warning("config.toml is left out of the backup: its secrets could not be told from the rest")
        elif passphrase is None:
            return {CONFIG: text.encode()}
        else:
            return {SEALED_CONFIG: seal(SEALED_CONFIG, text.encode(), passphrase)}
    return {}


def _notes(instance: Instance) -> dict[str, bytes]:
    notes = client_notes.gathered(instance.clients)
    return {CLIENT_NOTES: notes} if notes else {}


def _key(data_dir: Path, passphrase: str | None) -> dict[str, bytes]:
    if passphrase is None:
        return {}
    return {SEALED_KEY: seal(SEALED_KEY, (data_dir / "secret.key").read_bytes(), passphrase)}


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup in the folder; without a `manifest` it is damaged."""

    name: str
    size: int
    made_at: datetime
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a backup is made by itself (0: never), how many are kept, and where; `passphrase` seals secrets."""

    interval_days: float
    keep: int
    folder: Path
    passphrase: str | None = None


class Shelf:
    """The folder of backups. Nothing in it is touched that does not bear a name of ours."""

    def __init__(self, instance: Instance, plan: Callable[[], Plan], clock: Clock) -> None:
        self.instance = instance
        self._plan = plan
        self._clock = clock

    @property
    def plan(self) -> Plan:
        return self._plan()

    def all(self) -> tuple[Kept, ...]:
        """The newest first. Raises `AuralError` where the folder cannot be read."""
        return tuple(_kept(path) for path in self._paths())

    def find(self, name: str) -> Path | None:
        """The file of this name, where it is one of ours."""
        return next((path for path in self._paths() if path.name == name), None)

    def delete(self, name: str) -> bool:
        path = self.find(name)
        if path is None:
            return False
        path.unlink(missing_ok=True)
        return True

    def next_at(self) -> datetime | None:
        """When the next one is due by itself; None: never."""
        plan = self._plan()
        if not plan.interval_days or sqlite_file(self.instance.database_url) is None:
            return None
        newest = next(iter(self._paths()), None)
        return self._clock.now() if newest is None else _made_at(newest) + timedelta(days=plan.interval_days)

    def make(self) -> str:
        """Make one now, and let go of what is more than is kept. Returns its name. Raises `AuralError`."""
        plan = self._plan()
        _make_folder(plan.folder)
        _sweep(plan.folder, self._clock.now())
        target = _free_name(plan.folder, self._clock.now())
        make_backup(self.instance, target, self._clock, plan.passphrase)
        for path in self._paths()[plan.keep :]:
            path.unlink(missing_ok=True)
        return target.name

    @contextmanager
    def fresh(self, passphrase: str | None) -> Iterator[Path]:
        """A backup made now, in a file that is gone afterwards. Raises `AuralError`."""
        with tempfile.TemporaryDirectory(prefix=PASSING, dir=self.instance.data_dir) as folder:
            target = Path(folder) / _free_name(Path(folder), self._clock.now()).name
            make_backup(self.instance, target, self._clock, passphrase)
            yield target

    def make_when_due(self) -> str | None:
        due = self.next_at()
        return self.make() if due is not None and due <= self._clock.now() else None

    def findings(self) -> tuple[Finding, ...]:
        """Whether backups are made as they should be, for the health page."""
        try:
            due, newest = self.next_at(), next(iter(self._paths()), None)
        except AuralError as error:
            return (Finding(False, "Backups", error.reason, error.remedy),)
        if due is None:
            return ()
        if newest is None:
            return (Finding(True, "Backups", "The first backup is made soon."),)
        told = f"The newest backup is of {_made_at(newest):%Y-%m-%d %H:%M} UTC."
        if self._clock.now() - due > timedelta(days=1):
            return (Finding(False, "Backups", told, "A newer one is due: see under Tasks what keeps it."),)
        return (Finding(True, "Backups", told),)

    def _paths(self) -> list[Path]:
        folder = self._plan().folder
        try:
            entries = [Path(entry.path) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _not_written(folder / "x", error) from error
        return sorted((path for path in entries if _NAME.fullmatch(path.name)), key=_order, reverse=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _not_written(folder / "x", error) from error


def _sweep(folder: Path, now: datetime) -> None:
    """Clear away what a kill left half-made."""
    for path in folder.glob(f"{_MAKING}*"):
        if now.timestamp() - path.stat().st_mtime > timedelta(days=1).total_seconds():
            shutil.rmtree(path, ignore_errors=True)


def _free_name(folder: Path, now: datetime) -> Path:
    stamp = f"auralarchive-{now.strftime(_STAMP)}"
    names = (f"{stamp}.zip", *(f"{stamp}-{number}.zip" for number in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


def _order(path: Path) -> tuple[datetime, str]:
    return _made_at(path), path.name


def _made_at(path: Path) -> datetime:
    """When it was made, by its name: that is what its owner sees, and copying does not change it."""
    stamp = path.name.removeprefix("auralarchive-")[:15]
    try:
        return datetime.strptime(f"{stamp}+0000", f"{_STAMP}%z")
    except ValueError:  # no day of any calendar: somebody else named it
        return datetime.fromtimestamp(0, UTC)


def _kept(path: Path) -> Kept:
    try:
        with open_archive(path) as archive:
            manifest: Manifest | None = archive.manifest
    except (AuralError, OSError):
        manifest = None
    with suppress(OSError):
        return Kept(path.name, path.stat().st_size, _made_at(path), manifest)
    return Kept(path.name, 0, _made_at(path), None)
