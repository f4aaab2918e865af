"""One item of the direct client: its files, what stands in their way, and how it looks from outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from auralarchive.clients.direct_fetch import part_of
from auralarchive.clients.direct_pace import Bucket, Meter
from auralarchive.clients.direct_state import Record
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.domain.naming import safe_component
from auralarchive.domain.schedule import backoff
from auralarchive.domain.speed import SpeedLimits
from auralarchive.ports.work import CancelToken

#: Every state that an item of this client can be in, and what it means to us.
STATES: dict[str, ItemState] = {
    "waiting": ItemState.WAITING,  # for a place, for a server's pause, or for the first other attempt
    "downloading": ItemState.WAITING,
    "in trouble": ItemState.WARNING,  # a server or the disk; it is tried again by itself
    "held": ItemState.WARNING,  # its files were there and are gone, or cannot be deleted: waits for a person
    "paused": ItemState.PAUSED,
    "complete": ItemState.READY,  # each file is proved and on the disk
    "failed": ItemState.FAILED,  # no link is left for one of its files, or none gives the right bytes
}
#: So long no byte has to come before trouble is told: another file of the book may be getting on well.
QUIET = 10.0
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0
DISK_WAIT = 30.0
_MOST_WRONG = 2


@dataclass(slots=True)
class Transfer:
    """One file that is not there yet. `due` is when it may be tried next, in monotonic seconds.

    `place` is the link whose turn it is; `dead` are those that will never give it; `rounds` counts how often all
    that are left have failed in a row, `wrong` how often all bytes came and were not the right ones. `best` is the
    most that there has been of it.
    """

    file: ManifestFile
    target: Path
    have: int = 0
    best: int = 0
    active: CancelToken | None = None
    due: float = 0.0
    place: int = 0
    dead: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    rounds: int = 0
    wrong: int = 0
    failing_since: float | None = None
    trouble: str | None = None

    @property
    def url(self) -> str:
        return self.file.urls[self.place]

    @property
    def host(self) -> str:
        return host_of(self.url)

    def refused(self) -> bool:
        """This link will never give it; whether another one may."""
        self.dead.add(self.place)
        return self._next_place()

    def spoilt(self) -> bool:
        """All came, and it was not the file; whether it is worth another try."""
        self.wrong += 1
        self.have = 0
        self._next_place()
        return self.wrong < _MOST_WRONG

    def later(self, reason: str, wait: float | None, now: float) -> None:
        """Not now: another link at once, and when all have failed, after a growing while."""
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.failed.add(self.place)
        self._next_place()
        if self.failed.issuperset(self._alive()):
            self.failed.clear()
            self.rounds += 1
            own = backoff(self.rounds, first=FIRST_WAIT, most=LONGEST_WAIT)
            self.due = now + (own if wait is None else max(wait, FIRST_WAIT))
            # The first hiccup is nobody's business; what has to wait long is.
            self.trouble = reason if self.rounds > 1 or self.due - now > LONGEST_WAIT / 10 else self.trouble

    def failing_for(self, now: float) -> float:
        """Seconds in which no link gave a byte more."""
        return 0.0 if self.failing_since is None else now - self.failing_since

    def blocked(self, reason: str, now: float) -> None:
        """The disk does not take it at the moment: no fault of the link."""
        self.due, self.trouble = now + DISK_WAIT, reason

    def moved(self, amount: int) -> bool:
        """Bytes came; whether there are more of them than ever, so that nothing is in the way any more.

        A server that breaks off every time, and begins anew every time, is as far from the end as before.
        """
        self.have += amount
        if self.have <= self.best:
            return False
        self.best = self.have
        self.rounds, self.failing_since, self.trouble = 0, None, None
        self.failed.clear()
        return True

    def begin_again(self) -> None:
        """A person says so: every link may be tried at once."""
        self.due, self.place, self.best, self.rounds, self.wrong = 0.0, 0, 0, 0, 0
        self.failing_since, self.trouble = None, None
        self.dead.clear()
        self.failed.clear()

    def _alive(self) -> list[int]:
        return [place for place in range(len(self.file.urls)) if place not in self.dead]

    def _next_place(self) -> bool:
        """Go on to the next link in turn that is alive; whether there is one."""
        alive = self._alive()
        if alive:
            self.place = next((place for place in alive if place > self.place), alive[0])
        return bool(alive)


@dataclass(slots=True)
class Item:
    """What we wish of a download (`record`), and what is left to do for it.

    `done` are the bytes of files that are whole; `held` says why it waits for a person; `bucket` is its own limit.
    `grown_at` is when there was last more of it than before, in monotonic seconds.
    """

    record: Record
    manifest: Manifest
    content: Path
    pending: list[Transfer] = field(default_factory=list)
    done: int = 0
    held: str | None = None
    leaving: bool = False
    grown_at: float = field(default_factory=time.monotonic)
    meter: Meter = field(default_factory=Meter)
    bucket: Bucket = field(default_factory=Bucket)

    @property
    def runs(self) -> bool:
        """Whether its files are to be loaded now."""
        record = self.record
        over = record.failed or record.complete or record.removing
        return not (over or record.paused or self.held or self.leaving)

    @property
    def have(self) -> int:
        return self.done + sum(transfer.have for transfer in self.pending)

    @property
    def missing(self) -> int:
        """Bytes that are still to come, as far as their number is known."""
        return sum(max(0, (each.file.size or 0) - each.have) for each in self.pending)

    def cancel(self) -> None:
        for transfer in self.pending:
            if transfer.active is not None:
                transfer.active.cancel()

    def look(self) -> None:
        """Find out on the disk what is there already."""
        self.pending, self.done = [], 0
        for file in self.manifest.files:
            target = self.content / file.path
            size = _size(target)
            if size is not None and file.size in (None, size):
                self.done += size
            else:
                have = _size(part_of(target)) or 0
                self.pending.append(Transfer(file, target, have, have))


def content_of(record: Record, manifest: Manifest) -> Path:
    """The folder of the book's files, inside the item's own."""
    return Path(record.folder) / safe_component(manifest.name)


def host_of(url: str) -> str:
    return urlsplit(url).netloc.lower()


def as_item(item: Item, monotonic: Callable[[], float] = time.monotonic) -> ClientItem:
    """The item in our words."""
    record, manifest = item.record, item.manifest
    raw, message = _state_of(item, monotonic())
    have, size = item.have, item.manifest.size
    speed = item.meter.speed() if item.runs else 0  # of what was paused just now, nothing comes any more
    return ClientItem(
        id=record.id,
        name=record.name,
        state=STATES[raw],
        hashes=frozenset(record.hashes),
        progress=_progress(item, have, size),
        size=size if size is not None else (have if record.complete else None),
        downloaded=have,
        download_speed=speed,
        eta=item.missing // speed if speed > 0 and size is not None else None,
        content_path=str(content_of(record, manifest)),
        save_path=record.folder,
        limits=SpeedLimits(record.download_limit),
        paused=record.paused,
        message=message,
        raw_state=raw,
        tags=frozenset({record.tag}),
    )


def listed_files(item: Item) -> tuple[ClientFile, ...]:
    """Its files as they lie on the disk, below the save path; one of unknown size has what has come of it."""
    pending = {transfer.file.path: transfer for transfer in item.pending}
    return tuple(_listed(item, file, pending.get(file.path)) for file in item.manifest.files)


def _listed(item: Item, file: ManifestFile, transfer: Transfer | None) -> ClientFile:
    path = f"{item.content.name}/{file.path}"
    if transfer is None:
        size = file.size if file.size is not None else _size(item.content / file.path) or 0
        return ClientFile(path, size, progress=1.0)
    size = transfer.have if file.size is None else file.size
    share = transfer.have / file.size if file.size else 0.0
    return ClientFile(path, size, progress=min(1.0, share))


def _state_of(item: Item, now: float) -> tuple[str, str | None]:
    """The state in our own words for it, and what there is to say."""
    record = item.record
    if record.failed:
        return "failed", record.failed
    if item.held:
        return "held", item.held
    if record.complete:
        return "complete", None
    if record.paused:
        return "paused", None
    trouble = next((each.trouble for each in item.pending if each.trouble), None)
    if trouble and now - item.grown_at >= QUIET:
        return "in trouble", trouble
    return ("downloading" if any(each.active for each in item.pending) else "waiting"), None


def _progress(item: Item, have: int, size: int | None) -> float:
    """By bytes; by files where the bytes are not known."""
    if item.record.complete:
        return 1.0
    if size:
        return min(1.0, have / size)
    files = len(item.manifest.files)
    return (files - len(item.pending)) / files


def _size(path: Path) -> int | None:
    """The size of a regular file, None where there is none."""
    try:
        return path.stat(follow_symlinks=False).st_size if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None
