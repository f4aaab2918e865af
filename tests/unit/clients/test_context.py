"""What adapters are given."""

from __future__ import annotations

from pathlib import Path

from auralarchive.clients.context import ClientContext


def test_without_libraries_nothing_is_protected() -> None:
    """A worker without a library can still download."""
    assert ClientContext(Path("/state")).library_roots == ()
