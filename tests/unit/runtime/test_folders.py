"""What the pages learn of this machine is seen beside the folders and kinds of this very instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auralarchive.clients.discovery import Found
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.folders import CandidateFolders, find_clients


def test_the_library_is_judged_beside_the_folders_of_the_enabled_clients(core: Any, tmp_path: Path) -> None:
    downloads = tmp_path / "fetched"
    downloads.mkdir()
    settings = {"save_path": str(tmp_path / "elsewhere"), "download_folder": str(downloads)}
    core.store.adapters.add(AdapterRow(0, "client", "x", "X", enabled=True, priority=1, settings=settings), frozenset())
    folders = CandidateFolders(core)
    assert "within one another" in folders.as_library(downloads / "books").findings[-1].message
    assert str(downloads) in folders.as_library(tmp_path / "library").findings[-1].message


def test_where_none_is_named_the_usual_one_is_judged(core: Any, tmp_path: Path) -> None:
    report = CandidateFolders(core).as_library(None)
    assert report.exists
    assert str(tmp_path / "data" / "library") in report.findings[0].message
    assert CandidateFolders(core).as_folder(tmp_path).exists


def test_only_clients_that_we_could_use_are_offered(core: Any) -> None:
    found = (Found("qbittorrent", "qBittorrent", "127.0.0.1", 8080), Found("unheard-of", "New", "127.0.0.1", 1))
    offered = find_clients(core, lambda: found)
    assert [(one.type, dict(one.settings)) for one in offered] == [("qbittorrent", {"host": "127.0.0.1", "port": 8080})]
