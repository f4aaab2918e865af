"""What the test of a client finds out about its folders: the same for every adapter.

Each finding that is bad has a remedy. That books are copied instead of linked is a choice and no fault.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.display import display_text
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured

ENOUGH = 10**9  # bytes that should be free: about one book


def remote_folder_findings(remote: str, paths: PathMapper, context: ClientContext, *, links: bool) -> Iterator[Finding]:
    """Of the folder that a client saves into, by the client's own name for it: is it here, and does it do?

    `links`: its items go on seeding, so it matters whether their files can be linked.
    """
    local, finding = _seen(remote, paths)
    yield finding
    if local is not None:
        yield from folder_findings(local, context, links=links)


def path_findings(remote: str, paths: PathMapper, libraries: Iterable[Path]) -> Iterator[Finding]:
    """As `remote_folder_findings`, for a client that knows best how much room it has and never seeds."""
    local, finding = _seen(remote, paths)
    yield finding
    if local is not None:
        yield from library_findings(local, libraries)


def link_findings(remote: str, paths: PathMapper, context: ClientContext) -> Iterator[Finding]:
    """Whether books can be linked from the folder that a client saves into; nothing where it is not here."""
    local, _ = _seen(remote, paths)
    linked = None if local is None else context.link_finding(local)
    if linked is not None:
        yield linked


def _seen(remote: str, paths: PathMapper) -> tuple[Path | None, Finding]:
    try:
        local = paths.local(remote, remote)
    except Misconfigured as error:
        return None, Finding(False, "Paths", error.reason, error.remedy)
    return local, path_finding(remote, local)


def path_finding(remote: str, local: Path) -> Finding:
    """That a folder of the client's is here, under the same name or another."""
    told = display_text(remote)
    return Finding(True, "Paths", f"{told} is here." if told == str(local) else f"{told} is {local} here.")


def folder_findings(local: Path, context: ClientContext, *, links: bool) -> Iterator[Finding]:
    """Of a folder that is here: apart from the library, with room, and linkable to it."""
    yield from library_findings(local, context.library_roots)
    try:
        yield space_finding(shutil.disk_usage(local).free, f" in {local}")
    except OSError as error:
        yield Finding(False, "Space", f"{local}: {error.strerror}.", "Choose another folder, or mount it.")
        return
    linked = context.link_finding(local) if links else None
    if linked is not None:
        yield linked


def own_folder_findings(local: Path, context: ClientContext, *, links: bool) -> Iterator[Finding]:
    """Of the folder of a client inside of our own process: it is made, and has to be ours to write."""
    bad = _unwritable(local)
    if bad is None:
        yield from folder_findings(local, context, links=links)
    else:
        yield bad
        yield from library_findings(local, context.library_roots)


def _unwritable(folder: Path) -> Finding | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding(False, "Download folder", f"{folder}: {error.strerror}.", "Choose another folder, or mount it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(False, "Download folder", f"{folder} may not be written.", "Give AuralArchive's user the right.")
    return None


def library_findings(local: Path, libraries: Iterable[Path]) -> Iterator[Finding]:
    """Bad where the folder and a library lie within one another: the library would be imported into itself."""
    here = Path(os.path.realpath(local))
    for library in libraries:
        there = Path(os.path.realpath(library))
        if here.is_relative_to(there) or there.is_relative_to(here):
            yield Finding(
                False,
                "Library",
                f"The folder of downloads {local} and the library {library} lie within one another.",
                "Choose two folders side by side, such as /data/downloads and /data/library.",
            )


def space_finding(free: int, where: str = "") -> Finding:
    """Of the bytes that are free where the client saves."""
    enough = free >= ENOUGH
    return Finding(enough, "Space", f"{free / 1e9:.1f} GB free{where}.", "" if enough else "Make room.")
