"""
A delivery is about an address: it is found by its key, with the send or without, and names no contact.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0080"
down_revision = "0070"
branch_labels = None
depends_on = None

_KEPT = (
    "id, ref, send_id, address_key, cell, denials, reasons, outside, decided_at, policy, state, why, attempt_id,"
    " attempts, doubts, fence, lease_until, not_before, provider_id, updated_at"
)


def upgrade() -> None:
    """Of the three indexes that every new row is written to at random, one stays."""
    if op.get_context().dialect.name == "sqlite":
        _rebuild()
        return
    op.drop_index("ix_deliveries_contact_id", "deliveries")
    op.drop_column("deliveries", "contact_id")
    op.create_unique_constraint("uq_deliveries_address_key_send_id", "deliveries", ["address_key", "send_id"])
    op.drop_constraint("uq_deliveries_send_id_address_key", "deliveries")
    op.drop_index("ix_deliveries_address_key", "deliveries")


def _rebuild() -> None:
    """SQLite drops a column with a foreign key by writing the table anew, which nothing refers to."""
    op.create_table(
        "lighter_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column(
            "send_id",
            sa.Text(),
            sa.ForeignKey("sends.id", ondelete="CASCADE", name="fk_deliveries_send_id"),
            nullable=False,
        ),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("denials", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), server_default="", nullable=False),
        sa.Column("outside", sa.JSON(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "attempt_id", sa.Text(), sa.ForeignKey("attempts.id", name="fk_deliveries_attempt_id"), nullable=True
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("ref", name="uq_deliveries_ref"),
        sa.UniqueConstraint("address_key", "send_id", name="uq_deliveries_address_key_send_id"),
    )
    op.execute(f"INSERT INTO lighter_deliveries ({_KEPT}) SELECT {_KEPT} FROM deliveries ORDER BY id")  # noqa: S608 - our own names
    op.drop_table("deliveries")
    op.rename_table("lighter_deliveries", "deliveries")
    op.create_index("ix_deliveries_send_id_state_id", "deliveries", ["send_id", "state", "id"])
