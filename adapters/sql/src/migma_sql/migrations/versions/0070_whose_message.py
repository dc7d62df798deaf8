"""
Which message an event of a mailbox is about, and who left by a link of which: what stats are counted from.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0070"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Events of before name no message: no stats count them, and the domains' health has them all the same."""
    op.add_column("mailbox_events", sa.Column("delivery", sa.Text(), nullable=True))
    op.create_index("ix_mailbox_events_delivery", "mailbox_events", ["delivery"])
    op.create_index("ix_consent_events_reference", "consent_events", ["reference"])
