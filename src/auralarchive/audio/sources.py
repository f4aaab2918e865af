"""Finds the files of a book, safely: what arrives from strangers may hold links, pipes and worse.

Folders are walked without following links; only regular files count; each is opened without
blocking and without following a link, and must still be the very file that was found, unchanged. FFmpeg
gets the open descriptor, never a name. So nothing that is swapped behind our back is ever read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from auralarchive.audio.kinds import Kind
from auralarchive.audio.sniff import describe, sniff
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Gone, InvalidInput, Misconfigured, TransientError

MAX_DEPTH = 16
MAX_ENTRIES = 100_000
AUDIO_SUFFIXES = frozenset(
    ".mp3 .m4a .m4b .mp4 .aac .flac .ogg .oga .opus .wma .wav .aif .aiff .aax .aaxc .m4p .mka .weba".split()  # noqa: SIM905 - reads best
)
COMPANION_SUFFIXES = frozenset(
    (".pdf", ".cue", ".nfo", ".epub", ".jpg", ".jpeg", ".png", ".webp", ".txt", ".mobi", ".azw3")
)
#: Kinds of files that may hold a list of chapters, beside companions that do.
LIST_SUFFIXES = frozenset((".json", ".ffmetadata", ".ffmeta"))
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Source:
    """One audio file. `relative` is its path below the folder that was given, for order and titles."""

    path: Path
    relative: Path
    kind: Kind
    size: int
    stamp: tuple[int, int, int]

    @property
    def name(self) -> str:
        """For messages: the name without the folders, and without characters that could play tricks."""
        return printable(self.relative.name)  # of the original, where our own work file is in its place

    @contextmanager
    def open(self) -> Iterator[int]:
        """A descriptor of it. Raises `TransientError` where it is no longer the file that was found."""
        fd = open_regular(self.path)
        if fd is None or _stamp(os.fstat(fd)) != self.stamp:
            if fd is not None:
                os.close(fd)
            raise TransientError(f"{self.name} changed while it was read: is it still being written?")
        try:
            yield fd
        finally:
            os.close(fd)

    def check_unchanged(self) -> None:
        """Raises `TransientError` where it was written to since it was found."""
        with self.open():
            pass


@dataclass(slots=True)
class Found:
    """What a walk found."""

    audio: list[Source] = field(default_factory=list)
    companions: list[Path] = field(default_factory=list)
    lists: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def printable(text: str) -> str:
    """`text` without control and undecodable characters."""
    return "".join(character if character.isprintable() else "�" for character in text)


def find_sources(paths: tuple[Path, ...], *, max_files: int) -> Found:
    """Every audio file below `paths`, and what lies beside them.

    Raises: `Gone` (nothing there), `InvalidInput` (no audio, a file that only pretends, too many),
    `Misconfigured` (no permission).
    """
    found = Found()
    for path in paths:
        for file, relative in _files(path, found.warnings):
            _take(file, relative, found)
            if len(found.audio) > max_files:
                raise InvalidInput(
                    f"There are more than {max_files} audio files.",
                    "Give one book at a time.",
                    kind=FailureKind.NO_AUDIO,
                )
    if not found.audio:
        raise InvalidInput(
            "There is no audio file in it." + "".join(f" {text}" for text in found.warnings[:3]),
            "Choose another release.",
            kind=FailureKind.NO_AUDIO,
        )
    return found


def _files(path: Path, warnings: list[str]) -> Iterator[tuple[Path, Path]]:
    """Regular files at or below `path`, as (absolute, relative to it)."""
    path = path.absolute()
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise Gone(f"{printable(path.name)} is not there any more.", "Fetch it again.") from error
    if stat.S_ISDIR(status.st_mode):
        yield from _walk(path, warnings)
    elif stat.S_ISREG(status.st_mode):
        yield path, Path(path.name)
    else:
        warnings.append(f"{printable(path.name)} is a link or a special file and was left out.")


def _walk(root: Path, warnings: list[str]) -> Iterator[tuple[Path, Path]]:
    entries = 0
    for folder, folders, names in os.walk(root, followlinks=False, onerror=_refuse):
        here = Path(folder)
        relative = here.relative_to(root)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (here / name).is_symlink())
        if len(relative.parts) >= MAX_DEPTH:
            folders.clear()
        entries += len(names) + len(folders)
        if entries > MAX_ENTRIES:
            raise InvalidInput("There are too many files in it.", "Give one book at a time.")
        for name in sorted(names):
            if name.startswith("."):
                continue
            if (here / name).is_symlink() or not (here / name).is_file():
                warnings.append(f"{printable(name)} is a link or a special file and was left out.")
            else:
                yield here / name, relative / name


def _refuse(error: OSError) -> None:
    raise Misconfigured(
        f"The folder {printable(str(error.filename))} cannot be read.",
        "Give this user the right to read it.",
        kind=FailureKind.PERMISSION,
    ) from error


def _take(path: Path, relative: Path, found: Found) -> None:
    suffix = path.suffix.lower()
    if suffix in COMPANION_SUFFIXES:
        found.companions.append(path)
        return
    if suffix in LIST_SUFFIXES:
        found.lists.append(path)
        return
    fd = open_regular(path)
    if fd is None:
        found.warnings.append(f"{printable(path.name)} is a link or a special file and was left out.")
        return
    try:
        status = os.fstat(fd)
        kind = sniff(fd)
        if kind is not None:
            found.audio.append(Source(path, relative, kind, status.st_size, _stamp(status)))
        elif suffix in AUDIO_SUFFIXES:
            _refuse_pretender(path, fd)
    finally:
        os.close(fd)


def _refuse_pretender(path: Path, fd: int) -> NoReturn:
    """A file that calls itself audio but is none spoils the book: better said than a chapter missing."""
    raise InvalidInput(
        f"{printable(path.name)} is called audio, but it is {describe(fd)}.",
        "Choose another release, or remove the file.",
        kind=FailureKind.DAMAGED_AUDIO,
    )


def open_regular(path: Path) -> int | None:
    """A descriptor of the regular file at `path`; None for links, pipes and devices. Never blocks."""
    try:
        fd = os.open(path, _FLAGS)
    except PermissionError as error:
        raise Misconfigured(
            f"{printable(path.name)} cannot be read.",
            "Give this user the right to read it.",
            kind=FailureKind.PERMISSION,
        ) from error
    except FileNotFoundError as error:
        raise TransientError(f"{printable(path.name)} vanished while the book was read.") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK, errno.ENOTDIR):
            return None
        raise
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def staged(path: Path, original: Source) -> Source:
    """Our own work file in place of `original`, whose place in the book it takes."""
    return Source(path, original.relative, Kind.MP4, path.stat().st_size, _stamp(path.stat()))
