"""Between record and row; that no field is lost is in tests/contract/store/test_downloads.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadStatus, SeedingStatus
from auralarchive.store import schema
from auralarchive.store.rows import changed, searched, to_row

DOWNLOAD = Download(
    1, 1, Book("AA-1", "Éire", "Ada"), DownloadStatus.IMPORTED, datetime(2026, 5, 1, tzinfo=UTC), release_title="R.1"
)


def test_every_column_has_a_value() -> None:
    """A column that is added to the table must be filled from the record."""
    assert set(to_row(DOWNLOAD)) == {column.name for column in schema.download_queue.c} - {"id"}


def test_the_column_is_the_public_status() -> None:
    """`SELECT status` shows what the pages show, also for a book whose torrent still seeds."""
    assert to_row(DOWNLOAD)["status"] == "IMPORTED"
    assert to_row(replace(DOWNLOAD, seeding=SeedingStatus.SEEDING))["status"] == "SEEDING"
    assert to_row(replace(DOWNLOAD, seeding=SeedingStatus.SEEDED))["status"] == "SEEDING_COMPLETE"


def test_only_what_changed_is_written() -> None:
    """A write touches the columns of its own event, and nothing that others changed meanwhile."""
    assert changed(DOWNLOAD, replace(DOWNLOAD, version=2, reason="x")) == {"version": 2, "reason": "x"}


def test_searching_knows_no_case_and_no_borders() -> None:
    """Title, author and release are on lines of their own: a word cannot match across two."""
    assert searched(DOWNLOAD) == "éire\nada\nr.1"
