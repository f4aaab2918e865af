"""`script/server`: the one command that sets up what is missing and starts the server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "script"


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_relative_folder_is_the_callers(tmp_path: Path) -> None:
    """It is set up in the checkout, but `--data-dir books` is meant from where one stands."""
    checkout, caller = tmp_path / "check out", tmp_path / "some where"
    caller.mkdir()
    for name in ("bootstrap", "frontend"):
        _program(checkout / "script" / name, 'echo "$0 in $PWD" >&2')
    _program(checkout / ".venv" / "bin" / "auralarchive", 'echo "$PWD: $*"')
    for name in ("server", "common.sh"):
        shutil.copy(SCRIPTS / name, checkout / "script" / name)
    done = subprocess.run(
        ["../check out/script/server", "--data-dir", "books"], cwd=caller, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{caller}: serve --data-dir books\n"
    assert f"script/bootstrap in {checkout}\n" in done.stderr
