"""Folders below a root, walked by descriptor: no symbolic link on the way is ever followed.

A path is only looked up one component at a time, each below the folder opened before. Whoever swaps
a folder for a link while we work is refused, and cannot lead us elsewhere.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe in the place of a file must not make us wait for its writer.
_SOURCE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def opened_root(path: Path) -> Iterator[int]:
    """A descriptor of `path`; the root itself may be a link, that is its owner's choice."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def folder(parent: int, names: Sequence[str], *, mode: int | None = None) -> Iterator[int]:
    """A descriptor of the folder `names` below `parent`. With `mode`, missing ones are made.

    Raises `OSError`: ENOENT where one is missing, ENOTDIR or ELOOP where one is a link or a file.
    """
    descriptor = os.dup(parent)
    try:
        for name in names:
            below = _step(descriptor, name, mode)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def source(path: Path, roots: Sequence[Path]) -> Iterator[int]:
    """A read-only descriptor of the file at `path`, never through a link at its end.

    Below one of `roots`, no folder on the way may be a link either. Raises `OSError`.
    """
    root = next((root for root in roots if path.is_relative_to(root) and path != root), None)
    if root is None:
        descriptor = os.open(path, _SOURCE)
    else:
        names = path.relative_to(root).parts
        with opened_root(root) as top, folder(top, names[:-1]) as parent:
            descriptor = os.open(names[-1], _SOURCE, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def file_below(parent: int, names: Sequence[str]) -> Iterator[int]:
    """A read-only descriptor of the file `names` below `parent`, following no link. Raises `OSError`."""
    with folder(parent, names[:-1]) as holder:
        descriptor = os.open(names[-1], _SOURCE, dir_fd=holder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_tree(parent: int, name: str) -> None:
    """Remove the folder `name` below `parent` with all in it; what is not there is no error."""
    with suppress(FileNotFoundError):
        shutil.rmtree(name, dir_fd=parent)


def listing(descriptor: int) -> list[str]:
    """The names in an open folder."""
    return os.listdir(descriptor)


def is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _step(parent: int, name: str, mode: int | None) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if mode is None:
            raise
    return _made(parent, name, mode)


def _made(parent: int, name: str, mode: int) -> int:
    with suppress(FileExistsError):  # another worker makes the same author's folder
        os.mkdir(name, mode, dir_fd=parent)
    descriptor = os.open(name, _FOLDER, dir_fd=parent)
    os.fsync(parent)
    return descriptor
