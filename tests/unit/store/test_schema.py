"""What the tables themselves forbid, whoever writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from auralarchive.domain.status import DownloadStatus
from auralarchive.store import SqlStore, schema
from auralarchive.store.database import Database
from tests.contract.store.support import a_hash, chosen, enqueue, to_imported


@pytest.mark.parametrize(
    "change",
    [
        "status = 'queued'",
        "status = NULL",
        "seeding = 'YES'",
        "removal = ''",
        "download_type = 'ftp'",
        "download_progress = 101",
        "book_title = NULL",
    ],
)
def test_nonsense_cannot_be_stored(store: SqlStore, database: Database, change: str) -> None:
    """A status that does not exist is refused by the database itself."""
    enqueue(store)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(text(f"UPDATE download_queue SET {change}"))


def test_two_active_rows_of_one_book_cannot_be(store: SqlStore, database: Database) -> None:
    """The rule holds against every writer, for book and torrent."""
    v1 = a_hash()
    enqueue(store, *to_imported(seeds=True, v1=v1))
    second, third = enqueue(store, chosen(v1=a_hash())), enqueue(store)
    for change in (f"info_hash_v1 = '{v1}'", f"book_asin = '{third.book.asin}'"):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text(f"UPDATE download_queue SET {change} WHERE id = {second.id}"))


def test_the_table_tells_the_story() -> None:
    """The columns that people and scripts ask for have their agreed names, the chief ones first."""
    names = [column.name for column in schema.download_queue.c]
    assert names[:6] == ["id", "version", "status", "book_asin", "book_title", "book_author"]
    agreed = "download_url download_client download_client_id download_type download_progress quality_score match_score"
    agreed += (
        " file_format file_size indexer started_at completed_at temp_file_path converted_file_path final_file_path"
    )
    assert set(agreed.split()) <= set(names)


def test_partial_indexes_name_every_status_that_they_mean() -> None:
    """Their conditions are made from the lifecycle, so a new status cannot be forgotten here."""
    condition = str(schema.HOLDS_TORRENT)
    named = {status for status in DownloadStatus if f"'{status.value}'" in condition}
    assert named >= {DownloadStatus.QUEUED, DownloadStatus.DOWNLOADING, DownloadStatus.SEEDING}
    assert not any(status.terminal or status.failed for status in named)


def test_the_documentation_names_every_column_and_table() -> None:
    """Who writes a query finds each name explained."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "database.md").read_text(encoding="utf-8")
    assert [column.name for column in schema.download_queue.c if f"| `{column.name}` |" not in page] == []
    assert [name for name in schema.metadata.tables if name not in page] == []
