"""
What stands against an address is found by its key first, a contact's deliveries by the contact.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the rows in the order of their keys; erasing somebody need not read every delivery any more."""
    if op.get_context().dialect.name == "sqlite":
        _rebuild()
    else:
        op.drop_constraint("pk_addresses", "addresses")
        op.create_primary_key("pk_addresses", "addresses", ["address_key", "account_id"])
    op.create_index("ix_deliveries_contact_id", "deliveries", ["contact_id"])


def _rebuild() -> None:
    """SQLite changes a key by writing the table anew, which nothing refers to."""
    op.create_table(
        "addresses_by_key",
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column(
            "account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_addresses_account_id"), nullable=False
        ),
        sa.Column("denials", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("address_key", "account_id", name="pk_addresses"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO addresses_by_key (address_key, account_id, denials, epoch)"
        " SELECT address_key, account_id, denials, epoch FROM addresses ORDER BY address_key"
    )
    op.drop_table("addresses")
    op.rename_table("addresses_by_key", "addresses")
