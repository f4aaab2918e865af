"""Every table of the database, in one file. The first migration makes the same, and a test compares.

What must hold is enforced here, not in the code above: one active download a book, one a torrent,
statuses that exist, events that belong to a download.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    TextClause,
    UniqueConstraint,
    false,
    text,
    true,
)

from auralarchive.domain.lifecycle import ACTIVE_STATUSES
from auralarchive.domain.status import DownloadStatus, DownloadType, Owner, Removal, SeedingStatus
from auralarchive.store.columns import CleanJson, CleanText, SortText, Utc, Whole

S = DownloadStatus


def _listed(values: Iterable[StrEnum]) -> str:
    """The values as SQL literals: conditions of partial indexes cannot hold parameters."""
    return ", ".join(f"'{value.value}'" for value in sorted(values))


#: Conditions that queries share with the partial indexes below. Both databases use such an index
#: only where the query says the very same, so they are written once, as SQL.
IS_ACTIVE = text(f"status IN ({_listed(ACTIVE_STATUSES)})")
HOLDS_TORRENT = text(f"status IN ({_listed(ACTIVE_STATUSES | {S.SEEDING})})")
IS_WORK = text(f"(status IN ({_listed(s for s in S if s.owner is Owner.WORKER)}) OR removal = 'WANTED')")
IS_CLAIMED = text("claim_token IS NOT NULL")
HAS_RETRY = text("retry_at IS NOT NULL")
IS_WATCHED = text(
    "(status = 'DOWNLOADING' OR (status = 'PAUSED' AND download_client_id IS NOT NULL)"
    " OR seeding = 'SEEDING' OR (seeding = 'SEEDED' AND removal = 'NONE'))"
)

#: The newest migration: what a database is at when its tables are these. A test holds it to `migrations/`.
REVISION = "0003"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_listed(values)})", name=column)


def _where(name: str, *columns: str | TextClause, condition: TextClause, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


download_queue = Table(
    "download_queue",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("version", Whole, nullable=False),
    Column("status", SortText, nullable=False),
    Column("book_asin", CleanText, nullable=False),
    Column("book_title", CleanText, nullable=False),
    Column("book_author", CleanText, nullable=False),
    Column("download_progress", Float, nullable=False),
    Column("reason", CleanText),
    Column("download_url", CleanText),
    Column("download_client", CleanText),
    Column("download_client_id", CleanText),
    Column("adopted", Boolean, nullable=False),
    Column("download_type", CleanText, nullable=False),
    Column("quality_score", Float),
    Column("match_score", Float),
    Column("file_format", CleanText),
    Column("file_size", Whole),
    Column("indexer", CleanText),
    Column("created_at", Utc, nullable=False),
    Column("started_at", Utc),
    Column("completed_at", Utc),
    Column("temp_file_path", CleanText),
    Column("converted_file_path", CleanText),
    Column("final_file_path", CleanText),
    Column("seeding", CleanText, nullable=False),
    Column("removal", CleanText, nullable=False),
    Column("priority", Whole, nullable=False),
    Column("manual", Boolean, nullable=False),
    Column("failure_kind", CleanText),
    Column("search_attempts", Whole, nullable=False),
    Column("download_attempts", Whole, nullable=False),
    Column("conversion_attempts", Whole, nullable=False),
    Column("import_attempts", Whole, nullable=False),
    Column("surroundings_failures", Whole, nullable=False),
    Column("retry_at", Utc),
    Column("paused_from", CleanText),
    Column("paused_in_client", Boolean, nullable=False),
    Column("claim_token", CleanText),
    Column("lease_until", Utc),
    Column("release_id", CleanText),
    Column("release_title", CleanText),
    Column("info_hash_v1", CleanText),
    Column("info_hash_v2", CleanText),
    Column("seed_ratio_goal", Float),
    Column("seed_seconds_goal", Whole),
    Column("download_limit", Whole),
    Column("upload_limit", Whole),
    Column("sequential", Boolean, nullable=False),
    Column("chosen_client", CleanText),
    Column("client_why", CleanText),
    Column("limited", Boolean, nullable=False, server_default=false()),
    Column("categories", CleanJson, nullable=False, server_default="[]"),
    Column("tags", CleanJson, nullable=False, server_default="[]"),
    Column("fetched", Boolean, nullable=False, server_default=false()),
    Column("start_at", Utc),
    Column("book_narrator", CleanText),
    Column("book_series", CleanText),
    Column("book_series_part", CleanText),
    Column("book_year", Whole),
    Column("book_language", CleanText),
    Column("book_publisher", CleanText),
    Column("book_description", CleanText),
    Column("sort_title", SortText, nullable=False),
    Column("search_text", CleanText, nullable=False),
    _one_of("status", DownloadStatus),
    _one_of("seeding", SeedingStatus),
    _one_of("removal", Removal),
    _one_of("download_type", DownloadType),
    CheckConstraint("download_progress >= 0 AND download_progress <= 100", name="progress"),
    _where("uq_download_queue_active_book", "book_asin", condition=IS_ACTIVE, unique=True),
    _where("uq_download_queue_active_hash_v1", "info_hash_v1", condition=HOLDS_TORRENT, unique=True),
    _where("uq_download_queue_active_hash_v2", "info_hash_v2", condition=HOLDS_TORRENT, unique=True),
    _where("ix_download_queue_work", text("priority DESC"), "id", condition=IS_WORK),
    _where("ix_download_queue_claimed", "id", condition=IS_CLAIMED),
    _where("ix_download_queue_retry", "retry_at", condition=HAS_RETRY),
    _where("ix_download_queue_watched", "id", condition=IS_WATCHED),
    Index("ix_download_queue_status", "status", "id"),
    Index("ix_download_queue_priority", "priority", "id"),
    Index("ix_download_queue_title", "sort_title", "id"),
    Index("ix_download_queue_progress", "download_progress", "id"),
    Index("ix_download_queue_status_priority", "status", "priority", "id"),
    Index("ix_download_queue_status_title", "status", "sort_title", "id"),
    sqlite_autoincrement=True,  # an id is never given twice: events and folders bear it
)


def _download_id(*, key: bool = False, unique: bool = False) -> Column[int]:
    column: Column[int] = Column(
        "download_id", Whole, ForeignKey("download_queue.id"), primary_key=key, unique=unique, nullable=False
    )
    return column


#: The audit trail, the outbox of the engine and the live feed. Rows are only ever added.
download_events = Table(
    "download_events",
    metadata,
    Column("seq", Whole, primary_key=True, autoincrement=False),
    _download_id(),
    Column("version", Whole, nullable=False),
    Column("event", CleanText, nullable=False),
    Column("old_status", CleanText),
    Column("new_status", CleanText, nullable=False),
    Column("reason", CleanText),
    Column("at", Utc, nullable=False),
    Column("data", CleanJson, nullable=False),
    UniqueConstraint("download_id", "version"),
)

#: Live progress: narrow, because it is written often; the wide row takes it over with its next event.
download_progress = Table(
    "download_progress",
    metadata,
    _download_id(key=True),
    Column("progress", Float, nullable=False),
)

payloads = Table(
    "payloads",
    metadata,
    _download_id(key=True),
    Column("download_type", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("data", LargeBinary),
    Column("magnet", CleanText),
    Column("info_hash_v1", CleanText),
    Column("info_hash_v2", CleanText),
    Column("size", Whole),
    _one_of("download_type", DownloadType),
)

releases = Table(
    "releases",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("query", CleanText, nullable=False),
    Column("sealed", CleanText, nullable=False),  # the release as JSON, encrypted: its address may hold a key
    Column("saved_at", Utc, nullable=False),
    Index("ix_releases_saved_at", "saved_at"),
)

adapters = Table(
    "adapters",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("kind", CleanText, nullable=False),
    Column("type", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("priority", Whole, nullable=False),
    Column("settings", CleanJson, nullable=False),
    Column("sealed_settings", CleanText),  # the secret ones as JSON, encrypted
    Column("rule", CleanJson, nullable=False, server_default="{}"),  # which downloads a client is for
    Column("steered", Boolean, nullable=False, server_default=true()),  # whether its general limits are ours to set
    CheckConstraint("kind IN ('client', 'indexer', 'notifier')", name="kind"),
    UniqueConstraint("kind", "name"),
    sqlite_autoincrement=True,
)

books = Table(
    "books",
    metadata,
    Column("id", Whole, primary_key=True),
    _download_id(unique=True),
    Column("asin", CleanText, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("author", CleanText, nullable=False),
    Column("narrator", CleanText),
    Column("series", CleanText),
    Column("series_part", CleanText),
    Column("year", Whole),
    Column("language", CleanText),
    Column("publisher", CleanText),
    Column("description", CleanText),
    Column("duration_seconds", Float, nullable=False),
    Column("chapters", CleanJson, nullable=False),
    Column("added_at", Utc, nullable=False),
    Column("version", Whole, nullable=False, server_default="1"),  # grows with each write
    Index("ix_books_version", "version"),  # whether anything changed is asked before each list
    sqlite_autoincrement=True,
)

library_files = Table(
    "library_files",
    metadata,
    Column("book_id", Whole, ForeignKey("books.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Whole, primary_key=True),
    Column("path", CleanText, nullable=False),
    Column("role", CleanText, nullable=False),
    Column("size", Whole, nullable=False),
    Column("sha256", CleanText, nullable=False),
    Column("method", CleanText, nullable=False),
)

recipes = Table("recipes", metadata, _download_id(key=True), Column("recipe", CleanJson, nullable=False))

accounts = Table(
    "accounts",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("name", CleanText, nullable=False, unique=True),
    Column("password_hash", CleanText, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("role", CleanText, nullable=False, server_default="admin"),
    sqlite_autoincrement=True,
)


def _account_id(*, key: bool = False) -> Column[int]:
    column: Column[int] = Column(
        "account_id",
        Whole,
        ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=key,
        nullable=False,
        index=not key,
    )
    return column


sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", CleanText, primary_key=True),
    _account_id(),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Whole, primary_key=True),
    _account_id(),
    Column("label", CleanText, nullable=False),
    Column("key_hash", CleanText, nullable=False, unique=True),
    Column("created_at", Utc, nullable=False),
    Column("last_used_at", Utc),  # exact to the hour: a key that is used all day must not write all day
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    metadata,
    Column("section", CleanText, primary_key=True),
    Column("key", CleanText, primary_key=True),
    Column("value", CleanJson),
)

#: How far each person has listened, wherever they listened last.
playback = Table(
    "playback",
    metadata,
    _account_id(key=True),
    Column("book_id", Whole, ForeignKey("books.id", ondelete="CASCADE"), primary_key=True, nullable=False, index=True),
    Column("seconds", Float, nullable=False),
    Column("speed", Float, nullable=False),
    Column("device", CleanText, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("updated_at", Utc, nullable=False),
)

#: How far each reader of `download_events` has come that must miss nothing, whatever happens in between.
cursors = Table(
    "cursors",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("seq", Whole, nullable=False),
)
