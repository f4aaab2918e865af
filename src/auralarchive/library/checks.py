"""What the doctor asks about the library: is it there, may we write, is there room, can it take links."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from auralarchive.library import tree
from auralarchive.library.transfer import free_bytes
from auralarchive.ports.clients import Finding

_LOOK_AT = 200  # files of a download folder that are tried before we make one of our own


def check_library(root: Path, staging: str, downloads: tuple[Path, ...], reserve: int) -> tuple[Finding, ...]:
    """Findings in the order in which a person would mend them. Leaves nothing behind."""
    if not root.is_dir():
        remedy = "Mount its disk, make the folder, or choose another one under Settings, Library."
        return (Finding(False, "library", f"The folder {root} is not there.", remedy),)
    writable = _writable(root, staging)
    nested = [_nested(root, folder) for folder in downloads]
    links = [_links(root, staging, folder) for folder in downloads] if writable.ok else []
    return (Finding(True, "library", f"The folder {root} is there."), writable, _space(root, reserve), *nested, *links)


def _writable(root: Path, staging: str) -> Finding:
    name = f"check-{secrets.token_hex(8)}"
    try:
        with tree.opened_root(root) as top, tree.folder(top, [staging], mode=0o700) as holder:
            with tree.folder(holder, [name], mode=0o700):
                pass
            tree.remove_tree(holder, name)
    except OSError as error:
        remedy = f"Give the user that runs AuralArchive (uid {os.getuid()}) the right to write there."
        return Finding(False, "library", f"The library cannot be written to: {error.strerror}.", remedy)
    return Finding(True, "library", "The library can be written to.")


def _space(root: Path, reserve: int) -> Finding:
    with tree.opened_root(root) as top:
        free = free_bytes(top)
    message = f"{free / 1e9:.1f} GB are free, {reserve / 1e9:.1f} GB of them are kept in reserve."
    if free <= reserve:
        return Finding(False, "free space", message, "Free some space, or lower the reserve under Settings, Library.")
    return Finding(True, "free space", message)


def _nested(root: Path, folder: Path) -> Finding:
    subject = f"download folder {folder}"
    library, downloads = root.resolve(), folder.resolve()
    if library.is_relative_to(downloads) or downloads.is_relative_to(library):
        remedy = "Choose two folders side by side, such as /data/downloads and /data/library."
        return Finding(False, subject, "The library and the download folder lie within one another.", remedy)
    return Finding(True, subject, "The library and the download folder are apart.")


def _links(root: Path, staging: str, folder: Path) -> Finding:
    subject = f"hard links from {folder}"
    if not folder.is_dir():
        remedy = "Mount it, or correct the download folder and the path mappings."
        return Finding(False, subject, "The download folder is not there.", remedy)
    try:
        linked = _try_link(root, staging, folder)
    except OSError:
        # Nothing there to try with, and we may not write there: the device numbers have to tell.
        linked = folder.stat().st_dev == root.stat().st_dev
    if linked:
        return Finding(True, subject, "Seeding files are linked and take no space twice.")
    remedy = "Put both on one file system and, with containers, into one mounted folder; or live with copies."
    return Finding(False, subject, "Hard links are not possible: seeding files are copied.", remedy)


def _try_link(root: Path, staging: str, folder: Path) -> bool:
    with tree.opened_root(root) as top, tree.folder(top, [staging], mode=0o700) as holder:
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
    name = f"check-{secrets.token_hex(8)}"
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
