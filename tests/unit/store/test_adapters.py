"""Details of adapters; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text

from auralarchive.ports.store import AdapterRow
from auralarchive.store import SecretBox, SqlStore, open_store
from auralarchive.store.database import Database
from tests.contract.store.support import HeldClock


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


def test_lost_secrets_stay_sealed_until_one_is_entered_anew(tmp_path: Path) -> None:
    """With another key file the adapter is there without them; with the right one it has them again."""
    url, right, wrong = f"sqlite:///{tmp_path / 'a.sqlite3'}", SecretBox.generate(), SecretBox.generate()
    keys = frozenset({"password"})

    def opened(box: SecretBox) -> SqlStore:
        return open_store(url, secret_box=box, clock=HeldClock())

    with closing(opened(right)) as store:
        row = store.adapters.add(AdapterRow(0, "client", "x", "A", True, 1, {"port": 1, "password": "old"}), keys)
    with closing(opened(wrong)) as store:
        (lost,) = store.adapters.list("client")
        assert (lost.secrets_lost, lost.settings) == (True, {"port": 1})
        saved = store.adapters.update(replace(lost, settings={"port": 2, "password": ""}), keys)
        assert saved.secrets_lost
    with closing(opened(right)) as store:
        assert store.adapters.get("client", row.id) == replace(row, settings={"port": 2, "password": "old"})
    with closing(opened(wrong)) as store:
        entered = store.adapters.update(replace(lost, settings={"port": 2, "password": "new"}), keys)
        assert (entered.secrets_lost, entered.settings["password"]) == (False, "new")
