"""Everything, as the first version had it. A revision is never changed once it is released."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text()
SORT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

HAS_RETRY = sa.text("retry_at IS NOT NULL")
HOLDS_TORRENT = sa.text(
    "status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'FOUND', 'IMPORTING', 'PAUSED', "
    "'QUEUED', 'SEARCHING', 'SEEDING')"
)
IS_ACTIVE = sa.text(
    "status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'FOUND', 'IMPORTING', 'PAUSED', "
    "'QUEUED', 'SEARCHING')"
)
IS_CLAIMED = sa.text("claim_token IS NOT NULL")
IS_WATCHED = sa.text(
    "(status = 'DOWNLOADING' OR (status = 'PAUSED' AND download_client_id IS NOT NULL) OR seeding = "
    "'SEEDING' OR (seeding = 'SEEDED' AND removal = 'NONE'))"
)
IS_WORK = sa.text(
    "(status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'FOUND', 'IMPORTING', 'QUEUED', 'SEARCHING') OR "
    "removal = 'WANTED')"
)
STATUS_KNOWN = (
    "status IN ('CANCELLED', 'COMPLETE', 'CONVERSION_FAILED', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', "
    "'DOWNLOAD_FAILED', 'FOUND', 'IMPORTED', 'IMPORTING', 'IMPORT_FAILED', 'PAUSED', 'QUEUED', "
    "'SEARCHING', 'SEARCH_FAILED', 'SEEDING', 'SEEDING_COMPLETE')"
)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "accounts",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "adapters",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("priority", WHOLE, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("sealed_settings", TEXT, nullable=True),
        sa.CheckConstraint("kind IN ('client', 'indexer', 'notifier')", name=op.f("ck_adapters_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapters")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_adapters_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "download_queue",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("status", SORT_TEXT, nullable=False),
        sa.Column("book_asin", TEXT, nullable=False),
        sa.Column("book_title", TEXT, nullable=False),
        sa.Column("book_author", TEXT, nullable=False),
        sa.Column("download_progress", sa.Float(), nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("download_url", TEXT, nullable=True),
        sa.Column("download_client", TEXT, nullable=True),
        sa.Column("download_client_id", TEXT, nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("download_type", TEXT, nullable=False),
        sa.Column("quality_score", sa.Float(), nullable=True),
        sa.Column("match_score", sa.Float(), nullable=True),
        sa.Column("file_format", TEXT, nullable=True),
        sa.Column("file_size", WHOLE, nullable=True),
        sa.Column("indexer", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("temp_file_path", TEXT, nullable=True),
        sa.Column("converted_file_path", TEXT, nullable=True),
        sa.Column("final_file_path", TEXT, nullable=True),
        sa.Column("seeding", TEXT, nullable=False),
        sa.Column("removal", TEXT, nullable=False),
        sa.Column("priority", WHOLE, nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("failure_kind", TEXT, nullable=True),
        sa.Column("search_attempts", WHOLE, nullable=False),
        sa.Column("download_attempts", WHOLE, nullable=False),
        sa.Column("conversion_attempts", WHOLE, nullable=False),
        sa.Column("import_attempts", WHOLE, nullable=False),
        sa.Column("surroundings_failures", WHOLE, nullable=False),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("paused_from", TEXT, nullable=True),
        sa.Column("paused_in_client", sa.Boolean(), nullable=False),
        sa.Column("claim_token", TEXT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("release_id", TEXT, nullable=True),
        sa.Column("release_title", TEXT, nullable=True),
        sa.Column("info_hash_v1", TEXT, nullable=True),
        sa.Column("info_hash_v2", TEXT, nullable=True),
        sa.Column("seed_ratio_goal", sa.Float(), nullable=True),
        sa.Column("seed_seconds_goal", WHOLE, nullable=True),
        sa.Column("download_limit", WHOLE, nullable=True),
        sa.Column("upload_limit", WHOLE, nullable=True),
        sa.Column("sequential", sa.Boolean(), nullable=False),
        sa.Column("book_narrator", TEXT, nullable=True),
        sa.Column("book_series", TEXT, nullable=True),
        sa.Column("book_series_part", TEXT, nullable=True),
        sa.Column("book_year", WHOLE, nullable=True),
        sa.Column("book_language", TEXT, nullable=True),
        sa.Column("book_publisher", TEXT, nullable=True),
        sa.Column("book_description", TEXT, nullable=True),
        sa.Column("sort_title", SORT_TEXT, nullable=False),
        sa.Column("search_text", TEXT, nullable=False),
        sa.CheckConstraint("download_type IN ('http', 'nzb', 'torrent')", name=op.f("ck_download_queue_download_type")),
        sa.CheckConstraint("removal IN ('DONE', 'NONE', 'WANTED')", name=op.f("ck_download_queue_removal")),
        sa.CheckConstraint(
            "seeding IN ('NONE', 'REMOVED', 'SEEDED', 'SEEDING')", name=op.f("ck_download_queue_seeding")
        ),
        sa.CheckConstraint(
            STATUS_KNOWN,
            name=op.f("ck_download_queue_status"),
        ),
        sa.CheckConstraint(
            "download_progress >= 0 AND download_progress <= 100", name=op.f("ck_download_queue_progress")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_queue")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_download_queue_claimed",
        "download_queue",
        ["id"],
        unique=False,
        sqlite_where=IS_CLAIMED,
        postgresql_where=IS_CLAIMED,
    )
    op.create_index("ix_download_queue_priority", "download_queue", ["priority", "id"], unique=False)
    op.create_index("ix_download_queue_progress", "download_queue", ["download_progress", "id"], unique=False)
    op.create_index("ix_download_queue_status_priority", "download_queue", ["status", "priority", "id"], unique=False)
    op.create_index("ix_download_queue_status_title", "download_queue", ["status", "sort_title", "id"], unique=False)
    op.create_index(
        "ix_download_queue_retry",
        "download_queue",
        ["retry_at"],
        unique=False,
        sqlite_where=HAS_RETRY,
        postgresql_where=HAS_RETRY,
    )
    op.create_index("ix_download_queue_status", "download_queue", ["status", "id"], unique=False)
    op.create_index("ix_download_queue_title", "download_queue", ["sort_title", "id"], unique=False)
    op.create_index(
        "ix_download_queue_watched",
        "download_queue",
        ["id"],
        unique=False,
        sqlite_where=IS_WATCHED,
        postgresql_where=IS_WATCHED,
    )
    op.create_index(
        "ix_download_queue_work",
        "download_queue",
        [sa.literal_column("priority DESC"), "id"],
        unique=False,
        sqlite_where=IS_WORK,
        postgresql_where=IS_WORK,
    )
    op.create_index(
        "uq_download_queue_active_book",
        "download_queue",
        ["book_asin"],
        unique=True,
        sqlite_where=IS_ACTIVE,
        postgresql_where=IS_ACTIVE,
    )
    op.create_index(
        "uq_download_queue_active_hash_v1",
        "download_queue",
        ["info_hash_v1"],
        unique=True,
        sqlite_where=HOLDS_TORRENT,
        postgresql_where=HOLDS_TORRENT,
    )
    op.create_index(
        "uq_download_queue_active_hash_v2",
        "download_queue",
        ["info_hash_v2"],
        unique=True,
        sqlite_where=HOLDS_TORRENT,
        postgresql_where=HOLDS_TORRENT,
    )
    op.create_table(
        "releases",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("sealed", TEXT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
    )
    op.create_index("ix_releases_saved_at", "releases", ["saved_at"], unique=False)
    op.create_table(
        "settings",
        sa.Column("section", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.PrimaryKeyConstraint("section", "key", name=op.f("pk_settings")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("key_hash", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_keys_account_id"), "api_keys", ["account_id"], unique=False)
    op.create_table(
        "books",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("download_id", WHOLE, nullable=False),
        sa.Column("asin", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("narrator", TEXT, nullable=True),
        sa.Column("series", TEXT, nullable=True),
        sa.Column("series_part", TEXT, nullable=True),
        sa.Column("year", WHOLE, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("publisher", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("duration_seconds", sa.Float(), nullable=False),
        sa.Column("chapters", JSON, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["download_id"], ["download_queue.id"], name=op.f("fk_books_download_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books")),
        sa.UniqueConstraint("download_id", name=op.f("uq_books_download_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "download_events",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("download_id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("old_status", TEXT, nullable=True),
        sa.Column("new_status", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(["download_id"], ["download_queue.id"], name=op.f("fk_download_events_download_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_download_events")),
        sa.UniqueConstraint("download_id", "version", name=op.f("uq_download_events_download_id_version")),
    )
    op.create_table(
        "download_progress",
        sa.Column("download_id", WHOLE, nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["download_id"], ["download_queue.id"], name=op.f("fk_download_progress_download_id")),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_download_progress")),
    )
    op.create_table(
        "payloads",
        sa.Column("download_id", WHOLE, nullable=False),
        sa.Column("download_type", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("magnet", TEXT, nullable=True),
        sa.Column("info_hash_v1", TEXT, nullable=True),
        sa.Column("info_hash_v2", TEXT, nullable=True),
        sa.Column("size", WHOLE, nullable=True),
        sa.CheckConstraint("download_type IN ('http', 'nzb', 'torrent')", name=op.f("ck_payloads_download_type")),
        sa.ForeignKeyConstraint(["download_id"], ["download_queue.id"], name=op.f("fk_payloads_download_id")),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_payloads")),
    )
    op.create_table(
        "recipes",
        sa.Column("download_id", WHOLE, nullable=False),
        sa.Column("recipe", JSON, nullable=False),
        sa.ForeignKeyConstraint(["download_id"], ["download_queue.id"], name=op.f("fk_recipes_download_id")),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_recipes")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_table(
        "library_files",
        sa.Column("book_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_library_files_book_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("book_id", "position", name=op.f("pk_library_files")),
    )
