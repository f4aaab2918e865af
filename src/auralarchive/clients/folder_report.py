"""What the test of a client inside of our own process finds out about its folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from auralarchive.ports.clients import Finding


def folder_findings(downloads: Path, libraries: tuple[Path, ...]) -> Iterator[Finding]:
    """Whether data can be written, and no library is in the way."""
    yield _folder_finding(downloads)
    for library in libraries:
        if downloads.is_relative_to(library) or library.is_relative_to(downloads):
            yield Finding(
                False,
                "Folders",
                f"Downloads and the library {library} lie in one another.",
                "Use separate folders.",
            )


def _folder_finding(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(False, "Download folder", f"{folder}: {error.strerror}.", "Choose another folder, or mount it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(False, "Download folder", f"{folder} may not be written.", "Give AuralArchive's user the right.")
    return Finding(True, "Download folder", f"{free / 1e9:.1f} GB free in {folder}.")
