"""What the pipeline needs of the library on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from auralarchive.domain.book import Book
from auralarchive.ports.clients import Finding
from auralarchive.ports.work import CancelToken, Progress

Role = Literal["audio", "cover", "companion"]
Method = Literal["link", "reflink", "copy"]


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """One published file; `path` is relative to the library's root, with `/`."""

    path: str
    role: Role
    size: int
    sha256: str
    method: Method


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """One book to publish. `token` names the staging folder of this claim.

    `audio` may be a seeding file: it is linked or copied, never moved, opened for writing or changed.
    `private` says that `audio` is our own work file, which may be linked without any care. `keeps_note`
    leaves the note of what was published until `discard(token)`: so long as nobody has recorded it,
    `withdraw` can take it back.
    """

    download_id: int
    token: str
    book: Book
    audio: Path
    audio_sha256: str
    private: bool
    cover: Path | None = None
    companions: tuple[Path, ...] = ()
    keeps_note: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """The whole book is there, verified and synced to disk. The first file is the audio."""

    files: tuple[LibraryFile, ...]
    path: Path  # of the audio, absolute


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What is to be told of a folder before it is used. Sizes and the kind of file system as far as they are known."""

    exists: bool
    findings: tuple[Finding, ...]
    free_bytes: int | None = None
    total_bytes: int | None = None
    file_system: str | None = None


class Library(Protocol):
    """The library's folder. Publishing is all or nothing, never overwrites, never follows links out."""

    @property
    def root(self) -> Path: ...

    def publish(self, request: ImportRequest, progress: Progress, cancel: CancelToken) -> Published:
        """Stage, verify, sync, then rename into place.

        Idempotent: what an interrupted attempt has already published with the same content counts.
        Raises: `Misconfigured` (conflict, permission), `NoSpace`, `Cancelled`, `Gone` (a source
        vanished), `InvalidInput` (source escapes its folder), `Damaged` (the audio is no longer what
        was verified), `TransientError` (the disk fails at the moment, or is not mounted).
        """

    def withdraw(self, download_id: int, files: tuple[LibraryFile, ...]) -> None:
        """Take a book back that was published for a download which was then cancelled.

        `files` is its manifest, empty where it came to none: then the note beside the staged book tells. Only
        what is just as it was published goes; what a person has touched stays. Repeating it does nothing.
        Raises: `Misconfigured`, `TransientError`.
        """

    def verify(self, files: tuple[LibraryFile, ...]) -> tuple[Finding, ...]:
        """One finding a file that is missing or differs from its manifest; empty when all is well."""

    def discard(self, token: str) -> None:
        """Remove the staging folder of a claim, where there is one."""

    def staging(self) -> tuple[str, ...]:
        """Tokens of the staging folders that exist."""

    def check(self) -> tuple[Finding, ...]:
        """Whether it is there, writable, has space, and can take hard links."""


@dataclass(frozen=True, slots=True)
class Revision:
    """New files of a published book. They count once the book's record is at `version`, and not before.

    `files` are those that replace others or are new, each in the draft under the last part of its path;
    `removed` are paths of files that go.
    """

    book_id: int
    version: int
    files: tuple[LibraryFile, ...]
    removed: tuple[str, ...] = ()


class Drafts(Protocol):
    """Where new files of published books wait for their record.

    Files and record cannot change in one step. So the files are made and sealed first, then the record is
    written, then the files are put into place; whoever finds a sealed draft knows by the record whether it
    counts. All of it may be repeated.
    """

    def begin(self, book_id: int, file: LibraryFile) -> tuple[Path, Path]:
        """(where the published `file` is, an empty folder with room for another like it).

        Raises: `Gone` (it is not there, or behind a link), `NoSpace`, `Misconfigured`, `TransientError`.
        """

    def put(self, book_id: int, name: str, data: bytes) -> Path:
        """Write a file into the draft: what a person has given. Raises `NoSpace`."""

    def free_name(self, path: str, ours: tuple[str, ...]) -> str:
        """`path`, or one like it where a file is in its place that is none of `ours`."""

    def seal(self, revision: Revision) -> None:
        """Check the files as they are on the disk, and note what is to become of them."""

    def place(self, book_id: int) -> None:
        """Put the sealed files into place, and forget the draft."""

    def discard(self, book_id: int) -> None:
        """Forget the draft, where there is one."""

    def waiting(self) -> tuple[tuple[int, int | None], ...]:
        """(book, version at which it counts) of each draft; None: it was never sealed."""
