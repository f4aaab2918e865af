"""What is in the library already, against what should be there."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from auralarchive.domain.failures import FailureKind
from auralarchive.failpoints import failpoint
from auralarchive.library import tree
from auralarchive.library.intent import Intent
from auralarchive.library.plan import Plan
from auralarchive.library.transfer import Meter, Staged, hash_of
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.work import CancelToken

OLDER = "older"  # the name of a book that was taken back, within the staging folder
_REMEDY = "Restore the file from a backup, or download the book again."


def conflict(plan: Plan) -> Misconfigured:
    return Misconfigured(
        f"“{plan.label}” is in the library already, with other content.",
        "Move or rename that folder, or put {asin}, {narrator} or {year} into the naming template; then retry. "
        "Nothing was changed.",
        kind=FailureKind.LIBRARY_CONFLICT,
    )


def already_there(root: int, plan: Plan, staged: Mapping[str, Staged], meter: Meter) -> dict[str, Staged] | None:
    """The book's files as they are in its place, with the same content; None where the place is free.

    Files that a person or a media server has put beside ours do not matter.
    Raises `Misconfigured` (conflict) where one of ours is missing or differs, and `OSError`.
    """
    present: dict[str, Staged] = {}
    try:
        with tree.folder(root, plan.folders) as book:
            if not tree.listing(book):
                return None
            for name, wanted in staged.items():
                found = _same(book, name, wanted, meter)
                if found is None:
                    raise conflict(plan)
                present[name] = found
            os.fsync(book)
    except FileNotFoundError:
        return None
    with tree.folder(root, plan.folders[:-1]) as parent:
        os.fsync(parent)
    return present


def is_untouched(book: int, older: Intent, meter: Meter) -> bool:
    """Whether the folder holds just the files of `older`, just as they were published."""
    if sorted(tree.listing(book)) != sorted(older.files):
        return False
    return all(_has_content(book, name, sha256, meter) for name, sha256 in older.files.items())


def take_back(root: int, staging: int, older: Intent, meter: Meter) -> None:
    """Move the untouched book of an interrupted attempt back into our staging folder."""
    try:
        with tree.folder(root, older.folders) as book:
            if not is_untouched(book, older, meter):
                return
        with tree.folder(root, older.folders[:-1]) as parent:
            failpoint("import.before_take_back")
            os.rename(older.folders[-1], OLDER, src_dir_fd=parent, dst_dir_fd=staging)
            failpoint("import.after_take_back")
            os.fsync(parent)
            os.fsync(staging)
    except FileNotFoundError:
        return


def difference(root: int, file: LibraryFile) -> Finding | None:
    """What is wrong with a published file; None where nothing is."""
    names = file.path.split("/")
    if any(name in ("", ".", "..") for name in names):
        return Finding(False, file.path, "has a path that leads out of the library.", _REMEDY)
    try:
        with tree.file_below(root, names) as there:
            wrong = _wrong(there, file)
    except FileNotFoundError:
        wrong = "is missing."
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}."
    return Finding(False, file.path, wrong, _REMEDY) if wrong else None


def _wrong(there: int, file: LibraryFile) -> str | None:
    if not tree.is_regular(there):
        return "is no ordinary file any more."
    if os.fstat(there).st_size != file.size:
        return "has another size than when it was imported."
    if hash_of(there, Meter(lambda _: None, CancelToken())) != file.sha256:
        return "has other content than when it was imported."
    return None


def _same(book: int, name: str, wanted: Staged, meter: Meter) -> Staged | None:
    """The file `name` as it is there, where its content is that of `wanted`."""
    if not _has_content(book, name, wanted.sha256, meter):
        return None
    with tree.file_below(book, [name]) as there:
        info = os.fstat(there)
    inode = (info.st_dev, info.st_ino)
    method = "copy" if wanted.method == "link" and inode != wanted.inode else wanted.method
    return Staged(info.st_size, wanted.sha256, method, inode)


def _has_content(book: int, name: str, sha256: str, meter: Meter) -> bool:
    try:
        with tree.file_below(book, [name]) as there:
            return tree.is_regular(there) and hash_of(there, meter) == sha256
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            return False
        raise
