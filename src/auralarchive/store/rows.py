"""Between the record and its row, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from auralarchive.domain.book import Book
from auralarchive.domain.download import Attempts, Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.lifecycle import acquisition_of, public_status
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType, Removal, SeedingStatus

#: A row as the library gives it, or copied out of it.
Row = RowMapping | Mapping[str, Any]

#: Fields of the record that are columns under the same name, as they stand.
_PLAIN = (
    "version",
    "created_at",
    "manual",
    "priority",
    "reason",
    "retry_at",
    "paused_in_client",
    "claim_token",
    "lease_until",
    "release_id",
    "release_title",
    "indexer",
    "download_url",
    "file_format",
    "file_size",
    "quality_score",
    "match_score",
    "info_hash_v1",
    "info_hash_v2",
    "download_client",
    "download_client_id",
    "adopted",
    "download_limit",
    "upload_limit",
    "sequential",
    "chosen_client",
    "client_why",
    "limited",
    "fetched",
    "start_at",
    "temp_file_path",
    "converted_file_path",
    "final_file_path",
    "started_at",
    "completed_at",
)
_BOOK = (
    "asin",
    "title",
    "author",
    "narrator",
    "series",
    "series_part",
    "year",
    "language",
    "publisher",
    "description",
)


def to_row(download: Download) -> dict[str, Any]:
    """Every column of `download_queue` but the id."""
    return {
        **{name: getattr(download, name) for name in _PLAIN},
        **{f"book_{name}": getattr(download.book, name) for name in _BOOK},
        "status": status_of(download).value,
        "seeding": download.seeding.value,
        "removal": download.removal.value,
        "failure_kind": _value(download.failure_kind),
        "paused_from": _value(download.paused_from),
        "download_type": download.download_type.value,
        "download_progress": min(100.0, max(0.0, download.progress)),
        "search_attempts": download.attempts.search,
        "download_attempts": download.attempts.download,
        "conversion_attempts": download.attempts.conversion,
        "import_attempts": download.attempts.import_,
        "surroundings_failures": download.attempts.surroundings,
        "seed_ratio_goal": download.seed_goal.ratio,
        "seed_seconds_goal": download.seed_goal.seconds,
        "sort_title": folded(download.book.title),
        "search_text": searched(download),
        "categories": list(download.categories),
        "tags": list(download.tags),
    }


def changed(before: Download, after: Download) -> dict[str, Any]:
    """The columns that differ. What the holder of `before` did not touch, such as a lease that was
    extended meanwhile, is left as it is in the database."""
    old, new = to_row(before), to_row(after)
    return {name: value for name, value in new.items() if old[name] != value}


def from_row(row: Row) -> Download:
    """The record. `live_progress`, from the narrow table, goes before the row's own where there is one."""
    live = row["live_progress"]
    return Download(
        id=row["id"],
        book=Book(**{name: row[f"book_{name}"] for name in _BOOK}),
        acquisition=acquisition_of(DownloadStatus[row["status"]]),
        seeding=SeedingStatus(row["seeding"]),
        removal=Removal(row["removal"]),
        failure_kind=FailureKind(row["failure_kind"]) if row["failure_kind"] else None,
        paused_from=DownloadStatus[row["paused_from"]] if row["paused_from"] else None,
        download_type=DownloadType(row["download_type"]),
        progress=row["download_progress"] if live is None else live,
        attempts=Attempts(
            search=row["search_attempts"],
            download=row["download_attempts"],
            conversion=row["conversion_attempts"],
            import_=row["import_attempts"],
            surroundings=row["surroundings_failures"],
        ),
        seed_goal=SeedGoal(row["seed_ratio_goal"], row["seed_seconds_goal"]),
        categories=tuple(row["categories"]),
        tags=tuple(row["tags"]),
        **{name: row[name] for name in _PLAIN},
    )


def status_of(download: Download) -> DownloadStatus:
    """The public status: the column `status`."""
    return public_status(download.acquisition, download.seeding)


def folded(text: str) -> str:
    """`text` for comparing without regard to letter case, in every script."""
    return text.casefold()


def searched(download: Download) -> str:
    """What the list's text filter looks through: one line each, so that no match spans two."""
    return folded("\n".join((download.book.title, download.book.author, download.release_title or "")))


def _value(member: DownloadStatus | FailureKind | None) -> str | None:
    return None if member is None else member.value
