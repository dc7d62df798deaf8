"""Engagement in SQL: what `migma_core.audience.engagement.has_engaged` says of a contact's events (§1.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, exists, not_, or_, select, type_coerce

from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import Engaged, EngagementAction, EngagementMode
from migma_core.audience.values import microseconds
from migma_core.delivery.delivery import DeliveryState

from .schema import contacts, deliveries, engagement, engagement_events, sends

__all__ = ["engaged"]


def engaged(asked: Engaged, project: ProjectId, now: datetime | None) -> ColumnElement[bool]:
    """
    Whether a contact did what is asked about, or was sent it: by the sums, which have one row per contact, and for
    ``sent`` by the rows of deliveries, which are the truth about that (D10). Raises `ValueError` without ``now`` where
    the condition looks back from it.
    """
    match asked.mode:
        case EngagementMode.NEVER:
            return not_(_ever(asked, project))
        case EngagementMode.BETWEEN:
            assert asked.since is not None and asked.until is not None  # noqa: S101, PT018 - valid from construction
            return _between(asked, project, microseconds(asked.since), microseconds(asked.until))
        case EngagementMode.WITHIN:
            return _ever(asked, project, since=_start(asked, now))
        case EngagementMode.BEFORE:
            return and_(_ever(asked, project), not_(_ever(asked, project, since=_start(asked, now))))


def _start(asked: Engaged, now: datetime | None) -> int:
    """How far back the condition looks, in microseconds since 1970: no calendar ends there."""
    if now is None or now.tzinfo is None:
        raise ValueError(f"a condition on what happened {asked.mode} some time reads the clock: pass now, aware")
    return microseconds(now) - (asked.span.days * 86_400 + asked.span.seconds) * 1_000_000


def _ever(asked: Engaged, project: ProjectId, since: int | None = None) -> ColumnElement[bool]:
    """Whether there is such an event, at this moment or later where one is given."""
    e = engagement.c
    kept = [e.contact_id == contacts.c.id, e.action == asked.action.value, e.campaign == (asked.campaign or "")]
    if since is not None:
        kept.append(type_coerce(e.last_at, BigInteger) >= since)
    found = exists(select(1).where(*kept).correlate(contacts))
    if asked.action is not EngagementAction.SENT:
        return found
    limits = () if since is None else (type_coerce(deliveries.c.updated_at, BigInteger) >= since,)
    return or_(found, _was_sent(asked, project, *limits))


def _between(asked: Engaged, project: ProjectId, since: int, until: int) -> ColumnElement[bool]:
    e = engagement_events.c
    kept = [e.contact_id == contacts.c.id, e.action == asked.action.value]
    if asked.campaign is not None:
        kept.append(e.campaign == asked.campaign)
    found = exists(select(1).where(*kept, type_coerce(e.at, BigInteger).between(since, until)).correlate(contacts))
    if asked.action is not EngagementAction.SENT:
        return found
    at = type_coerce(deliveries.c.updated_at, BigInteger)
    return or_(found, _was_sent(asked, project, at.between(since, until)))


def _was_sent(asked: Engaged, project: ProjectId, *limits: Any) -> ColumnElement[bool]:
    """Whether a provider accepted a message to the contact's address, in the project, or in the one campaign."""
    d = deliveries.c
    mine = [d.address_key == contacts.c.address_key, d.state == DeliveryState.ACCEPTED.value, *limits]
    if asked.campaign is not None:
        mine.append(d.send_id == asked.campaign)
    rows = select(1).select_from(deliveries.join(sends, sends.c.id == d.send_id))
    return exists(rows.where(*mine, sends.c.project_id == project).correlate(contacts))
