"""Refreshes frontend/openapi.json and the types made from it: `script/api-types`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tests.browser.conftest import ROOT
from tests.support.server import API_KEY, RunningServer


def main() -> None:
    """Ask a server that runs for just that long."""
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder)) as server:
        environment = {**os.environ, "AURALARCHIVE_URL": server.url, "AURALARCHIVE_API_KEY": API_KEY}
        subprocess.run([ROOT / "script" / "npm", "run", "api"], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
