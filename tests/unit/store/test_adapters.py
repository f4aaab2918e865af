"""Details of adapters; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from sqlalchemy import text

from auralarchive.ports.store import AdapterRow
from auralarchive.store import SqlStore
from auralarchive.store.database import Database


def test_only_secret_settings_are_sealed(store: SqlStore, database: Database) -> None:
    """Hosts and ports stay readable in the database, so that a person can look; without a secret nothing is sealed."""
    row = AdapterRow(0, "indexer", "torznab", "A", True, 1, {"url": "http://x", "api_key": "k"})
    store.adapters.add(row, frozenset({"api_key"}))
    with database.read() as connection:
        plain, sealed = connection.execute(text("SELECT settings, sealed_settings FROM adapters")).one()
    assert (plain, "k" in str(sealed[:1])) == ('{"url": "http://x"}', False)


def test_the_first_by_priority_is_first(store: SqlStore) -> None:
    """Priority 1 is asked before priority 2."""
    for priority in (2, 1):
        store.adapters.add(AdapterRow(0, "client", "x", f"P{priority}", True, priority, {}), frozenset())
    assert [row.name for row in store.adapters.list("client")] == ["P1", "P2"]
