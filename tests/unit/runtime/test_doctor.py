"""Every finding has a remedy; one bad neighbour does not hide the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.doctor import diagnose
from tests.support.processes import free_port

OpenCore = Callable[..., Any]


def test_a_healthy_instance(opened: OpenCore) -> None:
    core = opened(embedded={"loopback": True, "listen_port": 0}, library={"reserve_bytes": 0})
    findings = list(diagnose(core))
    said = {finding.subject: finding for finding in findings}
    assert said["Embedded"].ok
    assert said["FFmpeg"].ok
    assert said["Space for data"].ok
    assert all(finding.remedy for finding in findings if not finding.ok)


def test_what_is_wrong_is_told_with_its_remedy(opened: OpenCore, tmp_path: Path) -> None:
    core = opened(conversion={"ffmpeg": str(tmp_path / "no-ffmpeg")})
    port = free_port()
    values = {"url": f"http://127.0.0.1:{port}/api", "api_key": "x"}
    (torznab,) = [one for one in core.adapters.types("indexer") if one.type == "torznab"]
    core.store.adapters.add(
        AdapterRow(0, "indexer", "torznab", "Down", True, 1, torznab.plain(values)), torznab.secret_keys
    )
    core.store.adapters.add(AdapterRow(0, "client", "nonsense", "Odd", True, 1, {}), frozenset())
    core.adapters.reload("indexer")
    core.adapters.reload("client")
    bad = {finding.subject: finding for finding in diagnose(core) if not finding.ok}
    assert {"Down", "FFmpeg", "Odd", "Download clients"} <= set(bad)
    assert all(finding.remedy for finding in bad.values())
