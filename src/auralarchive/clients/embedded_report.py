"""What the test of the embedded client finds out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auralarchive.clients.folder_report import folder_findings
from auralarchive.ports.clients import Finding


def findings(port: int, downloads: Path, libraries: tuple[Path, ...]) -> Iterator[Finding]:
    """Whether peers can reach us, data can be written, and no library is in the way."""
    yield _port_finding(port)
    yield from folder_findings(downloads, libraries)


def _port_finding(port: int) -> Finding:
    if port:
        return Finding(True, "Port", f"Peers reach port {port}, where router and firewall let them.")
    return Finding(False, "Port", "No port could be opened for peers.", "Choose another port or network interface.")
