"""Places in the log, kept for readers that must miss nothing."""

from __future__ import annotations

from auralarchive.store import SqlStore


def test_a_place_is_kept_moved_and_forgotten(store: SqlStore) -> None:
    """Each reader has its own."""
    cursors = store.cursors
    assert (cursors.get("notifier:1"), cursors.names()) == (None, frozenset())
    cursors.save("notifier:1", 5)
    cursors.save("notifier:2", 9)
    cursors.save("notifier:1", 7)
    assert (cursors.get("notifier:1"), cursors.get("notifier:2")) == (7, 9)
    cursors.forget("notifier:1")
    cursors.forget("notifier:1")
    assert cursors.names() == {"notifier:2"}
