"""What the doctor asks about the library: is it there, may we write, is there room, can it take links."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from auralarchive.library import tree
from auralarchive.library.drafts import STAGING
from auralarchive.library.mounts import mount_of
from auralarchive.library.transfer import free_bytes
from auralarchive.ports.clients import Finding

_LOOK_AT = 200  # files of a download folder that are tried before we make one of our own
_FOLDER = "Download folder"


def check_library(root: Path, staging: str, downloads: tuple[Path, ...], reserve: int) -> tuple[Finding, ...]:
    """Findings in the order in which a person would mend them. Leaves nothing behind."""
    if not root.is_dir():
        remedy = "Mount its disk, make the folder, or choose another one under Settings, Library."
        return (Finding(False, "Library", f"The folder {root} is not there.", remedy),)
    writable = _writable(root, staging)
    folders = (_folder(root, staging, folder, may_try=writable.ok) for folder in downloads)
    return (writable, _space(root, reserve), *filter(None, folders))


def _writable(root: Path, staging: str) -> Finding:
    name = f"check-{secrets.token_hex(8)}"
    try:
        with tree.opened_root(root) as top, tree.folder(top, [staging], mode=0o700) as holder:
            with tree.folder(holder, [name], mode=0o700):
                pass
            tree.remove_tree(holder, name)
    except OSError as error:
        remedy = f"Give the user that runs AuralArchive (uid {os.getuid()}) the right to write there."
        return Finding(False, "Library", f"The library cannot be written to: {error.strerror}.", remedy)
    return Finding(True, "Library", f"The folder {root} is there and can be written to.")


def _space(root: Path, reserve: int) -> Finding:
    with tree.opened_root(root) as top:
        free = free_bytes(top)
    message = f"{free / 1e9:.1f} GB are free, {reserve / 1e9:.1f} GB of them are kept in reserve."
    if free <= reserve:
        return Finding(
            False, "Space for the library", message, "Free some space, or lower the reserve under Settings, Library."
        )
    return Finding(True, "Space for the library", message)


def _folder(root: Path, staging: str, folder: Path, *, may_try: bool) -> Finding | None:
    """How a client's folder fits the library; None where that cannot be told before the library is mended."""
    return nested(root, folder) or (_links(root, staging, folder) if may_try else None)


def nested(root: Path, folder: Path) -> Finding | None:
    """The finding where one of them lies within the other: the library would be imported into itself."""
    library, downloads = root.resolve(), folder.resolve()
    if library.is_relative_to(downloads) or downloads.is_relative_to(library):
        remedy = "Choose two folders side by side, such as /data/downloads and /data/library."
        return Finding(False, _FOLDER, f"The library and the folder {folder} lie within one another.", remedy)
    return None


def link_finding(root: Path, folder: Path) -> Finding | None:
    """Whether books from `folder` can be linked into the library; None while one of them is not there."""
    return _links(root, STAGING, folder) if root.is_dir() and folder.is_dir() else None


def _links(root: Path, staging: str, folder: Path) -> Finding:
    if not folder.is_dir():
        remedy = "Mount it, or correct the download folder and the path mappings."
        return Finding(False, _FOLDER, f"The folder {folder} is not there.", remedy)
    try:
        linked = _try_link(root, staging, folder)
    except OSError:
        # Nothing there to try with, and we may not write there: the device numbers have to tell.
        linked = folder.stat().st_dev == root.stat().st_dev
    return told_links(folder, root, linked=linked)


def told_links(folder: Path, library: Path, *, linked: bool) -> Finding:
    """Whether books from there take their space once or twice."""
    if linked:
        return Finding(True, _FOLDER, f"From {folder}, seeding files are linked and take no space twice.")
    # A choice and no fault: everything works so, and some want their seeding files to be files of their own.
    copied = f"Books from {folder} are copied and take their space twice while they seed: hard links are not possible."
    change = "To change that, put it and the library on one file system and, with containers, into one mounted folder."
    return Finding(True, _FOLDER, f"{copied}{_apart(folder, library)} {change}")


def _apart(folder: Path, library: Path) -> str:
    """Where the two lie, if that is what keeps them apart."""
    one, other = mount_of(folder), mount_of(library)
    return f" It is on {one}, the library on {other}." if one and other and one != other else ""


def _try_link(root: Path, staging: str, folder: Path) -> bool:
    with tree.opened_root(root) as top, tree.folder(top, [staging], mode=0o700) as holder:
        return can_link_from(folder, holder)


def can_link_from(folder: Path, holder: int) -> bool:
    """Try whether files of `folder` can be linked into the open folder `holder`; leaves nothing behind.

    Raises `OSError` where there is nothing to try with, and nothing can be made there.
    """
    if any(_can_link(path, holder) for path in islice(_ordinary_files(folder), _LOOK_AT)):
        return True
    return _can_link_own(folder, holder)


def _can_link_own(folder: Path, holder: int) -> bool:
    probe = folder / f".auralarchive-{secrets.token_hex(8)}"
    probe.touch(mode=0o600, exist_ok=False)
    try:
        return _can_link(probe, holder)
    finally:
        probe.unlink()


def _can_link(path: Path, holder: int) -> bool:
    name = f".auralarchive-check-{secrets.token_hex(8)}"
    try:
        os.link(path, name, dst_dir_fd=holder, follow_symlinks=False)
    except OSError:
        return False
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=holder)
    return True


def _ordinary_files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        yield from (Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False))
