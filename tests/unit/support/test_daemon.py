"""Real servers of the tests: one that dies says so, with its last words, where the test only sees that it is silent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.processes import wait_for

ROOT = Path(__file__).parents[3]


class Mortal(Daemon):
    """Lives until somebody writes its will, and dies with its last words."""

    product = "Mortal"
    logs = ("*.diary",)

    def prepare(self) -> None:
        (self.folder / "own.diary").write_text("dear diary\n")

    def command(self) -> tuple[str, ...]:
        return ("sh", "-c", "touch here; until [ -e will ]; do sleep 0.02; done; echo farewell >&2; exit 7")

    def answers(self) -> bool:
        return (self.folder / "here").exists()

    def die(self) -> None:
        (self.folder / "will").touch()
        wait_for(self.obituary)


def test_one_that_died_by_itself_is_told_of_and_one_that_we_ended_is_not(tmp_path: Path) -> None:
    """Its exit code and what it wrote last; told once more when it is stopped, and then no more."""
    with Mortal(tmp_path, ()) as server:
        assert server.obituary() is None
        server.die()
        (told,) = (each for each in Daemon.obituaries() if "Mortal" in each)
        for part in ("with 7", "farewell", "dear diary", "own.diary"):
            assert part in told
        (tmp_path / "will").unlink()
        server.restart()
        assert told in Daemon.obituaries()
        server.kill()
    assert not Daemon.obituaries()


_FAILING = """
from pathlib import Path
from tests.unit.support.test_daemon import Mortal

def test_that_fails(tmp_path: Path) -> None:
    with Mortal(tmp_path, ()) as server:
        server.die()
        raise AssertionError("it does not answer")
"""


def test_a_failing_test_tells_which_server_died(tmp_path: Path) -> None:
    """The report of a run has it, whoever reads only that."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "test_it.py").write_text(_FAILING)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "test_that_fails: a server died" in done.stdout
    assert "with 7" in done.stdout
    assert "farewell" in done.stdout
