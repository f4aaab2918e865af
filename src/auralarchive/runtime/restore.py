"""Brings a backup back: checked completely in a folder of its own, then put in place by the next start.

    restore.checked     unpacked, proved and migrated; a person looks at what it is
    restore.pending     confirmed: the next start swaps it in before anything else
    replaced-…          what was there before, as it was

Each step from one to the next is a single rename. The swap moves files one by one, always the old one away before
the new one in; a file that is still in `restore.pending` is one whose turn has not ended. So a start that was killed
anywhere is finished by the next, and nothing opens the database in between.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from auralarchive.failpoints import failpoint
from auralarchive.ports.errors import AuralError, Misconfigured, NoSpace, UnusableBackup
from auralarchive.ports.work import Clock
from auralarchive.runtime import client_notes
from auralarchive.runtime.archive import (
    CLIENT_NOTES,
    CONFIG,
    DATABASE,
    SEALED_CONFIG,
    SEALED_KEY,
    Archive,
    open_archive,
    unseal,
)
from auralarchive.runtime.backup import PASSING, Instance
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.config_file import names_the_database
from auralarchive.runtime.settings_view import may_be_saved
from auralarchive.store.secrets import SecretBox
from auralarchive.store.snapshot import make_ready

CHECKED, PENDING = "restore.checked", "restore.pending"
KEY = "secret.key"
_SUMMARY = "summary.json"
#: What SQLite keeps beside a database while it is open, or was when its program was killed.
_BESIDE = ("", "-wal", "-shm", "-journal")

State = Literal["none", "checked", "pending"]
MayStay = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person has to know before the backup replaces what is there. `replaced` is where that will be kept."""

    id: str
    made_at: str
    application: str
    revision: str
    downloads: int
    books: int
    accounts: int
    secrets: Literal["sealed", "left_out", "restored"]
    config: bool
    replaced: str


class Restorer:
    """One backup at a time, over one data folder."""

    def __init__(self, instance: Instance, clock: Clock, may_stay: MayStay) -> None:
        self._instance, self._clock, self._may_stay = instance, clock, may_stay
        self._alone = threading.Lock()

    @contextmanager
    def receiving(self) -> Iterator[Path]:
        """Where an upload is written to; it is gone afterwards."""
        with _no_room(), _passing(self._root) as folder:
            yield folder / "upload.zip"

    @property
    def _root(self) -> Path:
        return self._instance.data_dir

    def state(self) -> tuple[State, Summary | None]:
        """How far a restore has come."""
        pending, checked = (_summary(self._root / name) for name in (PENDING, CHECKED))
        if pending is not None:
            return "pending", pending
        if checked is None:
            return "none", None
        sealed = (self._root / CHECKED / SEALED_KEY).exists()
        return "checked", _with(checked, secrets="sealed" if sealed else "left_out")

    def check(self, backup: Path) -> Summary:
        """Unpack and prove a backup; it waits to be confirmed. Raises `AuralError`; nothing is left behind then."""
        database = self._instance.database
        if database.parent.stat().st_dev != self._root.stat().st_dev:
            raise Misconfigured(
                f"The database {database} is on another disk than the data folder, and cannot be swapped in one step.",
                "Point AURALARCHIVE_DATABASE_URL into the data folder, restore, and move it back.",
            )
        with self._alone, _no_room(), _passing(self._root) as folder, open_archive(backup) as archive:
            summary = self._unpack(archive, folder)
            _write(folder / _SUMMARY, json.dumps(asdict(summary)).encode())
            _sync_folder(folder)
            self._replace(folder, CHECKED)
        return summary

    def _unpack(self, archive: Archive, folder: Path) -> Summary:
        archive.extract(DATABASE, folder / DATABASE)
        held = make_ready(folder / DATABASE, self._clock, self._may_stay)
        _sync(folder / DATABASE)
        for name in (CONFIG, SEALED_CONFIG, SEALED_KEY, CLIENT_NOTES):
            content = archive.read(name)
            if content is not None:
                _write(folder / name, content)
        if (folder / CLIENT_NOTES).exists():
            client_notes.understood((folder / CLIENT_NOTES).read_bytes())
        manifest, now = archive.manifest, self._clock.now()
        return Summary(
            id=secrets.token_hex(8),
            made_at=manifest.made_at.isoformat(),
            application=manifest.application,
            revision=held.revision,
            downloads=held.downloads,
            books=held.books,
            accounts=held.accounts,
            secrets="sealed" if (folder / SEALED_KEY).exists() else "left_out",
            config=False,
            replaced=f"replaced-{now:%Y%m%d-%H%M%S}",
        )

    def confirm(self, summary_id: str, passphrase: str | None = None, *, config: bool = False) -> Summary:
        """Let the next start put it in place. `config`: with its config.toml, which may name programs that we run.

        Raises `WrongPassphrase` (it can be tried again), `UnusableBackup`, LookupError where another one was checked.
        """
        checked = self._root / CHECKED
        with self._alone, _no_room():
            summary = _summary(checked)
            if summary is None or summary.id != summary_id:
                raise LookupError(f"{summary_id} is not the backup that was checked last")
            opened = _opened(checked, passphrase) if passphrase else {}
            wanted = config and (CONFIG in opened or (checked / CONFIG).exists())
            for name, content in opened.items():
                _write(checked / name, content)
            # An earlier attempt that was killed may have left some.
            for name, stays in ((KEY, KEY in opened), (CONFIG, wanted)):
                if not stays:
                    (checked / name).unlink(missing_ok=True)
            final = _with(summary, secrets="restored" if KEY in opened else "left_out", config=wanted)
            failpoint("restore.before_confirm")
            _write(checked / _SUMMARY, json.dumps(asdict(final)).encode())
            failpoint("restore.before_pending")
            self._replace(checked, PENDING)
            failpoint("restore.confirmed")
        return final

    def discard(self) -> None:
        """Forget what was checked or confirmed."""
        for name in (CHECKED, PENDING):
            with self._alone, _passing(self._root) as folder, suppress(FileNotFoundError):
                (self._root / name).rename(folder / name)

    def _replace(self, folder: Path, name: str) -> None:
        """Give `folder` this name; what had it goes."""
        target = self._root / name
        if target.exists():
            with _passing(self._root) as old:
                target.rename(old / name)
        folder.rename(target)
        _sync_folder(self._root)


def restore_now(instance: Instance, backup: Path, passphrase: str | None) -> tuple[Summary, Path]:
    """All steps at once, with config.toml, for who is alone in the data folder. Raises `AuralError`.

    A passphrase that is wrong is told before anything is replaced.
    """
    restorer = Restorer(instance, SystemClock(), may_be_saved)
    try:
        made = restorer.confirm(restorer.check(backup).id, passphrase, config=True)
    except AuralError:
        restorer.discard()
        raise
    replaced = swap_in(instance)
    assert replaced is not None, "it was confirmed just now"
    return made, replaced


def sweep(data_dir: Path) -> None:
    """Clear away what a kill left of an unpacking. Nobody else may be at work here."""
    for folder in data_dir.glob(f"{PASSING}*"):
        shutil.rmtree(folder, ignore_errors=True)


def swap_in(instance: Instance) -> Path | None:
    """Put a confirmed backup in place; returns where the old data is, None where nothing was confirmed.

    Whoever calls it holds the lock of the data folder and has nothing open in it.
    """
    root, pending = instance.data_dir, instance.data_dir / PENDING
    if not pending.is_dir():
        return None
    summary = _summary(pending)
    if summary is None:
        if not any((pending / name).exists() for name in _targets(instance)):
            shutil.rmtree(pending)  # all was done but for this
            return None
        raise UnusableBackup(f"{pending} is not what a restore leaves there.", "Move it away and restore again.")
    replaced = root / Path(summary.replaced).name
    replaced.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(root)
    for name, target in _targets(instance).items():
        if (pending / name).exists():
            _exchange(pending / name, target, replaced)
    if (pending / CLIENT_NOTES).exists():
        client_notes.bring_back((pending / CLIENT_NOTES).read_bytes(), instance.clients)
    failpoint("restore.before_end")
    # The summary goes last: while it is here, a start knows that it has to finish this.
    (pending / _SUMMARY).replace(replaced / _SUMMARY)
    failpoint("restore.after_summary")
    shutil.rmtree(pending)
    _sync_folder(root)
    return replaced


def _targets(instance: Instance) -> Mapping[str, Path]:
    return {
        DATABASE: instance.database,
        KEY: instance.data_dir / KEY,
        CONFIG: instance.data_dir / CONFIG,
    }


def _exchange(new: Path, target: Path, replaced: Path) -> None:
    """The old file and what SQLite left beside it away, then the new one in."""
    if new.name == CONFIG and target.exists() and names_the_database(target.read_text("utf-8", "replace")):
        new.rename(replaced / f"{CONFIG}.from-backup")  # ours says where this very data is
        return
    failpoint("restore.before_old")
    for beside in _BESIDE if new.name == DATABASE else ("",):
        old = target.with_name(target.name + beside)
        if old.exists():
            old.rename(replaced / f"{new.name}{beside}")
            failpoint("restore.old_moved")
    _sync_folder(target.parent)
    _sync_folder(replaced)
    failpoint("restore.before_new")
    new.rename(target)
    failpoint("restore.after_new")
    _sync_folder(target.parent)


def _opened(checked: Path, passphrase: str) -> dict[str, bytes]:
    """The secret members by their plain names. Raises `WrongPassphrase`, `UnusableBackup`."""
    found: dict[str, bytes] = {}
    for sealed, plain in ((SEALED_KEY, KEY), (SEALED_CONFIG, CONFIG)):
        if (checked / sealed).exists():
            found[plain] = unseal(sealed, (checked / sealed).read_bytes(), passphrase)
    if KEY in found:
        try:
            SecretBox([line.encode("ascii") for line in found[KEY].decode("ascii").split()])
        except ValueError as error:
            raise UnusableBackup("The key in the backup is damaged.", "Restore without secrets.") from error
    return found


def _with(summary: Summary, **changes: Any) -> Summary:
    return Summary(**{**asdict(summary), **changes})


def _summary(folder: Path) -> Summary | None:
    try:
        return Summary(**json.loads((folder / _SUMMARY).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def _passing(root: Path) -> Iterator[Path]:
    """A private folder that is gone afterwards, unless it was given a name of its own meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix=PASSING, dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(
                "There is no room to unpack the backup.", "Make room on the disk of the data folder."
            ) from error
        raise


def _write(file: Path, content: bytes) -> None:
    """A whole file or none, private to its owner, and on the disk."""
    fresh = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
