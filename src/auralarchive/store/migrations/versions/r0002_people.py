"""Roles, how far people have listened, edits of books, readers of the log that miss nothing, and a chosen client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Columns are added in place, with a default that stays: rebuilding a table on SQLite would drop the old
    # one, and with it every session and key that points to it.
    op.add_column("accounts", sa.Column("role", TEXT, nullable=False, server_default="admin"))
    op.add_column("api_keys", sa.Column("last_used_at", MOMENT, nullable=True))
    op.add_column("books", sa.Column("version", WHOLE, nullable=False, server_default="1"))
    op.add_column("download_queue", sa.Column("chosen_client", TEXT))
    op.create_index("ix_books_version", "books", ["version"])
    op.create_table(
        "playback",
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("book_id", WHOLE, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "book_id", name="pk_playback"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_playback_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_playback_book_id", ondelete="CASCADE"),
    )
    op.create_index("ix_playback_book_id", "playback", ["book_id"])
    op.create_table(
        "cursors",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
