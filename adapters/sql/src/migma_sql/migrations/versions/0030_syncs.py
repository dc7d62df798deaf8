"""
Keeping in step: which projects are kept in step with which provider, how far, and who and what is which there.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three tables."""
    op.create_table(
        "syncs",
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_syncs_project_id"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("bound", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger()),
        sa.Column("position", sa.Text(), nullable=False, server_default=""),
        sa.Column("as_of", sa.BigInteger()),
        sa.PrimaryKeyConstraint("project_id", "provider", name="pk_syncs"),
    )
    op.create_table(
        "sync_contacts",
        sa.Column(
            "contact_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("contacts.id", name="fk_sync_contacts_contact_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "provider", name="pk_sync_contacts"),
    )
    op.create_table(
        "sync_topics",
        sa.Column(
            "topic_id",
            sa.Text(),
            sa.ForeignKey("topics.id", name="fk_sync_topics_topic_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "provider", name="pk_sync_topics"),
    )
