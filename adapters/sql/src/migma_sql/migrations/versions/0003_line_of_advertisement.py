"""
The line that names an advertisement as one, which a sender's marketing may have to carry (N-04). Empty adds none.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no project has such a line so far."""
    op.add_column("projects", sa.Column("advertisement", sa.Text(), nullable=False, server_default=""))
