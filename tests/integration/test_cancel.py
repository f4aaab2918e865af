"""A cancel in the middle of a download reaches every client, and nothing of it is left there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auralarchive.domain.status import DownloadType
from tests.contract.clients.kinds import KINDS
from tests.contract.clients.rig import Kind, RemoteRig
from tests.support.processes import wait_for
from tests.support.server import RunningServer
from tests.support.world import files_of, in_work

_ENDINGS = {DownloadType.TORRENT: "torrent", DownloadType.NZB: "nzb"}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=kind.name, marks=[pytest.mark.clients] if kind.optional else [])
        for kind in KINDS
        if kind.remote
    ],
)
def test_a_cancel_in_the_middle_leaves_nothing(kind: Kind, running_server: RunningServer, tmp_path: Path) -> None:
    """Neither the client's item nor a part of a file, here or there."""
    rig = kind.make(tmp_path / "client")
    assert isinstance(rig, RemoteRig)
    try:
        _cancelled_in_the_middle(rig, kind, running_server, tmp_path)
    finally:
        rig.close()


def _cancelled_in_the_middle(rig: RemoteRig, kind: Kind, server: RunningServer, folder: Path) -> None:
    api = server.api()
    api.post("/api/clients", {"type": rig.client.type, "name": "Theirs", "priority": 1, "settings": rig.settings})
    with rig.source(folder / "books") as source:
        book = source.book(*(500_000,) * 6, limit=300_000)
        release = folder / f"release.{_ENDINGS[kind.protocol]}"
        release.write_bytes(book.payload.data or b"")
        download = api.upload(release, "Emma", "Jane Austen")
        next_push = 0.0

        def in_the_middle() -> bool:
            nonlocal next_push
            row = api.row(download)
            if row["download_client_id"] and time.monotonic() >= next_push:
                source.push(book)
                next_push = time.monotonic() + 1.0
            return bool(row["download_progress"] > 0)

        wait_for(in_the_middle, timeout=60, every=0.1)
        item_id = str(api.row(download)["download_client_id"])
        api.delete(f"/api/downloads/queue/{download}")
        wait_for(lambda: "CleanedUp" in api.events(download), timeout=60, every=0.1)
        assert api.row(download)["status"] == "CANCELLED"
        assert rig.client.find(frozenset({item_id}) | book.payload.hashes) is None
        source.release(book)
        wait_for(lambda: not [file for place in rig.folders for file in files_of(place)])
        assert in_work(server) == []
