"""The shape of the tree: a source file without a test of its own name has no place where its promise is kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "auralarchive"

# Ports are Protocols and their data, proved by the contract suites; migrations by the tests of the whole ladder.
_PROVED_ELSEWHERE = ("ports/", "store/migrations/", "web/static/")


def _sources() -> list[str]:
    names = (path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    return sorted(name for name in names if not name.endswith("__.py") and not name.startswith(_PROVED_ELSEWHERE))


def test_every_source_file_has_its_test_file() -> None:
    """src/auralarchive/X/y.py is tested by tests/unit/X/test_y.py; `import_.py` by `test_import.py` also."""
    without = []
    for name in _sources():
        source = Path(name)
        tests = {ROOT / "tests" / "unit" / source.parent / f"test_{stem}.py" for stem in _stems(source.stem)}
        if not any(test.is_file() for test in tests):
            without.append(name)
    assert not without, f"no test file for: {', '.join(without)}"


def _stems(stem: str) -> set[str]:
    return {stem, stem.rstrip("_")}


def test_every_test_file_has_its_source_file() -> None:
    """A test that outlived its source proves nothing, and a misspelt one is looked for in vain."""
    known = {(Path(name).parent, stem) for name in _sources() for stem in _stems(Path(name).stem)}
    unit = ROOT / "tests" / "unit"
    mirrored = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"ports"}
    tests = (path.relative_to(unit) for path in unit.rglob("test_*.py"))
    stray = [str(t) for t in tests if t.parts[0] in mirrored and (t.parent, t.stem.removeprefix("test_")) not in known]
    assert not stray, f"tests of nothing: {', '.join(sorted(stray))}"


SCRIPTS = sorted(path for path in (ROOT / "script").iterdir() if path.is_file())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_starts_on_any_machine(script: Path) -> None:
    """Shell scripts know nothing but POSIX; what is more than a few lines is Python."""
    first = script.read_text(encoding="utf-8").splitlines()[0]
    if "python" not in first:
        assert first == "#!/bin/sh" or script.suffix == ".sh"
        subprocess.run(["sh", "-n", script], check=True)
