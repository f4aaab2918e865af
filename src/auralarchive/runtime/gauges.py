"""What Prometheus is told of the moment: the queue, the clients and the work."""

from __future__ import annotations

from collections.abc import Mapping

from auralarchive.domain.status import DownloadStatus
from auralarchive.runtime.core import Core


def gauges(core: Core) -> Mapping[str, tuple[str, str, Mapping[str, float]]]:
    """Name -> (help, label, label's value -> number). Nothing is asked that is not at hand: anybody may poll it.

    Raises `AuralError` while the database is away.
    """
    counts = core.store.downloads.counts()
    clients = core.monitor.status().clients
    return {
        "auralarchive_downloads": (
            "Downloads by status.",
            "status",
            {status.value: counts.get(status, 0) for status in DownloadStatus},
        ),
        "auralarchive_client_reachable": (
            "1 where the download client answered the latest poll, else 0.",
            "client",
            {client.name: int(client.reachable) for client in clients},
        ),
        "auralarchive_jobs_running": (
            "Downloads that are worked on at this moment: searched, sent, converted or imported.",
            "engine",
            {"local": len(core.runner.running)},
        ),
    }
