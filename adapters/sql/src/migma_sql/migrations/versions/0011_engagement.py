"""
What people did with earlier mail, each event once and summed up per person; what became of mailboxes (R59 to R62).

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; nothing is known to have happened so far."""
    op.create_table(
        "engagement_events",
        sa.Column("contact_id", _SERIAL, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name="fk_engagement_events_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", "event_id", name="pk_engagement_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_engagement_events_contact_id_action_at", "engagement_events", ["contact_id", "action", "at"])
    op.create_table(
        "engagement",
        sa.Column("contact_id", _SERIAL, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_engagement_contact_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "action", "campaign", name="pk_engagement"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_engagement_action_campaign_last_at", "engagement", ["action", "campaign", "last_at"])
    op.create_table(
        "mailbox_events",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_mailbox_events_account_id"),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_mailbox_events"),
    )
    op.create_index(
        "ix_mailbox_events_account_id_address_key_at", "mailbox_events", ["account_id", "address_key", "at"]
    )
