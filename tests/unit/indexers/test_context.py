"""What indexers are given."""

from __future__ import annotations

from auralarchive.indexers.context import IndexerContext
from auralarchive.net.http import GuardedClient
from tests.support.indexing import HeldClock


def test_release_ids_are_opaque() -> None:
    """Ids of releases cannot be guessed or counted."""
    context = IndexerContext(GuardedClient(), HeldClock())
    first, second = context.new_id(), context.new_id()
    assert first != second
    assert len(first) >= 16
