"""Details of accounts; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from auralarchive.store import SqlStore
from auralarchive.store.database import Database
from tests.contract.store.support import NOON


def test_expired_sessions_are_swept_out(store: SqlStore, database: Database) -> None:
    """The table does not grow for ever: each sign-in removes what has expired."""
    ada = store.accounts.create("ada", "hash", NOON)
    for day in range(3):
        now = NOON + timedelta(days=day)
        store.accounts.open_session(ada.id, f"token-{day}", now, now + timedelta(hours=1))
    with database.read() as connection:
        assert connection.scalars(text("SELECT token_hash FROM sessions")).all() == ["token-2"]
