"""The command `auralarchive` as a person types it, in a process of its own and with settings of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.server import NOT_INHERITED, PROGRAM


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Ours without the settings of whoever runs the tests; data in `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(NOT_INHERITED)}
    ours = {"AURALARCHIVE_DATA_DIR": str(folder / "data"), "AURALARCHIVE_EMBEDDED__LOOPBACK": "true"}
    ours["AURALARCHIVE_FREE_BOOKS__ENABLED"] = "false"
    return {**kept, **ours, "AURALARCHIVE_EMBEDDED__LISTEN_PORT": "0", "COLUMNS": "200", "TERM": "dumb", **more}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end. A traceback is never an answer."""
    result = subprocess.run(
        [PROGRAM, *arguments], env=environment(folder, **more), capture_output=True, text=True, timeout=100, check=False
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result
