"""Details of the queue; the contract is in tests/contract/store/test_downloads.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from auralarchive.domain.events import SearchStarted
from auralarchive.domain.lifecycle import IllegalTransition, apply
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.store import NewDownload
from auralarchive.store import SecretBox, SqlStore, open_store
from auralarchive.store.database import Database
from tests.contract.store.support import HeldClock, a_book, chosen, enqueue, to_downloading


def test_an_illegal_beginning_leaves_nothing(store: SqlStore) -> None:
    """Events that cannot follow one another create no row."""
    with pytest.raises(IllegalTransition):
        store.downloads.create(NewDownload(a_book(), manual=True), chosen(), *to_downloading())
    assert (store.downloads.last_seq(), store.downloads.page().total) == (0, 0)


def test_a_payload_that_cannot_be_kept_undoes_the_row(store: SqlStore, database: Database) -> None:
    """Row, log and payload are one transaction; an error that is no conflict stays what it is."""
    with database.write() as connection:
        connection.execute(text("CREATE TRIGGER no BEFORE INSERT ON payloads BEGIN SELECT RAISE(ABORT, 'no'); END"))
    payload = Payload(DownloadType.TORRENT, "n", data=b"x")
    with pytest.raises(IntegrityError):
        store.downloads.create(NewDownload(a_book(), manual=True), payload=payload)
    assert (store.downloads.last_seq(), store.downloads.page().total) == (0, 0)


def test_workers_get_a_hundred_at_most(store: SqlStore) -> None:
    """A long queue is handed out in parts."""
    for _ in range(103):
        enqueue(store)
    assert len(store.downloads.claimable(enqueue(store).created_at)) == 100


def test_what_is_claimed_is_abandoned_only_where_nobody_else_can_be_at_work(store: SqlStore, tmp_path: Path) -> None:
    """The folder's lock says that whoever claimed it before is dead; without the lock nothing is concluded."""
    download = enqueue(store)
    claim = SearchStarted("token", download.created_at)
    store.downloads.commit(download, apply(download, claim, download.created_at), claim)
    assert [row.id for row in store.downloads.abandoned()] == [download.id]
    url = f"sqlite:///{tmp_path / 'unit.sqlite3'}"
    beside = open_store(url, secret_box=SecretBox.generate(), clock=HeldClock(), sole_instance=False)
    assert beside.downloads.abandoned() == ()
    beside.close()
