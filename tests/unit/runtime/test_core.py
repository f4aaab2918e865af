"""Put together from settings: folders, clients, secrets, and what is wrong in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auralarchive import settings as tree
from auralarchive.ports.errors import Misconfigured
from auralarchive.runtime.core import (
    DIRECT,
    EMBEDDED,
    QBITTORRENT,
    make_folders,
)
from tests.support.records import a_download

OpenCore = Callable[..., Any]


def test_a_first_start_has_folders_and_the_clients_inside_of_us(opened: OpenCore, tmp_path: Path) -> None:
    core = opened(embedded={"loopback": True, "listen_port": 0}, direct={"loopback": True})
    assert [client.name for client in core.adapters.clients.all()] == [EMBEDDED, DIRECT]
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o077 == 0
    assert {"clients", "downloads", "library", "work"} <= {path.name for path in data.iterdir()}
    assert core.files_of(a_download()) == ()


def test_a_second_instance_over_the_same_folder_is_refused(opened: OpenCore) -> None:
    opened()
    with pytest.raises(Exception, match=r"data folder|instance"):
        opened()


def test_a_qbittorrent_of_the_environment_is_set_up_once(opened: OpenCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings follow the environment at each start; what the pages added stays."""
    for port in ("8081", "8082"):
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_HOST", "127.0.0.1")
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_PORT", port)
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_PASSWORD", "CANARY")
        core = opened()
        (row,) = [row for row in core.store.adapters.list("client") if row.name == QBITTORRENT]
        assert (row.settings["port"], row.priority) == (int(port), 1)
        assert "CANARY" not in core.redactor.redact("the password is CANARY")
        core.close()


def test_an_embedded_client_that_was_removed_stays_away(opened: OpenCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with the first start; after that it is the owner's to keep, and only without any client it is back."""
    monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_HOST", "127.0.0.1")
    core = opened()
    (embedded,) = [row for row in core.store.adapters.list("client") if row.name == EMBEDDED]
    core.store.adapters.delete("client", embedded.id)
    core.close()
    core = opened(embedded=None)  # as for most people: nothing is said of it
    assert [row.name for row in core.store.adapters.list("client")] == [QBITTORRENT, DIRECT]


def test_closing_lets_the_next_one_in(opened: OpenCore) -> None:
    opened().close()
    assert opened().store.integrity() == ()


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Misconfigured, match=r"cannot be made.*--data-dir"):
        make_folders(tree.read(data_dir=tmp_path / "file" / "data"))


def test_a_data_folder_of_another_user_is_told_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a start as root: said before a lock or key file fails with a traceback."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Misconfigured, match=r"data cannot be made or written to.*--data-dir"):
        make_folders(tree.read(data_dir=tmp_path / "data"))


def test_a_library_that_is_not_mounted_is_for_the_checks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    make_folders(tree.read(data_dir=tmp_path / "data", library_path=tmp_path / "file" / "library"))
    assert (tmp_path / "data" / "work").is_dir()
