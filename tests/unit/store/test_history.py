"""The history: what both databases must hold to is in tests/contract/store/test_history.py."""

from __future__ import annotations

from sqlalchemy import text

from auralarchive.ports.store import HistoryFilter
from auralarchive.store import SqlStore
from auralarchive.store.database import Database
from auralarchive.store.history import MOST_ROWS
from tests.contract.store.support import enqueue


def test_no_page_is_endless(store: SqlStore) -> None:
    """Whoever asks for more gets a page, and the way to the next."""
    for _ in range(MOST_ROWS + 1):
        enqueue(store)
    page = store.history.page(HistoryFilter(), limit=10_000)
    assert (len(page.items), page.total, page.cursor) == (MOST_ROWS, MOST_ROWS + 1, 2)


def test_a_page_far_down_reads_no_more_than_the_first(store: SqlStore, database: Database) -> None:
    """The log's own key leads to it, and nothing is sorted."""
    enqueue(store)
    plan = (
        "EXPLAIN QUERY PLAN SELECT * FROM download_events JOIN download_queue ON download_queue.id = download_id "
        "WHERE seq < 5 ORDER BY seq DESC LIMIT 51"
    )
    with database.read() as connection:
        steps = [row[-1] for row in connection.execute(text(plan))]
    assert any("USING INTEGER PRIMARY KEY (rowid<?)" in one for one in steps), steps
    assert not any("TEMP B-TREE" in one for one in steps), steps
