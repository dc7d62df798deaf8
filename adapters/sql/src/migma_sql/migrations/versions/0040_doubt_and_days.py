"""
How often the fate of a message stayed unknown, and how much of a stream went in a day.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count from nothing: rows of earlier versions were held at the first doubt."""
    for table, name in (("deliveries", "doubts"), ("pace", "day"), ("pace", "sent_today")):
        op.add_column(table, sa.Column(name, sa.Integer(), server_default="0", nullable=False))
