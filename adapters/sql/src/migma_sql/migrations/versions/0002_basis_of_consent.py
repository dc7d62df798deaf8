"""
What a consent rests on: an implied one lapses, so its basis is kept beside it. ``NULL`` is an express consent.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every consent on record so far is express."""
    op.add_column("consent_events", sa.Column("basis", sa.Text()))
