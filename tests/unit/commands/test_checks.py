"""The commands `doctor` and `fsck`, as a person types them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_the_doctor_without_a_server(tmp_path: Path) -> None:
    """0 where all is well, 1 with a remedy where something is not."""
    well = run(tmp_path, "doctor", "--json", AURALARCHIVE_LIBRARY__RESERVE_BYTES="0")
    findings = json.loads(well.stdout)
    assert well.returncode == (0 if all(finding["ok"] for finding in findings) else 1)
    ill = run(tmp_path, "doctor", AURALARCHIVE_CONVERSION__FFMPEG="/nowhere/ffmpeg")
    assert ill.returncode == 1
    assert re.search(r"bad +FFmpeg: .*\n +-> ", ill.stdout)


def test_the_doctor_asks_the_running_server(server: RunningServer) -> None:
    result = server.run("doctor")
    assert "Embedded" in result.stdout
    assert result.returncode == (1 if "bad " in result.stdout else 0), result.stdout
    assert re.search(r"^ok +Embedded, Port: ", result.stdout, re.MULTILINE), "each finding under its client's name"
    assert result.stdout.count("seeding files are linked") <= 1, "what the library and the client both tell"


def test_the_doctor_names_the_client_that_does_not_answer(server: RunningServer) -> None:
    api = server.api()
    body = {"type": "qbittorrent", "name": "Upstairs", "settings": {"host": "127.0.0.1", "port": 1}}
    made = api.post("/api/clients", body)
    result = server.run("doctor")
    api.delete(f"/api/clients/{made['id']}")
    assert result.returncode == 1
    assert re.search(r"^bad +Upstairs: qBittorrent cannot be reached.*\n +-> Start it", result.stdout, re.MULTILINE)
    assert "connection:" not in result.stdout


def test_fsck_of_a_clean_and_of_a_tampered_instance(tmp_path: Path) -> None:
    clean = run(tmp_path, "fsck")
    assert (clean.returncode, clean.stdout) == (0, "All invariants hold.\n")
    (tmp_path / "data" / "work" / f"7-{'0' * 16}").mkdir()
    told = run(tmp_path, "fsck", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["violations"] == [f"work folders: work folder 7-{'0' * 16} is needed by no download"]


def test_fsck_beside_a_server_is_refused(server: RunningServer) -> None:
    result = server.run("fsck")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
