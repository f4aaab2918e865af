"""The launcher binds itself before it becomes another program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auralarchive.audio import launch

LIMITS = [str(2**32), "60", str(2**20), "64", "--"]


def _launch(parent: int, *command: str, nice: int = 0) -> subprocess.CompletedProcess[bytes]:
    start = [sys.executable, "-I", "-S", str(Path(launch.__file__)), str(parent), str(nice), *LIMITS]
    return subprocess.run([*start, *command], capture_output=True, check=False)


def test_it_becomes_the_command_with_its_limits(tmp_path: Path) -> None:
    done = _launch(os.getpid(), "/bin/sh", "-c", "ulimit -n; ulimit -c; echo $1", "x", "a b")
    assert done.stdout.split(b"\n")[:3] == [b"64", b"0", b"a b"]


def test_a_file_beyond_the_limit_ends_it(tmp_path: Path) -> None:
    done = _launch(os.getpid(), "/bin/sh", "-c", f"head -c 3000000 /dev/zero > {tmp_path}/big")
    assert done.returncode != 0
    assert (tmp_path / "big").stat().st_size <= 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_it_ends_at_once_where_its_parent_is_already_gone() -> None:
    assert _launch(os.getpid() + 100_000, "/bin/echo", "never").stdout == b""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("ionice"), reason="ionice tells it")
@pytest.mark.parametrize(("nice", "told"), [(10, "best-effort: prio 7"), (0, "none: prio 0")])
def test_at_a_low_priority_the_disk_comes_last_too(nice: int, told: str) -> None:
    done = _launch(os.getpid(), "/bin/sh", "-c", "nice; ionice", nice=nice)
    assert done.stdout.decode().splitlines() == [str(min(19, os.nice(0) + nice)), told]
