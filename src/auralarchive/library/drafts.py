"""New files of published books, on their way into place.

A book that is changed gets new files; the old ones are never written to, for one of them may be a hard link
that still seeds. They are made in `<root>/.auralarchive/drafts/<book>`, checked, synced, and sealed by a note
that names the version of the book's record that they belong to. Then the record is written: from that moment
on they count, and are renamed over the old ones. After a crash the record alone tells whether a sealed draft
goes into place or away.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.naming import distinct
from auralarchive.failpoints import failpoint
from auralarchive.library import tree
from auralarchive.library.faults import no_space, writing
from auralarchive.library.transfer import Meter, free_bytes, hash_of
from auralarchive.ports.errors import Gone, TransientError
from auralarchive.ports.library import LibraryFile, Revision
from auralarchive.ports.work import CancelToken

STAGING, DRAFTS = ".auralarchive", "drafts"
_NOTE, _PART = "note.json", "note.json.part"
_WHAT = "the library"
_LARGEST_NOTE = 1 << 20
#: Tags and cover come on top of the file that they are of.
_MORE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class _Note:
    """What becomes of a sealed draft: paths below the root."""

    version: int
    files: tuple[str, ...]
    removed: tuple[str, ...]


class FilesystemDrafts:
    """`ports.library.Drafts` over a folder of the local file system."""

    def __init__(self, root: Path, reserve_bytes: int, file_mode: int = 0o644) -> None:
        self._root, self._reserve, self._mode = root.absolute(), reserve_bytes, file_mode

    def begin(self, book_id: int, file: LibraryFile) -> tuple[Path, Path]:
        """Where the file is, and an empty folder for its successor. See the port."""
        with self._opened() as root:
            size = _size_of(root, file)
            if free_bytes(root) < size + _MORE_BYTES + self._reserve:
                raise no_space(_WHAT)
            _remove(root, book_id)
            with tree.folder(root, _folder(book_id), mode=0o700):
                pass
        return self._root / file.path, self._root.joinpath(*_folder(book_id))

    def put(self, book_id: int, name: str, data: bytes) -> Path:
        """A file of its own in the draft, for whoever makes the new ones."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            self._opened() as root,
            tree.folder(root, _folder(book_id)) as draft,
            os.fdopen(os.open(name, flags, 0o600, dir_fd=draft), "wb") as file,
        ):
            file.write(data)
        return self._root.joinpath(*_folder(book_id), name)

    def free_name(self, path: str, ours: tuple[str, ...]) -> str:
        """A path where nothing of a person's is overwritten."""
        *folders, name = path.split("/")
        with self._opened() as root, tree.folder(root, folders) as book:
            known = {one.rsplit("/", 1)[-1] for one in ours}
            taken = [one for one in tree.listing(book) if one not in known]
        return "/".join((*folders, distinct(name, taken)))

    def seal(self, revision: Revision) -> None:
        """Check and sync the new files, then note what they are for."""
        with self._opened() as root, tree.folder(root, _folder(revision.book_id)) as draft:
            failpoint("edit.before_seal")
            for file in revision.files:
                self._check(draft, file)
            os.fsync(draft)
            _save(draft, revision)
            failpoint("edit.sealed")

    def place(self, book_id: int) -> None:
        """Rename each new file over its old one. What was renamed before a crash is no longer in the draft."""
        with self._opened() as root:
            with suppress(FileNotFoundError), tree.folder(root, _folder(book_id)) as draft:
                note = _load(draft)
                for path in note.files if note else ():
                    _replace(root, draft, path)
                    failpoint("edit.placed")
                for path in note.removed if note else ():
                    _unlink(root, path)
            failpoint("edit.before_discard")
            _remove(root, book_id)

    def discard(self, book_id: int) -> None:
        """Forget the draft; what is published stays as it is."""
        with self._opened() as root:
            _remove(root, book_id)

    def waiting(self) -> tuple[tuple[int, int | None], ...]:
        """Every draft, with the version at which it counts."""
        found: list[tuple[int, int | None]] = []
        with self._opened() as root, suppress(FileNotFoundError), tree.folder(root, [STAGING, DRAFTS]) as drafts:
            for name in sorted(filter(str.isdecimal, tree.listing(drafts))):
                with tree.folder(drafts, [name]) as draft:
                    note = _load(draft)
                found.append((int(name), note.version if note else None))
        return tuple(found)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        with writing(_WHAT), tree.opened_root(self._root) as root:
            yield root

    def _check(self, draft: int, file: LibraryFile) -> None:
        """The bytes on the disk are the bytes that were meant; only then may they become the book."""
        with tree.file_below(draft, [_name(file.path)]) as descriptor:
            os.fchmod(descriptor, self._mode)
            os.fsync(descriptor)
            if hasattr(os, "posix_fadvise"):  # not on macOS
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # read from the disk, not from memory
            found = hash_of(descriptor, Meter(lambda _: None, CancelToken()))
        if found != file.sha256:
            raise TransientError(
                f"“{_name(file.path)}” came back from the disk other than it was written.",
                "Check the library's disk and the memory, then save again. The book is as it was.",
                kind=FailureKind.VERIFICATION_FAILED,
            )


def _folder(book_id: int) -> list[str]:
    return [STAGING, DRAFTS, str(book_id)]


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _size_of(root: int, file: LibraryFile) -> int:
    names = file.path.split("/")
    try:
        if any(name in ("", ".", "..") for name in names):
            raise FileNotFoundError(file.path)
        with tree.file_below(root, names) as descriptor:
            info = os.fstat(descriptor)
    except OSError as error:
        raise _gone(file) from error
    if not stat.S_ISREG(info.st_mode):
        raise _gone(file)
    return info.st_size


def _gone(file: LibraryFile) -> Gone:
    return Gone(
        f"“{_name(file.path)}” is not where it was imported to.",
        "Check that the library is mounted; bring the file back, or import the book again.",
        kind=FailureKind.SOURCE_LOST,
    )


def _save(draft: int, revision: Revision) -> None:
    content = {
        "version": revision.version,
        "files": [file.path for file in revision.files],
        "removed": list(revision.removed),
    }
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(_PART, flags, 0o600, dir_fd=draft), "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(_PART, _NOTE, src_dir_fd=draft, dst_dir_fd=draft)
    os.fsync(draft)


def _load(draft: int) -> _Note | None:
    """The note; None where the draft was never sealed."""
    try:
        with tree.file_below(draft, [_NOTE]) as descriptor:
            found = json.loads(os.read(descriptor, _LARGEST_NOTE))
        return _Note(int(found["version"]), tuple(found["files"]), tuple(found["removed"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _replace(root: int, draft: int, path: str) -> None:
    *folders, name = path.split("/")
    with tree.folder(root, folders) as book:
        with suppress(FileNotFoundError):
            os.rename(name, name, src_dir_fd=draft, dst_dir_fd=book)
        os.fsync(book)


def _unlink(root: int, path: str) -> None:
    *folders, name = path.split("/")
    with suppress(FileNotFoundError), tree.folder(root, folders) as book:
        os.unlink(name, dir_fd=book)
        os.fsync(book)


def _remove(root: int, book_id: int) -> None:
    with suppress(FileNotFoundError), tree.folder(root, [STAGING, DRAFTS]) as drafts:
        tree.remove_tree(drafts, str(book_id))
