"""What is printed is plain, whole and readable."""

from __future__ import annotations

import pytest
from rich.console import Console

from auralarchive.terminal import clock, size, tell


@pytest.mark.parametrize(
    ("count", "text"), [(None, "?"), (0, "0.0 MB"), (89_000_000, "89.0 MB"), (5 * 10**9, "5.00 GB")]
)
def test_sizes(count: int | None, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0:00:00"), (59.9, "0:00:59"), (3600, "1:00:00"), (360_001, "100:00:01")]
)
def test_clocks(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_line_is_never_broken_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """Releases are named so; Rich would swallow `[eng]` and break on `[/x]`."""
    path = "/books/[eng]/[/x]/" + "long " * 30
    tell(path, "ok  ", "green", to=Console(markup=False, highlight=False, width=20))
    assert capsys.readouterr().out == f"ok  {path}\n"
