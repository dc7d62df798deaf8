"""One person's story: everything that is kept about them, read as of one moment (GDPR Art. 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from migma_core.audience.address import AddressKey
from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import EngagementAction
from migma_core.audience.suppression import DENIAL_OF, SuppressionReason
from migma_core.audience.topic import TopicId
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.message.token import DeliveryId
from migma_core.ports import (
    EndedSuppression,
    EngagementSummary,
    PersonalDelivery,
    Story,
    SuppressionRecord,
    TopicChoice,
)
from migma_core.request.project import AccountId

from .consent_log import events_of
from .decisions import kinds_of
from .delivery_state import state_now
from .people import put_together
from .question import account_of
from .schema import (
    addresses,
    campaigns,
    contacts,
    deliveries,
    engagement,
    sends,
    suppressions,
    suppressions_ended,
    topic_choices,
    topics,
)
from .shapes import AnyRow

__all__ = ["story_of"]


def story_of(connection: Connection, project: ProjectId, key: AddressKey) -> Story:
    """What the project knows of whoever has this address, and the account of the address."""
    account = account_of(connection, project)
    here = (contacts.c.project_id == project, contacts.c.address_key == key)
    row = connection.execute(select(contacts).where(*here)).first()
    of_address: dict[str, Any] = {
        "in_force": _in_force(connection, account, key, 0 if row is None else row.lifted),
        "suppressions": tuple(map(_suppression, _listed(connection, suppressions, account, key))),
        "ended": tuple(map(_ended, _listed(connection, suppressions_ended, account, key))),
        "deliveries": _deliveries(connection, project, key),
    }
    if row is None:
        return Story(contact=None, **of_address)
    return Story(
        contact=put_together(connection, [row])[0],
        added_at=row.created_at,
        updated_at=row.updated_at,
        unsubscribed_at=row.unsubscribed_at,
        choices=_choices(connection, row.id),
        consents=events_of(connection, row.id),
        engagement=_engagement(connection, row.id),
        **of_address,
    )


def _in_force(
    connection: Connection, account: AccountId, key: AddressKey, lifted: int
) -> tuple[SuppressionReason, ...]:
    a = addresses.c
    stands = connection.scalar(select(a.denials).where(a.account_id == account, a.address_key == key)) or 0
    return tuple(reason for reason, bit in DENIAL_OF.items() if stands & ~lifted & bit)


def _listed(connection: Connection, table: Any, account: AccountId, key: AddressKey) -> Sequence[AnyRow]:
    query = select(table).where(table.c.account_id == account, table.c.address_key == key)
    return connection.execute(query.order_by(table.c.at, table.c.id)).all()


def _suppression(row: AnyRow) -> SuppressionRecord:
    return SuppressionRecord(row.address, SuppressionReason(row.reason), row.source, row.at, row.provider or None)


def _ended(row: AnyRow) -> EndedSuppression:
    reason = SuppressionReason(row.reason)
    return EndedSuppression(reason, row.source, row.at, row.ended_at, row.ended_by, row.provider or None)


def _choices(connection: Connection, contact: int) -> tuple[TopicChoice, ...]:
    c = topic_choices.c
    named = topic_choices.join(topics, topics.c.id == c.topic_id)
    query = select(c.topic_id, topics.c.name, c.joined, c.at, c.source).select_from(named)
    rows = connection.execute(query.where(c.contact_id == contact).order_by(c.at, topics.c.name))
    return tuple(TopicChoice(TopicId(topic), *rest) for topic, *rest in rows)


def _engagement(connection: Connection, contact: int) -> tuple[EngagementSummary, ...]:
    e = engagement.c
    rows = connection.execute(select(engagement).where(e.contact_id == contact).order_by(e.action, e.campaign))
    return tuple(
        EngagementSummary(EngagementAction(row.action), row.campaign or None, row.times, row.first_at, row.last_at)
        for row in rows
    )


def _deliveries(connection: Connection, project: ProjectId, key: AddressKey) -> tuple[PersonalDelivery, ...]:
    d = deliveries.c
    subject: ColumnElement[str] = sends.c.request["content"]["subject"].as_string()
    columns = (d.ref, d.send_id, campaigns.c.name, subject, state_now(), d.reasons, d.why, d.provider_id, d.updated_at)
    here = and_(sends.c.id == d.send_id, sends.c.project_id == project)
    rows = deliveries.join(sends, here).outerjoin(campaigns, campaigns.c.id == sends.c.id)
    query = select(*columns).select_from(rows).where(d.address_key == key).order_by(d.updated_at, d.id)
    return tuple(_delivery(row) for row in connection.execute(query))


def _delivery(row: AnyRow) -> PersonalDelivery:
    ref, send, name, subject, state, reasons, *rest = row
    known = (DeliveryId(ref), SendId(send), name, subject, DeliveryState(state), kinds_of(reasons))
    return PersonalDelivery(*known, *rest)
