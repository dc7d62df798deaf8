"""The schema: one for SQLite and PostgreSQL. The migrations create it; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from migma_core.audience.values import microseconds

__all__ = [
    "Instant",
    "accounts",
    "addresses",
    "attachments",
    "attempt_members",
    "attempts",
    "campaigns",
    "connections",
    "consent_events",
    "contact_tags",
    "contact_values",
    "contacts",
    "deliveries",
    "domains",
    "engagement",
    "engagement_events",
    "field_names",
    "idempotency_keys",
    "inbox",
    "mailbox_events",
    "metadata",
    "opt_ins",
    "pace",
    "projects",
    "schedules",
    "segments",
    "sends",
    "suppressions",
    "suppressions_ended",
    "sync_contacts",
    "sync_topics",
    "syncs",
    "tags",
    "tombstones",
    "topic_choices",
    "topics",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds(datetime.max.replace(tzinfo=UTC))


class Instant(TypeDecorator[datetime]):
    """An aware moment as whole microseconds since 1970 (UTC): exact, ordered, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the base's signature
        """Refuse a moment without a zone: it would mean something else on every machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a zone: pass an aware datetime")
        return microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base's signature
        """Back to an aware moment in UTC; what lies beyond its years 1 to 9999, by a zone, is their end."""
        return None if value is None else _EPOCH + timedelta(microseconds=min(max(value, _FIRST), _LAST))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")


def _ref() -> Column[str]:
    """An opaque random id, of hex digits."""
    return Column("id", Text, primary_key=True)


accounts = Table(
    "accounts", metadata, _ref(), Column("name", Text, nullable=False), Column("created_at", Instant, nullable=False)
)

projects = Table(
    "projects",
    metadata,
    _ref(),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("brand_name", Text, nullable=False),
    Column("postal_address", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("advertisement", Text, nullable=False, server_default=""),
    Column("colour", Text, nullable=False, server_default=""),
    Column("logo", Text, nullable=False, server_default=""),
    Column("loopback", Boolean, nullable=False, server_default=false()),
    Column("created_at", Instant, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    # the key first: it tells rows apart at the first octets, where accounts are all alike (performance §2)
    Column("address_key", LargeBinary(16), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("denials", Integer, nullable=False, server_default="0"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""What stands against an address, for the whole account (D13). ``epoch`` counts audited reinstatements."""

contacts = Table(
    "contacts",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("address_key", LargeBinary(16), nullable=False, index=True),
    Column("local", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("status", Text),
    Column("validation", Text),
    Column("consent", Text),
    Column("is_role", Boolean, nullable=False),
    Column("lifted", Integer, nullable=False, server_default="0"),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("phone", Text),
    Column("country", Text),
    Column("language", Text),
    Column("fields", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("unsubscribed_at", Instant),
    UniqueConstraint("project_id", "address_key"),
    Index("ix_contacts_project_id_id", "project_id", "id"),
)
"""People per project. ``lifted`` masks denials that a later recorded consent ended for this project alone (D13)."""

contact_values = Table(
    "contact_values",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("number", Text),
    Column("instant", BigInteger),
    Index("ix_contact_values_key_text", "key", "text"),
    sqlite_with_rowid=False,
)
"""Built-in values and custom fields in the canonical form in which segments compare them (D6)."""

field_names = Table(
    "field_names",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Custom fields that any contact of the project has ever had: what a template may ask for."""

tags = Table(
    "tags",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "name"),
)

contact_tags = Table(
    "contact_tags",
    metadata,
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_contact_tags_contact_id_tag_id", "contact_id", "tag_id"),
    sqlite_with_rowid=False,
)

topics = Table(
    "topics",
    metadata,
    _ref(),
    Column("project_id", ForeignKey("projects.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("default_subscription", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("display_order", Integer, nullable=False, server_default="0"),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "name"),
)

topic_choices = Table(
    "topic_choices",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True),
    Column("joined", Boolean),
    Column("at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    sqlite_with_rowid=False,
)

segments = Table(
    "segments",
    metadata,
    _ref(),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("condition", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "name"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("address_key", LargeBinary(16), nullable=False),
    Column("address", Text),
    Column("reason", Text, nullable=False),
    Column("provider", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    UniqueConstraint("account_id", "address_key", "reason", "provider"),
)
"""The evidence behind every denial. ``address`` is for people to read and is emptied by erasure."""

suppressions_ended = Table(
    "suppressions_ended",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("address_key", LargeBinary(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("ended_by", Text, nullable=False),
)
"""Entries that were lifted, and by whom: nothing that ends a denial goes unrecorded (A-09)."""

consent_events = Table(
    "consent_events",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("level", Text),
    Column("topic_id", Text),
    Column("source", Text, nullable=False),
    Column("wording", Text),
    Column("at", Instant, nullable=False),
    Column("basis", Text),
    Column("version", Text),
    Column("confirmed_at", Instant),
    Column("reference", Text, index=True),
)
"""Append-only: every opt-in and opt-out, with time and means (O-01)."""

opt_ins = Table(
    "opt_ins",
    metadata,
    _ref(),
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("marketing", Boolean, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("source", Text, nullable=False),
    Column("wording", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
)
"""What people asked for through a mailed link; in force once confirmed from their mailbox (F-04)."""
engagement_events = Table(
    "engagement_events",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("campaign", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Index("ix_engagement_events_contact_id_action_at", "contact_id", "action", "at"),
    sqlite_with_rowid=False,
)
"""What people did with earlier mail, each event once. ``campaign`` is empty where there was none."""

engagement = Table(
    "engagement",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("action", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Index("ix_engagement_action_campaign_last_at", "action", "campaign", "last_at"),
    sqlite_with_rowid=False,
)
"""The events summed up, so that a segment reads one row per contact; ``campaign`` is empty for all mail together."""

mailbox_events = Table(
    "mailbox_events",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("address_key", LargeBinary(16), nullable=False),
    Column("what", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("delivery", Text, index=True),
    Index("ix_mailbox_events_account_id_address_key_at", "account_id", "address_key", "at"),
)
"""Bounces, complaints and deliveries as providers told them, each once; counted per sending domain in `domains`."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("contact_ref", Text, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("address_key", LargeBinary(16), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_tombstones_account_id_address_key", "account_id", "address_key"),
)
"""Whom an erasure removed: the reference in their links and the key of their address, nothing else (O-06, D13)."""

domains = Table(
    "domains",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("is_verified", Boolean, nullable=False),
    Column("is_suspended", Boolean, nullable=False),
    Column("sent", BigInteger, nullable=False, server_default="0"),
    Column("bounced", BigInteger, nullable=False, server_default="0"),
    Column("complained", BigInteger, nullable=False, server_default="0"),
    Column("open_tracking", Boolean, nullable=False),
    Column("click_tracking", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("verified_at", Instant),
)

connections = Table(
    "connections",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("connected_at", Instant, nullable=False),
)

sends = Table(
    "sends",
    metadata,
    _ref(),
    Column("project_id", ForeignKey("projects.id"), nullable=False, index=True),
    Column("request", JSON, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("warning", Text),
    Column("status", Text, nullable=False),
    Column("why", Text),
    Column("fan_out_after", BigInteger),
    Column("fan_out_done", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
)
"""Every accepted request, of a campaign or direct, as it was accepted."""

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", ForeignKey("sends.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, nullable=False),
)
"""The sends that are campaigns, and their names."""

schedules = Table(
    "schedules",
    metadata,
    Column("send_id", ForeignKey("sends.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("gap", Text, nullable=False),
    Column("fold", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("reading", Text, nullable=False),
    Column("zone_data", Text, nullable=False),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", BigInteger),
)
"""When campaigns start: ``at`` as it was said (ISO 8601), ``starts_at`` as these ``zone_data`` read it. ``lease_until``
is microseconds by the database's own clock: until then a started campaign is somebody's, or rests."""

attachments = Table(
    "attachments",
    metadata,
    Column("send_id", ForeignKey("sends.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content_id", Text),
    Column("data", LargeBinary, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    _ref(),
    Column("send_id", ForeignKey("sends.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("compiler", Integer, nullable=False),
    Column("token_key", Integer, nullable=False),
    Column("composed_at", Instant, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
)
"""One provider request, committed before its first byte leaves (D10)."""

attempt_members = Table(
    "attempt_members",
    metadata,
    Column("attempt_id", ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True),
    Column("deliveries", JSON, nullable=False),
    Column("values", JSON, nullable=False),
)
"""Whom an attempt is for, in their order, and their frozen values (D10): beside the attempt, whose row is written anew
whole when it is answered."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("send_id", ForeignKey("sends.id", ondelete="CASCADE"), nullable=False),
    Column("address_key", LargeBinary(16), nullable=False),
    Column("cell", Integer, nullable=False),
    Column("denials", Integer, nullable=False),
    Column("reasons", Text, nullable=False, server_default=""),
    Column("outside", JSON),
    Column("decided_at", Instant, nullable=False),
    Column("policy", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("attempt_id", ForeignKey("attempts.id")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("doubts", Integer, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", BigInteger),
    Column("not_before", BigInteger),
    Column("provider_id", Text),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("address_key", "send_id"),
    Index("ix_deliveries_send_id_state_id", "send_id", "state", "id"),
)
"""One per send and address, found by either (D10). ``reasons`` are kinds, strongest first, joined by commas;
``outside`` is what rules outside the table read. ``lease_until`` and ``not_before`` are microseconds by the database's
own clock."""

inbox = Table(
    "inbox",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("provider", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text),
    Column("received_at", Instant, nullable=False),
    Column("handled_at", Instant),
    UniqueConstraint("provider", "key"),
    Index("ix_inbox_state_id", "state", "id"),
)
"""Events of providers as they came; of one that was handled only the key is left."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("made", Text),
    Column("result", Text),
    Column("begun_at", Instant, nullable=False),
    Column("finished_at", Instant, index=True),
    sqlite_with_rowid=False,
)
"""Callers' requests by their keys, and the send that each ``made``. ``lease_until`` is microseconds by the database's
own clock."""

pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("counted_at", BigInteger, nullable=False),
    Column("rests_until", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("openings", Integer, nullable=False, server_default="0"),
    Column("probed_at", BigInteger),
    Column("day", Integer, nullable=False, server_default="0"),
    Column("sent_today", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""Token bucket and breaker of each stream, in microseconds of the database's own clock. ``openings`` above 0: open."""

syncs = Table(
    "syncs",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("bound", BigInteger, nullable=False),
    Column("began_at", Instant),
    Column("position", Text, nullable=False, server_default=""),
    Column("as_of", Instant),
)
"""What is kept in step (D16). ``bound`` is in microseconds; ``began_at`` and ``position`` are of a pass under way."""

sync_contacts = Table(
    "sync_contacts",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("theirs", Text, nullable=False),
    Column("told", JSON, nullable=False),
)
"""Who is who there. ``told`` are the topics that the other side was told they left."""

sync_topics = Table(
    "sync_topics",
    metadata,
    Column("topic_id", ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("theirs", Text, nullable=False),
)
"""Which topic is which there."""
