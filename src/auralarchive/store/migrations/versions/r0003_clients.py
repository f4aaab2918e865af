"""Which client, how fast and when: rules, the reason for a choice, limits that are kept up, and an hour to start at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text()
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # In place, as in the revision before.
    op.add_column("download_queue", sa.Column("client_why", TEXT))
    for name in ("limited", "fetched"):
        op.add_column("download_queue", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("categories", "tags"):
        op.add_column("download_queue", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("download_queue", sa.Column("start_at", MOMENT))
    # Kept bytes whose hashes nobody has noted may be those of a release before the one that is chosen.
    op.execute(
        "DELETE FROM payloads WHERE download_id IN (SELECT id FROM download_queue WHERE download_url <> ''"
        " AND download_client_id IS NULL AND info_hash_v1 IS NULL AND info_hash_v2 IS NULL)"
    )
    # Limits that were given before are ours to keep up from now on.
    op.execute("UPDATE download_queue SET limited = (download_limit IS NOT NULL OR upload_limit IS NOT NULL)")
    op.add_column("adapters", sa.Column("rule", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("adapters", sa.Column("steered", sa.Boolean(), nullable=False, server_default=sa.true()))
