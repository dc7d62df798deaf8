"""
The first schema: account, audience, sends.

A revision is history: it names no table or type of today's schema, and is never edited once it has been released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table. Moments are microseconds since 1970 (UTC)."""
    _create_account()
    _create_audience()
    _create_sends()


def _create_account() -> None:
    """An account and its projects, with what belongs to the account."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_projects_account_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_name", sa.Text(), nullable=False),
        sa.Column("postal_address", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_index("ix_projects_account_id", "projects", ["account_id"])
    op.create_table(
        "domains",
        sa.Column("account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_domains_account_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bounced", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("complained", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("open_tracking", sa.Boolean(), nullable=False),
        sa.Column("click_tracking", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_domains"),
    )
    op.create_table(
        "connections",
        sa.Column(
            "account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_connections_account_id"), nullable=False
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connected_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "provider", name="pk_connections"),
    )
    op.create_table(
        "addresses",
        sa.Column(
            "account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_addresses_account_id"), nullable=False
        ),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("denials", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_id", "address_key", name="pk_addresses"),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column(
            "account_id", sa.Text(), sa.ForeignKey("accounts.id", name="fk_suppressions_account_id"), nullable=False
        ),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions"),
        sa.UniqueConstraint(
            "account_id",
            "address_key",
            "reason",
            "provider",
            name="uq_suppressions_account_id_address_key_reason_provider",
        ),
    )
    op.create_table(
        "suppressions_ended",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column(
            "account_id",
            sa.Text(),
            sa.ForeignKey("accounts.id", name="fk_suppressions_ended_account_id"),
            nullable=False,
        ),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions_ended"),
    )


def _create_audience() -> None:
    """People, and what is known of them."""
    op.create_table(
        "contacts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_contacts_project_id"), nullable=False),
        sa.Column("address_key", sa.LargeBinary(16), nullable=False),
        sa.Column("local", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("validation", sa.Text(), nullable=True),
        sa.Column("consent", sa.Text(), nullable=True),
        sa.Column("is_role", sa.Boolean(), nullable=False),
        sa.Column("lifted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("unsubscribed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("project_id", "address_key", name="uq_contacts_project_id_address_key"),
        sa.UniqueConstraint("ref", name="uq_contacts_ref"),
    )
    op.create_index("ix_contacts_address_key", "contacts", ["address_key"])
    op.create_index("ix_contacts_project_id_id", "contacts", ["project_id", "id"])
    op.create_table(
        "contact_values",
        sa.Column(
            "contact_id",
            _SERIAL,
            sa.ForeignKey("contacts.id", ondelete="CASCADE", name="fk_contact_values_contact_id"),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("instant", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("contact_id", "key", name="pk_contact_values"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_values_key_text", "contact_values", ["key", "text"])
    op.create_table(
        "field_names",
        sa.Column(
            "project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_field_names_project_id"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_field_names"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tags",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_tags_project_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("project_id", "name", name="uq_tags_project_id_name"),
        sa.UniqueConstraint("ref", name="uq_tags_ref"),
    )
    op.create_table(
        "contact_tags",
        sa.Column(
            "tag_id",
            _SERIAL,
            sa.ForeignKey("tags.id", ondelete="CASCADE", name="fk_contact_tags_tag_id"),
            nullable=False,
        ),
        sa.Column(
            "contact_id",
            _SERIAL,
            sa.ForeignKey("contacts.id", ondelete="CASCADE", name="fk_contact_tags_contact_id"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tag_id", "contact_id", name="pk_contact_tags"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_tags_contact_id_tag_id", "contact_tags", ["contact_id", "tag_id"])
    op.create_table(
        "topics",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_topics_project_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("default_subscription", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("display_order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
        sa.UniqueConstraint("project_id", "name", name="uq_topics_project_id_name"),
    )
    op.create_index("ix_topics_project_id", "topics", ["project_id"])
    op.create_table(
        "topic_choices",
        sa.Column(
            "contact_id",
            _SERIAL,
            sa.ForeignKey("contacts.id", ondelete="CASCADE", name="fk_topic_choices_contact_id"),
            nullable=False,
        ),
        sa.Column(
            "topic_id",
            sa.Text(),
            sa.ForeignKey("topics.id", ondelete="CASCADE", name="fk_topic_choices_topic_id"),
            nullable=False,
        ),
        sa.Column("joined", sa.Boolean(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "topic_id", name="pk_topic_choices"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "segments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_segments_project_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("condition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("project_id", "name", name="uq_segments_project_id_name"),
    )
    op.create_table(
        "consent_events",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column(
            "contact_id",
            _SERIAL,
            sa.ForeignKey("contacts.id", ondelete="CASCADE", name="fk_consent_events_contact_id"),
            nullable=False,
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("topic_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent_events"),
    )
    op.create_index("ix_consent_events_contact_id", "consent_events", ["contact_id"])


def _create_sends() -> None:
    """Accepted requests, and what became of everyone in them."""
    op.create_table(
        "sends",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), sa.ForeignKey("projects.id", name="fk_sends_project_id"), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("fan_out_after", sa.BigInteger(), nullable=True),
        sa.Column("fan_out_done", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sends"),
    )
    op.create_index("ix_sends_project_id", "sends", ["project_id"])
    op.create_table(
        "campaigns",
        sa.Column(
            "id", sa.Text(), sa.ForeignKey("sends.id", ondelete="CASCADE", name="fk_campaigns_id"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_table(
        "attachments",
        sa.Column(
            "send_id",
            sa.Text(),
            sa.ForeignKey("sends.id", ondelete="CASCADE", name="fk_attachments_send_id"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("send_id", "position", name="pk_attachments"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "send_id",
            sa.Text(),
            sa.ForeignKey("sends.id", ondelete="CASCADE", name="fk_attempts_send_id"),
            nullable=False,
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.JSON(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("compiler", sa.Integer(), nullable=False),
        sa.Column("token_key", sa.Integer(), nullable=False),
        sa.Column("composed_at", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_send_id", "attempts", ["send_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column(
            "send_id",
            sa.Text(),
            sa.ForeignKey("sends.id", ondelete="CASCADE", name="fk_deliveries_send_id"),
            nullable=False,
        ),
        sa.Column(
            "contact_id",
            _SERIAL,
            sa.ForeignKey("contacts.id", ondelete="SET NULL", name="fk_deliveries_contact_id"),
            nullable=True,
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
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("send_id", "address_key", name="uq_deliveries_send_id_address_key"),
        sa.UniqueConstraint("ref", name="uq_deliveries_ref"),
    )
    op.create_index("ix_deliveries_address_key", "deliveries", ["address_key"])
    op.create_index("ix_deliveries_send_id_state_id", "deliveries", ["send_id", "state", "id"])
