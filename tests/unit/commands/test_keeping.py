"""The commands `backup`, `restore` and `import-config`, as a person types them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_import_config_takes_what_we_know(tmp_path: Path) -> None:
    old = tmp_path / "config.txt"
    old.write_text("[qbittorrent]\nqb_host = box.lan\nqb_password = CANARY\n[other]\nkey = 1\n")
    result = run(tmp_path, "import-config", str(old))
    assert result.returncode == 0
    assert "taken qbittorrent.qb_host" in result.stdout
    assert "left  other.key" in result.stdout
    assert "CANARY" not in result.stdout + result.stderr
    with sqlite3.connect(tmp_path / "data" / "auralarchive.db") as database:
        assert "CANARY" not in str(list(database.iterdump()))


@pytest.mark.timeout(300)  # eleven starts of the program
def test_a_backup_beside_the_server_and_its_way_back(server: RunningServer, tmp_path: Path) -> None:
    """Made while it runs, refused over its data, restored elsewhere; each step in words."""
    api = server.api()
    waiting = api.download(download_url=f"magnet:?xt=urn:btih:{9:040x}", title="Persuasion", author="Jane Austen")
    api.wait_for_status(waiting, "DOWNLOADING")
    api.post(f"/api/downloads/queue/{waiting}/pause")
    (tmp_path / "words").write_text("a long sentence is easy\n")
    words = ("--passphrase-file", str(tmp_path / "words"))
    made = server.run("backup", str(tmp_path / "b.zip"), *words)
    assert (made.returncode, "sealed in it" in made.stdout) == (0, True), made.stdout + made.stderr
    again = server.run("backup", str(tmp_path / "b.zip"))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert "left out" in server.run("backup", str(tmp_path)).stdout
    assert len(list(tmp_path.glob("auralarchive-*.zip"))) == 1
    busy = server.run("restore", str(tmp_path / "b.zip"))
    assert (busy.returncode, "Stop it first" in busy.stderr) == (1, True)
    back = run(tmp_path / "new", "restore", str(tmp_path / "b.zip"), *words)
    assert (back.returncode, "restored" in back.stdout) == (0, True), back.stdout + back.stderr
    assert run(tmp_path / "new", "fsck").returncode == 0
    without = run(tmp_path / "other", "restore", str(tmp_path / "b.zip"))
    assert "have to be entered anew" in without.stdout
    (tmp_path / "words").write_text("something else")
    wrong = run(tmp_path / "third", "restore", str(tmp_path / "b.zip"), *words)
    assert (wrong.returncode, "does not open" in wrong.stderr) == (1, True)
    assert not list((tmp_path / "third").rglob("*.db"))
    nothing = run(tmp_path / "fourth", "backup", str(tmp_path / "none.zip"))
    assert (nothing.returncode, "no database" in nothing.stderr) == (1, True)
