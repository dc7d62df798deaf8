"""
Whom an attempt is for, and what was written to each, stands beside the attempt.

A row is written anew whole when an outcome is put on it, and these are by far its largest part.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each attempt keeps its members and their values, in a table of their own."""
    of_attempt = sa.ForeignKey("attempts.id", ondelete="CASCADE", name="fk_attempt_members_attempt_id")
    op.create_table(
        "attempt_members",
        sa.Column("attempt_id", sa.Text(), of_attempt, nullable=False),
        sa.Column("deliveries", sa.JSON(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempt_members"),
    )
    op.execute(
        """
        INSERT INTO attempt_members (attempt_id, deliveries, "values") SELECT id, deliveries, "values" FROM attempts
        """
    )
    if op.get_context().dialect.name == "postgresql":
        # which only hides a dropped column: an erased person's values would stay in the old rows
        op.execute("""UPDATE attempts SET deliveries = '[]', "values" = '[]'""")
    for name in ("deliveries", "values"):
        op.drop_column("attempts", name)
