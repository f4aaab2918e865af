"""Pages that the code itself can tell are what the code tells today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from script.reference_pages import REFERENCE, lifecycle_page, settings_page


@pytest.mark.parametrize(("name", "render"), [("settings.md", settings_page), ("lifecycle.md", lifecycle_page)])
def test_the_page_is_of_today(name: str, render: Callable[[], str]) -> None:
    """Every setting and every step of a download is named, with its present default and cause."""
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == render(), "run .venv/bin/python script/reference_pages.py"
