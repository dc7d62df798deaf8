"""
What is left of the erased: the reference in their links, and the key of their address (O-06).

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has been erased so far."""
    op.create_table(
        "tombstones",
        sa.Column("contact_ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tombstones_account_id"),
        sa.PrimaryKeyConstraint("contact_ref", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_account_id_address_key", "tombstones", ["account_id", "address_key"])
