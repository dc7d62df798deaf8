"""Engagement in SQL: what `migma_core.audience.engagement.has_engaged` says of a contact's events (§1.5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, and_, not_, or_, select, type_coerce

from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import Engaged, EngagementAction, EngagementMode
from migma_core.audience.values import microseconds
from migma_core.delivery.delivery import DeliveryState

from .schema import contacts, deliveries, engagement, engagement_events, sends
from .search import Search, among, within
from .shapes import AnySelect

__all__ = ["doers", "engaged"]


def engaged(asked: Engaged, project: ProjectId, search: Search, now: datetime | None) -> ColumnElement[bool]:
    """
    Whether a contact did what is asked about, or was sent it: by the sums, which have one row per contact, and for
    ``sent`` by the rows of deliveries, which are the truth about that (D10). Raises `ValueError` without ``now`` where
    the condition looks back from it.
    """
    look = within(search) if asked.action is EngagementAction.SENT else search  # two kinds of rows are an OR
    match asked.mode:
        case EngagementMode.NEVER:
            return not_(_ever(asked, project, look))
        case EngagementMode.BETWEEN:
            return _between(asked, project, look, *_bounds(asked))
        case EngagementMode.WITHIN:
            return _ever(asked, project, look, since=_start(asked, now))
        case EngagementMode.BEFORE:
            recently = _ever(asked, project, look, since=_start(asked, now))
            return and_(_ever(asked, project, look), not_(recently))


def doers(asked: Engaged, now: datetime | None) -> AnySelect | None:
    """Whom the sums or the events name, where they alone answer."""
    if asked.action is EngagementAction.SENT:
        return None
    match asked.mode:
        case EngagementMode.WITHIN:
            return _summed(asked, _start(asked, now))
        case EngagementMode.BETWEEN:
            return _told(asked, *_bounds(asked))
        case _:
            return None


def _bounds(asked: Engaged) -> tuple[int, int]:
    assert asked.since is not None and asked.until is not None  # noqa: S101, PT018 - valid from construction
    return microseconds(asked.since), microseconds(asked.until)


def _start(asked: Engaged, now: datetime | None) -> int:
    """How far back the condition looks, in microseconds since 1970: no calendar ends there."""
    if now is None or now.tzinfo is None:
        raise ValueError(f"a condition on what happened {asked.mode} some time reads the clock: pass now, aware")
    return microseconds(now) - (asked.span.days * 86_400 + asked.span.seconds) * 1_000_000


def _ever(asked: Engaged, project: ProjectId, search: Search, since: int | None = None) -> ColumnElement[bool]:
    """Whether there is such an event, at this moment or later where one is given."""
    limits = () if since is None else (type_coerce(deliveries.c.updated_at, BigInteger) >= since,)
    told = among(_summed(asked, since), engagement.c.contact_id, search)
    return _or_sent(told, asked, project, search, *limits)


def _summed(asked: Engaged, since: int | None) -> AnySelect:
    e = engagement.c
    kept = select(e.contact_id).where(e.action == asked.action.value, e.campaign == (asked.campaign or ""))
    return kept if since is None else kept.where(type_coerce(e.last_at, BigInteger) >= since)


def _between(asked: Engaged, project: ProjectId, search: Search, since: int, until: int) -> ColumnElement[bool]:
    limit = type_coerce(deliveries.c.updated_at, BigInteger).between(since, until)
    told = among(_told(asked, since, until), engagement_events.c.contact_id, search)
    return _or_sent(told, asked, project, search, limit)


def _told(asked: Engaged, since: int, until: int) -> AnySelect:
    e = engagement_events.c
    then = type_coerce(e.at, BigInteger).between(since, until)
    kept = select(e.contact_id).where(e.action == asked.action.value, then)
    return kept if asked.campaign is None else kept.where(e.campaign == asked.campaign)


def _or_sent(
    told: ColumnElement[bool], asked: Engaged, project: ProjectId, search: Search, *limits: ColumnElement[bool]
) -> ColumnElement[bool]:
    """What was told, or that a provider accepted a message to the contact's address, if that is asked about."""
    if asked.action is not EngagementAction.SENT:
        return told
    d = deliveries.c
    accepted = select(d.address_key).select_from(deliveries.join(sends, sends.c.id == d.send_id))
    mine = accepted.where(sends.c.project_id == project, d.state == DeliveryState.ACCEPTED.value, *limits)
    if asked.campaign is not None:
        mine = mine.where(d.send_id == asked.campaign)
    return or_(told, among(mine, d.address_key, search, contacts.c.address_key))
