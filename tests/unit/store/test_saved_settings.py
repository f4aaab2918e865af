"""Details of saved settings; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.store import SqlStore


def test_saving_nothing_is_nothing(store: SqlStore) -> None:
    """An empty form makes no section."""
    store.settings.save("library", {})
    assert store.settings.all() == {}
