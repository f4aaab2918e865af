"""What the test of the embedded client finds out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.findings import own_folder_findings
from auralarchive.ports.clients import Finding


def findings(port: int, downloads: Path, context: ClientContext) -> Iterator[Finding]:
    """Whether peers can reach us, data can be written, and no library is in the way."""
    yield _port_finding(port)
    yield from own_folder_findings(downloads, context, links=True)


def _port_finding(port: int) -> Finding:
    if port:
        return Finding(True, "Port", f"Peers reach port {port}, where router and firewall let them.")
    return Finding(False, "Port", "No port could be opened for peers.", "Choose another port or network interface.")
