"""One file into the staging folder: by hard link, reflink or copy, in this order of preference.

The source is worked on by its open descriptor only, so that swapping the name under us changes
nothing. It is read, never written: a seeding torrent's file stays as it is, bit by bit and mode by
mode. What arrives is hashed; a copy is hashed while it is made and once more when read back.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auralarchive.domain.failures import FailureKind
from auralarchive.failpoints import failpoint
from auralarchive.library.faults import no_space, writing
from auralarchive.ports.errors import TransientError
from auralarchive.ports.library import Method
from auralarchive.ports.work import CancelToken

_CHUNK = 1 << 20
_FICLONE = 0x40049409  # <linux/fs.h>: share the blocks of another file until one of them is written
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | 0o111
# What "no hard link here" looks like: other disk, not supported, not ours, too many, /proc missing.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.ENOENT, errno.EACCES)


@dataclass(frozen=True, slots=True)
class Staged:
    """One file in the staging folder, verified and on the disk; `inode` is (device, number)."""

    size: int
    sha256: str
    method: Method
    inode: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Meter:
    """Whoever wants to know about progress, or wants us to stop. `moved` gets bytes read."""

    moved: Callable[[int], None]
    cancel: CancelToken

    def tick(self, count: int) -> None:
        self.cancel.check()
        self.moved(count)


def has_plain_mode(info: os.stat_result) -> bool:
    """Whether the file's mode may come into the library as it is: nothing to run, no other's rights."""
    return not info.st_mode & _SPECIAL


def normalise_private(descriptor: int, mode: int) -> None:
    """Give our own work file the library's mode before it is linked; a shared inode is left alone."""
    if os.fstat(descriptor).st_nlink == 1:
        os.fchmod(descriptor, mode)


def place(source: int, folder: int, name: str, mode: int, reserve: int, meter: Meter, *, link: bool) -> Staged:
    """Put the open file `source` into `folder` as `name`.

    Raises `OSError` about the library's side, `NoSpace` where copying would leave less than `reserve`
    bytes free, `Cancelled`, and `TransientError` where the disk gives back other bytes than it got.
    """
    if link and has_plain_mode(os.fstat(source)) and _linked(source, folder, name):
        failpoint("import.linked")
        os.fsync(source)
        return _staged(source, hash_of(source, meter), "link")
    with _new_file(folder, name, mode) as target:
        if _reflinked(source, target):
            failpoint("import.reflinked")
            os.fsync(target)
            return _staged(target, hash_of(target, meter), "reflink")
        _check_space(folder, os.fstat(source).st_size, reserve)
        return _copied(source, target, name, meter)


def hash_of(descriptor: int, meter: Meter) -> str:
    """SHA-256 of the whole file, in hex."""
    digest = hashlib.sha256()
    for chunk in _chunks(descriptor):
        digest.update(chunk)
        meter.tick(len(chunk))
    return digest.hexdigest()


def free_bytes(descriptor: int) -> int:
    """What we may still write on the file system of `descriptor`."""
    info = os.fstatvfs(descriptor)
    return info.f_bavail * info.f_frsize


def _linked(source: int, folder: int, name: str) -> bool:
    try:
        # With a folder's descriptor Python calls linkat(…, AT_SYMLINK_FOLLOW): the link that is
        # followed is the one of /proc, so the very inode that we hold open gets the name.
        os.link(f"/proc/self/fd/{source}", name, dst_dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def _reflinked(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        return False
    return True


def _copied(source: int, target: int, name: str, meter: Meter) -> Staged:
    digest = hashlib.sha256()
    for chunk in _chunks(source):
        _write_all(target, chunk)
        digest.update(chunk)
        meter.tick(len(chunk))
    failpoint("import.copied")
    os.fsync(target)
    if hasattr(os, "posix_fadvise"):  # not on macOS
        os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)  # read back from the disk, not from memory
    if hash_of(target, meter) != digest.hexdigest():
        raise TransientError(
            f"“{name}” came back from the disk other than it was written.",
            "Check the library's disk and the memory; the import is tried again.",
            kind=FailureKind.VERIFICATION_FAILED,
        )
    return _staged(target, digest.hexdigest(), "copy")


def _staged(descriptor: int, sha256: str, method: Method) -> Staged:
    info = os.fstat(descriptor)
    return Staged(info.st_size, sha256, method, (info.st_dev, info.st_ino))


@contextmanager
def _new_file(folder: int, name: str, mode: int) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=folder)
    try:
        os.fchmod(descriptor, mode)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_space(folder: int, size: int, reserve: int) -> None:
    with writing("the library"):
        if free_bytes(folder) < size + size // 10 + reserve:
            raise no_space("the library")


def _chunks(descriptor: int) -> Iterator[bytes]:
    position = 0
    while chunk := os.pread(descriptor, _CHUNK, position):
        yield chunk
        position += len(chunk)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
