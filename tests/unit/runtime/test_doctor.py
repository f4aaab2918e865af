"""Every finding has a remedy; one bad neighbour does not hide the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.doctor import diagnose
from tests.support.processes import free_port
from tests.support.transmission import Transmission

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


def test_each_client_is_told_under_its_name(opened: OpenCore, tmp_path: Path) -> None:
    """Two real ones of one kind: one that is well, and one whose downloads lie around the library."""
    core = opened(library={"path": str(tmp_path / "second" / "downloads" / "books"), "reserve_bytes": 0})
    (kind,) = [one for one in core.adapters.types("client") if one.type == "transmission"]
    with Transmission(tmp_path / "first") as first, Transmission(tmp_path / "second") as second:
        for name, server in (("First", first), ("Second", second)):
            values = {"port": server.port, "username": server.user, "password": server.password}
            row = AdapterRow(0, "client", kind.type, name, True, 1, kind.plain(values))
            core.store.adapters.add(row, kind.secret_keys)
        core.adapters.reload("client")
        said = list(diagnose(core))
    assert {"First", "First, Paths", "Second, Paths"} <= {one.subject for one in said}
    assert all(one.ok for one in said if one.subject.startswith("First"))
    (wrong,) = [one for one in said if one.subject.startswith("Second") and not one.ok]
    assert "books" in wrong.message
    assert wrong.remedy


def test_a_finding_is_told_once(opened: OpenCore) -> None:
    """Also where the library looks at the folder of a client that has looked at it itself."""
    core = opened(embedded={"loopback": True, "listen_port": 0}, library={"reserve_bytes": 0})
    findings = list(diagnose(core))
    folders = [finding.message for finding in findings if finding.subject.endswith("Download folder")]
    assert folders
    assert len(folders) == len(set(folders))
