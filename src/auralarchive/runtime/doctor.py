"""Checks everything that usually goes wrong in a set-up, and says how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auralarchive.ports.clients import DownloadClient, Finding
from auralarchive.ports.errors import AuralError
from auralarchive.runtime.core import Core
from auralarchive.runtime.serve import probes


def diagnose(core: Core) -> Iterator[Finding]:
    """Every finding, good or bad, as it is made. For an instance that is not being served."""
    told = set()
    for client in core.adapters.clients.all():
        for finding in _of_client(client):
            told.add(finding.message)
            yield finding
    for indexer in core.adapters.indexers.all():
        try:
            answer = indexer.test()
        except AuralError as error:
            yield Finding(False, indexer.name, error.reason, error.remedy)
        else:
            yield Finding(True, indexer.name, f"{answer.title} answers.")
            yield from answer.findings
    for probe in probes(core).values():  # of the clients only that there is none: nobody watches them here
        # A client's folder, which the library looks at too, is told once.
        yield from (finding for finding in probe() if finding.message not in told)
    yield from (Finding(False, "Database", damage, "Restore a backup.") for damage in core.store.integrity())


def _of_client(client: DownloadClient) -> Iterator[Finding]:
    """What its own test finds out, each under its name: there may be several of a kind."""
    try:
        report = client.test()
    except AuralError as error:
        yield Finding(False, client.name, error.reason, error.remedy)
        return
    yield Finding(True, client.name, f"{report.version} answers.")
    yield from (replace(finding, subject=f"{client.name}, {finding.subject}") for finding in report.findings)
