"""A folder that somebody is about to choose: would it do? Asked while its name is typed.

Nothing is made but, for a moment, one link that shows whether links can be made. Nothing is told about
what is in the folder, or beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from auralarchive.library import tree
from auralarchive.library.checks import can_link_from, nested, told_links
from auralarchive.library.mounts import mount_of
from auralarchive.ports.clients import Finding
from auralarchive.ports.library import FolderReport

_SUBJECT = "Folder"


def as_library(path: Path, downloads: tuple[Path, ...], reserve: int) -> FolderReport:
    """How `path` would do as the library, beside these folders of downloads."""
    standing = _standing(path)
    if isinstance(standing, Finding):
        return FolderReport(exists=False, findings=(standing,))
    there = standing == path
    findings = [_usable(path, standing), *_space(standing, reserve)]
    if findings[0].ok:
        findings += [_beside(path, standing, folder) for folder in downloads if folder.is_dir()]
    return _report(standing, there=there, findings=findings)


def as_folder(path: Path) -> FolderReport:
    """Whether `path` is a folder that can be read: where a path mapping is to lead."""
    standing = _standing(path)
    if isinstance(standing, Finding):
        return FolderReport(exists=False, findings=(standing,))
    there = standing == path
    if not there:
        finding = Finding(False, _SUBJECT, f"{path} is not there.", "Mount it, or name another folder.")
    elif not os.access(path, os.R_OK | os.X_OK):
        remedy = f"Give the user that runs AuralArchive (uid {os.getuid()}) the right to read it."
        finding = Finding(False, _SUBJECT, f"{path} may not be read.", remedy)
    else:
        finding = Finding(True, _SUBJECT, f"{path} is there.")
    return _report(standing, there=there, findings=[finding])


def _standing(path: Path) -> Path | Finding:
    """`path`, or the nearest folder above it that exists; a finding where there can be no such folder."""
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        what = "Name a folder below the root, with its full path."
        return Finding(False, _SUBJECT, what, "Such as /data/library.")
    try:
        found = next(folder for folder in (path, *path.parents) if folder.exists())
        is_folder = found.is_dir()
    except OSError as error:
        return Finding(False, _SUBJECT, f"{path} cannot be looked at: {error.strerror}.", "Choose another folder.")
    if not is_folder:
        return Finding(False, _SUBJECT, f"{found} is a file.", "Choose a folder.")
    return found


def _usable(path: Path, standing: Path) -> Finding:
    writable = os.access(standing, os.W_OK | os.X_OK)
    remedy = f"Give the user that runs AuralArchive (uid {os.getuid()}) the right to write there."
    if standing == path:
        if writable:
            return Finding(True, _SUBJECT, f"{path} is there and can be written to.")
        return Finding(False, _SUBJECT, f"{path} is there, but cannot be written to.", remedy)
    if writable:
        return Finding(True, _SUBJECT, f"{path} is not there yet; it is made when you save.")
    return Finding(False, _SUBJECT, f"{path} is not there, and cannot be made in {standing}.", remedy)


def _space(standing: Path, reserve: int) -> Iterator[Finding]:
    free = _free(standing)[0]
    if free is not None and free <= reserve:
        what = f"Only {free / 1e9:.1f} GB are free, and {reserve / 1e9:.1f} GB are to stay free."
        yield Finding(False, _SUBJECT, what, "Choose another disk, free some space, or lower what is to stay free.")


def _beside(path: Path, standing: Path, folder: Path) -> Finding:
    """How it goes with a folder of downloads: not within one another, and linked rather than copied."""
    return nested(path, folder) or told_links(
        folder, standing, linked=_linked(standing, folder, there=standing == path)
    )


def _linked(standing: Path, folder: Path, *, there: bool) -> bool:
    if there:
        try:
            with tree.opened_root(standing) as holder:
                return can_link_from(folder, holder)
        except OSError:
            pass  # nothing there to try with, and nothing can be made: the device numbers have to tell
    return standing.stat().st_dev == folder.stat().st_dev


def _report(standing: Path, *, there: bool, findings: list[Finding]) -> FolderReport:
    free, total = _free(standing)
    mount = mount_of(standing)
    return FolderReport(there, tuple(findings), free, total, mount.kind if mount else None)


def _free(folder: Path) -> tuple[int | None, int | None]:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None, None
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
