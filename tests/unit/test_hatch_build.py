"""The pages are built by real npm runs, but of a project so small that each takes a second."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hatch_build import Frontend, NodeMissing, find_node
from tests.support.processes import missing

ROOT = Path(__file__).parents[2]
_BUILD = """
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
mkdirSync(process.env.AURALARCHIVE_STATIC_DIR);
writeFileSync(`${process.env.AURALARCHIVE_STATIC_DIR}/index.html`, readFileSync("index.html"));
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout whose pages are one file."""
    try:
        find_node()
    except NodeMissing:
        missing("Node", "script/test installs it")
    for name in ("README.md", "LICENSE", "pyproject.toml", "hatch_build.py"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "src" / "auralarchive" / "web").mkdir(parents=True)
    (tmp_path / "src" / "auralarchive" / "__init__.py").touch()
    frontend = tmp_path / "frontend"
    frontend.mkdir()
    package = {"name": "pages", "version": "0.0.0", "type": "module"}
    (frontend / "package.json").write_text(json.dumps({**package, "scripts": {"build": "node build.js"}}))
    lock = {"name": "pages", "version": "0.0.0", "lockfileVersion": 3, "packages": {"": package}}
    (frontend / "package-lock.json").write_text(json.dumps(lock))
    (frontend / "build.js").write_text(_BUILD)
    (frontend / "index.html").write_text("first")
    return tmp_path


def test_pages_are_built_once_and_again_after_a_change(project: Path) -> None:
    """The second start of the server must not wait for a build, and a change must not be missed."""
    frontend = Frontend(project)
    assert not frontend.is_fresh()
    frontend.build()
    assert frontend.is_fresh()
    assert (frontend.built / "index.html").read_text() == "first"

    (project / "frontend" / "index.html").write_text("second")
    assert not frontend.is_fresh()
    frontend.build()
    assert (frontend.built / "index.html").read_text() == "second"


def test_a_build_that_fails_leaves_the_old_pages(project: Path) -> None:
    """Pages of yesterday are better than none."""
    frontend = Frontend(project)
    frontend.build()
    (project / "frontend" / "build.js").write_text("process.exit(1)")
    with pytest.raises(subprocess.CalledProcessError):
        frontend.build()
    assert (frontend.built / "index.html").read_text() == "first"


def test_a_wheel_holds_the_pages(project: Path) -> None:
    """Who installs the package has no npm."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=project, check=True, capture_output=True
    )
    (wheel,) = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        assert "auralarchive/web/static/index.html" in content.namelist()
        assert not [name for name in content.namelist() if "frontend" in name or "node_modules" in name]
