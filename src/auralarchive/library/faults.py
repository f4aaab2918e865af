"""What the operating system says, in words that a person can act on: the one place of translation."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import AuralError, Gone, InvalidInput, Misconfigured, NoSpace, TransientError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
# ENOTDIR and ELOOP are what O_NOFOLLOW answers at a symbolic link.
_LINKS = (errno.ELOOP, errno.ENOTDIR)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Translate `OSError` of work below the library's root; `what` names the place in the message."""
    try:
        yield
    except OSError as error:
        raise _library_fault(error, what) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Translate `OSError` of work on a source."""
    try:
        yield
    except OSError as error:
        raise _source_fault(error, path) from error


def unsafe_source(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"“{path.name}” {why}.",
        "Choose another release, or import the files that you trust by hand.",
        kind=FailureKind.UNSAFE_PATH,
    )


def linked_folder(name: str) -> Misconfigured:
    return Misconfigured(
        f"{name} is a link or no folder; books are never written through links.",
        "Replace it with a real folder, or make its target the library's folder.",
        kind=FailureKind.UNSAFE_PATH,
    )


def no_space(what: str) -> NoSpace:
    return NoSpace(f"The disk of {what} is full.", "Free some space; the import then goes on by itself.")


def _library_fault(error: OSError, what: str) -> AuralError:
    said = error.strerror or str(error)
    if error.errno in _FULL:
        return no_space(what)
    if error.errno in _FORBIDDEN:
        return Misconfigured(
            f"{what} cannot be written to: {said}.",
            "Give the user that runs AuralArchive the right to write there, and mount it writable.",
            kind=FailureKind.PERMISSION,
        )
    if error.errno in _LINKS:
        return linked_folder(what)
    if error.errno == errno.ENAMETOOLONG:
        return Misconfigured(
            f"The file system of {what} takes no names as long as this book's.",
            "Use a shorter naming template.",
            kind=FailureKind.UNSAFE_PATH,
        )
    if error.errno == errno.EXDEV:
        return Misconfigured(
            f"The book's folder is on another file system than {what}.",
            "Mount the library as one file system; with mergerfs, allow renames between its branches.",
            kind=FailureKind.LIBRARY_UNAVAILABLE,
        )
    return TransientError(
        f"{what} does not work at the moment: {said}.",
        "Check the disk and its mount; the import is tried again.",
        kind=FailureKind.LIBRARY_UNAVAILABLE,
    )


def _source_fault(error: OSError, path: Path) -> AuralError:
    said = error.strerror or str(error)
    if error.errno in (errno.ENOENT, errno.ESTALE):
        return Gone(
            f"“{path.name}” is no longer where it was downloaded to.",
            "Restore the file, or retry the download.",
            kind=FailureKind.SOURCE_LOST,
        )
    if error.errno in _LINKS:
        return unsafe_source(path, "is a symbolic link, or lies behind one")
    if error.errno == errno.ENXIO:  # a socket, or a device without a driver
        return unsafe_source(path, "is no ordinary file")
    if error.errno in _FORBIDDEN:
        return Misconfigured(
            f"“{path.name}” cannot be read: {said}.",
            "Give the user that runs AuralArchive the right to read the download folder.",
            kind=FailureKind.PERMISSION,
        )
    return TransientError(
        f"“{path.name}” cannot be read at the moment: {said}.",
        "Check the disk of the download folder; the import is tried again.",
        kind=FailureKind.SOURCE_LOST,
    )
