"""Loads one file from one of its links: whole, proved and on the disk under its name, or not at all.

What has arrived is kept in a `.part` beside it, and the rest of the very same file is asked for by Range and
If-Range. Servers answer that in every way there is, so nothing is believed: 206 counts only where it begins at the
byte that was asked for, and ends the file only where the file ends, 200 begins anew, 416 is looked into. Without a
checksum a part goes on only under a promise of the same server that its file is still the same one; with a checksum
a wrong glue would be found.

Each hop of a redirect is judged by the address rules. httpx2 would follow and decode by itself, but judges nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

from auralarchive.clients.direct_state import Version
from auralarchive.clients.display import display_text
from auralarchive.clients.durable import sync_folder
from auralarchive.domain.manifest import PART_SUFFIX, ManifestFile
from auralarchive.failpoints import failpoint
from auralarchive.net.addresses import IPAddress, Link, Reach, join_link, parse_link
from auralarchive.net.http import GuardedClient, Stream
from auralarchive.ports.errors import InvalidInput, Unreachable
from auralarchive.ports.work import CancelToken

MAX_HOPS = 5
PATIENCE = 60.0  # seconds of silence
LONGEST_WAIT = 6 * 3600.0  # that a server can ask for
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Statuses that say "not now"; every other one from 400 on says "never".
_LATER = frozenset({408, 425, 429, *range(500, 600)})
_RANGE = re.compile(r"bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.IGNORECASE)
_UNSATISFIED = re.compile(r"bytes\s+\*/(\d{1,19})", re.IGNORECASE)
_LOOK_EVERY = 64 * 2**20  # bytes after which the free space is looked at again
_BLOCK = 2**20
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Refused(Exception):
    """This link will never give the file; another one may."""


class Later(Exception):
    """Not now. `wait` in seconds is what the server asked for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class WrongBytes(Exception):
    """All arrived, and it is not the file that was promised."""


class DiskTrouble(Exception):
    """It cannot be written at the moment."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Which addresses may be asked: public ones, and `neighbours` that are let through. See `net.addresses`."""

    neighbours: tuple[str, ...] = ()
    loopback_only: bool = False

    def permits(self, address: IPAddress) -> bool:
        if self.loopback_only:
            return address.is_loopback
        return Reach.PUBLIC.permits(address) or str(address) in self.neighbours


@dataclass(frozen=True, slots=True)
class Order:
    """One file to load from one of its links. `version` is that of what its part holds already.

    `begun` is told the version of what follows before its first byte is written, `came` of bytes that were written;
    it may make us wait. `most` is how large a file of unknown size may be, `needed` what all of the book still needs.
    """

    file: ManifestFile
    url: str
    target: Path
    root: Path
    version: Version | None
    most: int
    needed: int
    reserve: int
    cancel: CancelToken
    begun: Callable[[Version], None]
    came: Callable[[int], None]

    @property
    def part(self) -> Path:
        return part_of(self.target)

    @property
    def folders(self) -> Iterator[Path]:
        """From its own up to the one that all downloads share."""
        yield self.target.parent
        yield from (folder for folder in self.target.parent.parents if folder.is_relative_to(self.root))

    @property
    def limit(self) -> int:
        return self.most if self.file.size is None else self.file.size


def part_of(target: Path) -> Path:
    """Where a file is until it is whole and proved."""
    return target.with_name(target.name + PART_SUFFIX)


class Loader:
    """Loads orders, one at a time in each thread."""

    def __init__(self, client: GuardedClient, reach: Callable[[], Neighbourhood]) -> None:
        self._client = client
        self._reach = reach

    def load(self, order: Order) -> None:
        """Raises `Refused`, `Later`, `WrongBytes`, `DiskTrouble`, `Cancelled`."""
        order.cancel.check()
        with _disk_errors(order.target):
            order.target.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(order.part, _FLAGS, 0o666)
        try:
            draft = _Draft(order, fd)
            if not draft.whole:
                self._receive(order, draft)
            draft.prove()
            order.cancel.check()
            with _disk_errors(order.target):
                os.fsync(fd)
                failpoint("direct.file_synced")
                order.part.replace(order.target)
                failpoint("direct.file_named")
                for folder in order.folders:
                    sync_folder(folder)
        finally:
            os.close(fd)

    def _receive(self, order: Order, draft: _Draft) -> None:
        draft.check_space(order.needed)
        try:
            self._hop(order, draft, parse_link(order.url), MAX_HOPS)
        except Unreachable as error:
            raise Later(error.reason) from error
        except InvalidInput as error:  # an address that we do not ask
            raise Refused(error.reason) from error

    def _hop(self, order: Order, draft: _Draft, link: Link, left: int) -> None:
        with self._client.stream(
            link, reach=self._reach(), headers=draft.wishes(), patience=PATIENCE, cancel=order.cancel
        ) as answer:
            if answer.status not in _REDIRECTS:
                _Judged(order, draft, link.origin.host, answer).take()
                return
            location = answer.headers.get("location", "")
        if not left:
            raise Refused(f"{link.origin.host} passes it on more than {MAX_HOPS} times")
        self._hop(order, draft, _next(link, location), left - 1)


class _Draft:
    """The part: what it holds, and the running checksums of it."""

    def __init__(self, order: Order, fd: int) -> None:
        self._order, self._fd, self._file = order, fd, order.file
        self.size = 0
        self.total = order.file.size  # of the whole file; a server tells it where the manifest does not
        self._seen = 0
        self._digests = _digests(order.file)
        kept = os.fstat(fd).st_size
        with _disk_errors(order.target):
            if 0 < kept <= order.limit and self._may_go_on():
                self._read(kept)
            else:
                self.restart()

    def _may_go_on(self) -> bool:
        version = self._order.version
        promised = version is not None and version.url == self._order.url and bool(version.condition)
        return promised or bool(self._digests)

    def _read(self, kept: int) -> None:
        while self.size < kept:
            self._order.cancel.check()
            block = os.pread(self._fd, _BLOCK, self.size)
            if not block:
                break
            self._add(block)

    @property
    def whole(self) -> bool:
        return self.size > 0 and self.size == self._file.size

    def restart(self) -> None:
        os.ftruncate(self._fd, 0)
        self.size, self.total = 0, self._file.size
        self._digests = _digests(self._file)

    def wishes(self) -> Mapping[str, str]:
        """The headers that ask for the rest."""
        if not self.size:
            return {}
        version = self._order.version
        same = version is not None and version.url == self._order.url and version.condition
        return {"Range": f"bytes={self.size}-", **({"If-Range": same} if same else {})}

    def write(self, chunk: bytes) -> None:
        with _disk_errors(self._order.target):
            view = memoryview(chunk)
            while view:
                view = view[os.pwrite(self._fd, view, self.size + len(chunk) - len(view)) :]
        self._add(chunk)
        if self.size - self._seen >= _LOOK_EVERY:
            self._seen = self.size
            self.check_space((self._file.size or self.size) - self.size)

    def _add(self, block: bytes) -> None:
        self.size += len(block)
        for digest in self._digests.values():
            digest.update(block)

    def check_space(self, missing: int) -> None:
        """Before the disk is full, and others on it suffer; `missing` bytes are still to come."""
        order = self._order
        with _disk_errors(order.target):
            free = shutil.disk_usage(order.target.parent).free
        if free < missing + order.reserve:
            raise DiskTrouble(
                f"{missing / 1e9:.1f} GB are needed and {order.reserve / 1e9:.1f} GB are to stay free, "
                f"but only {free / 1e9:.1f} GB are left in {order.target.parent}"
            )

    def prove(self) -> None:
        """Raises `WrongBytes`; what is wrong is thrown away."""
        if self.total is not None and self.size < self.total:
            raise Later(f"only {self.size} of its {self.total} bytes arrived")
        proofs = {"md5": self._file.md5, "sha1": self._file.sha1}
        for kind, digest in self._digests.items():
            if digest.hexdigest() != proofs[kind]:
                with _disk_errors(self._order.target):
                    self.restart()
                raise WrongBytes(f"its {kind} checksum is wrong")


@dataclass(frozen=True, slots=True)
class _Judged:
    """One answer that is no redirect."""

    order: Order
    draft: _Draft
    host: str
    answer: Stream

    def take(self) -> None:
        """Write what belongs to the file. Raises as `load`."""
        status, headers = self.answer.status, self.answer.headers
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._unsatisfied()
            return
        if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise self._refusal()
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refused(f"{self.host} sends it packed, which was not asked for")
        if headers.get("content-type", "").lower().startswith("text/html") and not self._is_page():
            raise Refused(f"{self.host} sends a web page instead")
        if status == HTTPStatus.PARTIAL_CONTENT:
            self._check_range()
        else:
            self._check_length()
            with _disk_errors(self.order.target):
                self.draft.restart()
        if not self.draft.size:
            version = Version(self.order.url, headers.get("etag", "")[:500], headers.get("last-modified", "")[:100])
            self.order.begun(version)
        self._write()

    def _write(self) -> None:
        for chunk in self.answer.chunks:
            if self.draft.size + len(chunk) > self.order.limit:
                with _disk_errors(self.order.target):
                    self.draft.restart()
                raise Refused(f"{self.host} sends more than the {self.order.limit} bytes that it may have")
            self.draft.write(chunk)
            failpoint("direct.bytes_written")
            self.order.came(len(chunk))

    def _check_range(self) -> None:
        """A part that begins elsewhere, or of a file of another size, must not be glued to ours.

        It may be less than the rest: where nobody tells the size of the file, nobody knows when that is whole.
        """
        told = _RANGE.fullmatch(self.answer.headers.get("content-range", "").strip())
        size = self.order.file.size
        total = int(told[3]) if told and told[3] != "*" else size
        fits = told is not None and int(told[1]) == self.draft.size and int(told[2]) >= int(told[1])
        if not fits or total is None or size not in (None, total):
            with _disk_errors(self.order.target):
                self.draft.restart()
            raise Later(f"{self.host} sends another part of the file than was asked for")
        self.draft.total = total

    def _check_length(self) -> None:
        told = self.answer.headers.get("content-length", "")
        size = self.order.file.size
        if size is not None and told.isdecimal() and int(told[:19]) != size:
            raise Refused(f"{self.host} has a file of {int(told[:19])} bytes instead of {size}")

    def _unsatisfied(self) -> None:
        """Nothing lies behind what we have: it is whole, or of another file."""
        told = _UNSATISFIED.fullmatch(self.answer.headers.get("content-range", "").strip())
        if self.draft.size and told and int(told[1]) == self.draft.size and self.order.file.size is None:
            return
        had = self.draft.size
        with _disk_errors(self.order.target):
            self.draft.restart()
        if not had:
            raise Refused(f"{self.host} answers {self._spoken()}")
        raise Later(f"{self.host} has another file than before")

    def _refusal(self) -> Refused | Later:
        status = self.answer.status
        if status in _LATER:
            wait = retry_after(self.answer.headers.get("retry-after", ""), datetime.now(UTC))
            return Later(f"{self.host} answers {self._spoken()}", wait)
        return Refused(f"{self.host} answers {self._spoken()}")

    def _spoken(self) -> str:
        """The status, in the host's own words where it has some."""
        status = self.answer.status
        usual = next((one.phrase for one in HTTPStatus if one == status), "")
        return f"{status} {display_text(self.answer.reason)[:80] or usual}".strip()

    def _is_page(self) -> bool:
        return self.order.target.suffix.lower() in (".htm", ".html")


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds that a server asks us to wait, from a number or a date; None where it makes no sense."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None


def _next(link: Link, location: str) -> Link:
    """Where a redirect leads, judged like any link. Raises `Refused`, `InvalidInput`."""
    if not location:
        raise Refused(f"{link.origin.host} passes it on, but does not say where to")
    following = join_link(link, location)
    if link.origin.scheme == "https" and following.origin.scheme == "http":
        raise Refused(f"{link.origin.host} passes an encrypted link on to an unencrypted one")
    return following


def _digests(file: ManifestFile) -> dict[str, hashlib._Hash]:
    found = {}
    if file.sha1:
        found["sha1"] = hashlib.sha1(usedforsecurity=False)
    elif file.md5:  # one proof is enough: each costs a pass over every byte
        found["md5"] = hashlib.md5(usedforsecurity=False)
    return found


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """What the disk refuses, in words for people."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else os.strerror(error.errno or errno.EIO).lower()
        raise DiskTrouble(f"{target.parent} cannot be written: {what}") from error
