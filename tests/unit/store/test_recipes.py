"""Details of recipes; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.store import SqlStore
from tests.contract.store.support import enqueue


def test_each_download_has_its_own(store: SqlStore) -> None:
    """One book's recipe is never another's."""
    first, second = enqueue(store), enqueue(store)
    store.recipes.save(first.id, {"mode": "encode"})
    assert (store.recipes.get(first.id), store.recipes.get(second.id)) == ({"mode": "encode"}, None)
