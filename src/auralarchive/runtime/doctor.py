"""Checks everything that usually goes wrong in a set-up, and says how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError
from auralarchive.runtime.core import Core
from auralarchive.runtime.serve import probes


def diagnose(core: Core) -> Iterator[Finding]:
    """Every finding, good or bad, as it is made. For an instance that is not being served."""
    for client in core.adapters.clients.all():
        try:
            report = client.test()
        except AuralError as error:
            yield Finding(False, client.name, error.reason, error.remedy)
        else:
            yield Finding(True, client.name, f"{client.type} {report.version} answers.")
            yield from report.findings
    for indexer in core.adapters.indexers.all():
        try:
            answer = indexer.test()
        except AuralError as error:
            yield Finding(False, indexer.name, error.reason, error.remedy)
        else:
            yield Finding(True, indexer.name, f"{answer.title} answers.")
            yield from answer.findings
    for probe in probes(core).values():  # of the clients only that there is none: nobody watches them here
        yield from probe()
    yield from (Finding(False, "Database", damage, "Restore a backup.") for damage in core.store.integrity())
