"""Pages that the code itself can tell are what the code tells today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auralarchive.domain.failures import FailureKind
from script.reference_pages import PAGES, REFERENCE, failures_page


@pytest.mark.parametrize(("name", "render"), PAGES.items())
def test_the_page_is_of_today(name: str, render: Callable[[], str]) -> None:
    """Every setting, option, and step of a download is named, with its present default and cause."""
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == render(), "run .venv/bin/python script/reference_pages.py"


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_failure_has_its_line(kind: FailureKind) -> None:
    """A code that is shown can be looked up, with what to do."""
    (line,) = [line for line in failures_page().splitlines() if line.startswith(f"| `{kind}` |")]
    assert all(cell.strip() for cell in line.split("|")[2:4])
