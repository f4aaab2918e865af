"""Details of search results; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from sqlalchemy import text

from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.store import SecretBox, SqlStore
from auralarchive.store.database import Database
from auralarchive.store.releases import SqlReleases
from tests.contract.store.support import NOON


def test_the_query_is_kept_with_them(store: SqlStore, database: Database) -> None:
    """What was asked for stays readable beside what was found."""
    release = Release("id", "t", "i", DownloadType.HTTP, "http://x", ParsedTitle("t"))
    store.releases.save(SearchQuery(title="T", author="A"), [release], NOON)
    with database.read() as connection:
        assert connection.scalar(text("SELECT query FROM releases")) == "T A"
    assert store.releases.get("id") == release


def test_results_of_another_key_are_forgotten(store: SqlStore, database: Database) -> None:
    """A new search finds them again: nobody has to look for a key file for their sake."""
    release = Release("id", "t", "i", DownloadType.HTTP, "http://x", ParsedTitle("t"))
    store.releases.save(SearchQuery(title="T"), [release], NOON)
    assert SqlReleases(database, SecretBox.generate()).get("id") is None
