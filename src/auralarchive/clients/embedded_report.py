"""What the test of the embedded client finds out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.findings import folder_findings, library_findings
from auralarchive.ports.clients import Finding


def findings(port: int, downloads: Path, context: ClientContext) -> Iterator[Finding]:
    """Whether peers can reach us, data can be written, and no library is in the way."""
    yield _port_finding(port)
    bad = _folder_finding(downloads)
    if bad is None:
        yield from folder_findings(downloads, context, links=True)
    else:
        yield bad
        yield from library_findings(downloads, context.library_roots)


def _port_finding(port: int) -> Finding:
    if port:
        return Finding(True, "Port", f"Peers reach port {port}, where router and firewall let them.")
    return Finding(False, "Port", "No port could be opened for peers.", "Choose another port or network interface.")


def _folder_finding(folder: Path) -> Finding | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding(False, "Download folder", f"{folder}: {error.strerror}.", "Choose another folder, or mount it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(False, "Download folder", f"{folder} may not be written.", "Give AuralArchive's user the right.")
    return None
