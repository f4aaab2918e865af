"""Opening and closing; what the parts do is in tests/contract/store."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.ports.store import Store
from auralarchive.store import DatabaseBusy, SecretBox, SqlStore, open_store
from tests.contract.store.support import HeldClock


def test_is_the_store_that_others_expect(store: SqlStore) -> None:
    """It conforms to the port, all aggregates included: the type checker reads this line."""
    expected: Store = store
    assert expected.integrity() == ()


def test_a_second_opening_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    """Two instances never share a data folder by accident."""
    url, box = f"sqlite:///{tmp_path / 'a.sqlite3'}", SecretBox.generate()
    first = open_store(url, secret_box=box, clock=HeldClock())
    with pytest.raises(DatabaseBusy, match="--data-dir"):
        open_store(url, secret_box=box, clock=HeldClock())
    first.close()
    open_store(url, secret_box=box, clock=HeldClock()).close()


def test_closing_folds_the_log_in(tmp_path: Path) -> None:
    """After a clean stop the one file is the whole database: copying it is a backup."""
    open_store(f"sqlite:///{tmp_path / 'a.sqlite3'}", secret_box=SecretBox.generate(), clock=HeldClock()).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sqlite3", "auralarchive.lock"]
