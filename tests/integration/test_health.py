"""What the health page says of the real application."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.processes import free_port, wait_for
from tests.support.server import Api, RunningServer


def test_every_finding_has_its_subject_once_and_a_remedy(tmp_path: Path) -> None:
    """No two findings say the same, subjects read alike, and whatever is wrong comes with what to do."""
    with RunningServer(tmp_path) as server:
        api = server.api()
        settings = {"host": "127.0.0.1", "port": free_port(), "username": "admin", "password": "none"}
        api.post("/api/clients", {"type": "qbittorrent", "name": "Away", "settings": settings})
        shutil.rmtree(server.data_dir / "downloads")
        found = wait_for(lambda: _with(api, "Away"), timeout=30, every=0.5)
    assert max(Counter(one["subject"] for one in found).values()) == 1
    assert {one["subject"] for one in found if one["subject"][0].islower()} == set()
    wrong = {one["subject"]: one["remedy"] for one in found if not one["ok"]}
    assert {"Away", "Download folder"} <= set(wrong)
    assert all(wrong.values()), wrong


def _with(api: Api, subject: str) -> list[dict[str, Any]] | None:
    """The findings, once there is one of this subject."""
    found: list[dict[str, Any]] = api.get("/api/system/health")["findings"]
    return found if any(one["subject"] == subject for one in found) else None
