"""The moment's numbers for Prometheus, from the parts that run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from auralarchive.observability.metrics import Metrics
from auralarchive.ports.store import NewDownload
from auralarchive.runtime.gauges import gauges
from tests.support.records import a_book

OpenCore = Callable[..., Any]


def test_queue_clients_and_work_are_told(opened: OpenCore) -> None:
    """By name and status; a status that nobody has is 0, so that a graph does not end where a queue is empty."""
    core = opened(embedded={"loopback": True, "listen_port": 0})
    core.store.downloads.create(NewDownload(a_book(), manual=False))
    text = Metrics(lambda: gauges(core)).render()[0].decode()
    assert 'auralarchive_downloads{status="QUEUED"} 1.0' in text
    assert 'auralarchive_downloads{status="IMPORTED"} 0.0' in text
    assert 'auralarchive_client_reachable{client="Embedded"} 0.0' in text, "it was not asked yet"
    assert 'auralarchive_jobs_running{engine="local"} 0.0' in text
    with ThreadPoolExecutor(1) as pool:
        core.monitor.tick(pool)
    assert gauges(core)["auralarchive_client_reachable"][2] == {"Embedded": 1}
