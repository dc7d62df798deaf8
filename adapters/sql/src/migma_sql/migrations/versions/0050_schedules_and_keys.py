"""
When campaigns start, and which send a caller's key made.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0050"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A campaign that an earlier version called scheduled has no time: it is a draft, as it always was in effect."""
    op.create_table(
        "schedules",
        sa.Column("send_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("gap", sa.Text(), nullable=False),
        sa.Column("fold", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("zone_data", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_schedules_send_id_sends", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("send_id", name="pk_schedules"),
    )
    op.execute("UPDATE sends SET status = 'draft' WHERE status = 'scheduled'")
    op.add_column("idempotency_keys", sa.Column("made", sa.Text(), nullable=True))
    op.create_index("ix_idempotency_keys_finished_at", "idempotency_keys", ["finished_at"])
