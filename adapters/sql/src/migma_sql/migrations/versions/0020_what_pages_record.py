"""
What the pages behind our links show and record: a brand's look, the version seen, and opt-ins waiting to be confirmed.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0020"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and a table; which delivery led to an opt-out was kept as its wording until now."""
    for name in ("colour", "logo"):
        op.add_column("projects", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("loopback", sa.Boolean(), nullable=False, server_default=sa.false()))
    for column in (sa.Column("version", sa.Text()), sa.Column("confirmed_at", sa.BigInteger())):
        op.add_column("consent_events", column)
    op.add_column("consent_events", sa.Column("reference", sa.Text()))
    op.execute(
        "UPDATE consent_events SET reference = wording, wording = NULL"
        " WHERE what = 'opt_out' AND wording LIKE 'delivery %'"
    )
    op.create_table(
        "opt_ins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "contact_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("contacts.id", name="fk_opt_ins_contact_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("marketing", sa.Boolean(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_opt_ins"),
    )
    op.create_index("ix_opt_ins_contact_id", "opt_ins", ["contact_id"])
