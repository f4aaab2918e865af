"""Kill -9 the direct client at every failpoint and at random moments: the next start ends in the same book."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.client_item import ItemState
from auralarchive.ports.clients import AddOptions, DownloadClient, Payload
from tests.support.files import FileHost, book
from tests.support.processes import wait_for

SOURCES = Path(__file__).parents[2] / "src" / "auralarchive" / "clients"
TAG = "auralarchive-main-1"
BOOK = book(200_000, 150_000, 70_000)
SETTINGS = {"loopback": True, "pause_seconds": 0, "reserve_bytes": 0, "files_per_server": 1}

#: The whole life of a download: added, loaded, removed.
_CHILD = """
import sys, time
from pathlib import Path
from tests.crash.test_direct import added, opened
from auralarchive.clients.manifests import read_manifest
folder = Path(sys.argv[1])
payload = read_manifest((folder / "manifest").read_bytes())
client = opened(folder)
added(client, payload)
while client.poll()[0].state != "ready":
    time.sleep(0.01)
client.remove(client.poll()[0].id, with_data=True)
"""
ADDING = ("direct.source_kept", "direct.noted")
LOADING = (
    "direct.file_begun",
    "direct.bytes_written",
    "direct.bytes_written:5",
    "direct.file_synced",
    "direct.file_synced:2",
    "direct.file_named",
    "direct.file_begun:3",
    "direct.all_there",
)
REMOVING = ("direct.removal_noted", "direct.data_removed", "direct.source_forgotten")


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        running.limits["Emma"] = 2_000_000  # in pieces, so that a kill finds something to interrupt
        yield running


def opened(folder: Path) -> DownloadClient:
    settings = {"download_folder": str(folder / "downloads"), **SETTINGS}
    return DIRECT.build("Direct", settings, ClientContext(folder / "state"))


def added(client: DownloadClient, payload: Payload) -> str:
    return client.add(payload, AddOptions(TAG)).id


def killed(folder: Path, failpoint: str) -> None:
    """Live until `failpoint`, and die there."""
    child = _started(folder, failpoint)
    assert child.wait(60) == -signal.SIGKILL, f"{failpoint} was not passed"


def _started(folder: Path, failpoint: str = "") -> subprocess.Popen[bytes]:
    named = {"AURALARCHIVE_FAILPOINT": failpoint} if failpoint else {}
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder)], env={**os.environ, "PYTHONPATH": f"src{os.pathsep}.", **named}
    )


def ends_well(folder: Path, payload: Payload) -> str:
    """Added again, as the pipeline does that never heard an answer, it comes to its end; every byte is right."""
    client = opened(folder)
    try:
        item_id = added(client, payload)
        [item] = wait_for(lambda: items if (items := client.poll())[0].state is ItemState.READY else None)
        assert (item.id, item.progress) == (item_id, 1.0)
        content = Path(client.local_path(item))
        assert {path.name: path.read_bytes() for path in content.iterdir()} == BOOK
        client.remove(item_id, with_data=True)
        assert client.poll() == ()
    finally:
        client.close()
    assert not any((folder / "downloads").iterdir())
    assert not any((folder / "state").iterdir())
    return item_id


@pytest.fixture
def payload(host: FileHost, tmp_path: Path) -> Payload:
    data = host.manifest("Emma", BOOK).to_bytes()
    (tmp_path / "manifest").write_bytes(data)
    return read_manifest(data)


@pytest.mark.parametrize("failpoint", [*ADDING, *LOADING])
def test_a_kill_while_it_is_added_or_loaded(tmp_path: Path, payload: Payload, host: FileHost, failpoint: str) -> None:
    """What had a name is not loaded again, and what had come in part goes on."""
    killed(tmp_path, failpoint)
    named = [path.name for path in (tmp_path / "downloads").rglob("*.mp3")]
    before = len(host.asked)
    ends_well(tmp_path, payload)
    again = [asked for asked in host.asked[before:] if Path(asked.path).name in named]
    assert again == []


@pytest.mark.parametrize("failpoint", REMOVING)
def test_a_kill_while_it_is_removed(tmp_path: Path, payload: Payload, failpoint: str) -> None:
    """The next start finishes the removal, before anybody asks."""
    killed(tmp_path, failpoint)
    client = opened(tmp_path)
    assert client.poll() == ()
    client.close()
    assert not any((tmp_path / "downloads").iterdir())
    assert not any((tmp_path / "state").iterdir())


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(3))
def test_kills_at_moments_that_nobody_chose(tmp_path: Path, payload: Payload, host: FileHost, seed: int) -> None:
    """Ten in a row: progress is never lost for good, and the bytes are right in the end."""
    dice = random.Random(seed)
    host.limits["Emma"] = 150_000
    for _ in range(10):
        child = _started(tmp_path)
        time.sleep(dice.uniform(0.3, 1.2))
        child.kill()
        child.wait()
    host.limits.clear()
    ends_well(tmp_path, payload)


def test_every_failpoint_of_the_direct_client_is_killed_at() -> None:
    named = {
        name
        for path in SOURCES.glob("direct*.py")
        for name in re.findall(r'^\s+failpoint\("([^"]+)"\)', path.read_text("utf-8"), re.MULTILINE)
    }
    assert named == {failpoint.partition(":")[0] for failpoint in (*ADDING, *LOADING, *REMOVING)}
