"""Places to die at: nothing where nobody asked, kill -9 at the passage that was named."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = (
    "from auralarchive.failpoints import failpoint\nfor _ in range(3): failpoint('here'); print('passed', flush=True)"
)


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_unset_it_does_nothing(tmp_path: Path) -> None:
    log = tmp_path / "passages"
    result = run(AURALARCHIVE_FAILPOINT="elsewhere", AURALARCHIVE_FAILPOINT_LOG=str(log))
    assert (result.returncode, result.stdout) == (0, "passed\n" * 3)
    assert log.read_text() == "here\n" * 3


def test_it_kills_at_the_passage_that_was_named() -> None:
    assert run(AURALARCHIVE_FAILPOINT="here").returncode == -signal.SIGKILL
    third = run(AURALARCHIVE_FAILPOINT="here:3")
    assert (third.returncode, third.stdout) == (-signal.SIGKILL, "passed\n" * 2)
