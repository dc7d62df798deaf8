"""Stats in SQL: counted from the rows of a send, and from what was reported about them since (migma.md §1.12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select

from migma_core.audience.consent_event import ConsentAct
from migma_core.audience.engagement import EngagementAction
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.stats import SendStats
from migma_core.ports import MailboxFact

from .schema import consent_events, deliveries, engagement, mailbox_events

__all__ = ["count_stats"]

_LEFT = (ConsentAct.OPT_OUT.value, ConsentAct.LEFT.value)


def count_stats(connection: Connection, send: SendId, now: datetime) -> SendStats:
    """What became of a send, as far as it is known now."""
    sent, accepted = connection.execute(_sent(send)).one()
    arrived: dict[str, Any] = _arrived(connection, send)
    engaged: dict[str, Any] = _engaged(connection, send)
    return SendStats(
        sent=sent or 0,
        accepted=accepted or 0,
        as_of=now,
        unsubscribed=connection.execute(_unsubscribed(send)).scalar_one(),
        **arrived,
        **engaged,
    )


def _sent(send: SendId) -> Any:
    """Attempted, and of those accepted: a row that was refused before any attempt was never sent."""
    d = deliveries.c
    accepted = d.state == DeliveryState.ACCEPTED.value
    reached = d.state.in_((DeliveryState.CLAIMED.value, DeliveryState.REJECTED.value, DeliveryState.HELD.value))
    attempted = or_(accepted, and_(reached, d.attempt_id.is_not(None)))
    return select(_sum(attempted), _sum(accepted)).where(d.send_id == send)


def _arrived(connection: Connection, send: SendId) -> dict[str, int | None]:
    """What mailboxes made of each message, however often and in whatever order it was reported."""
    m, d = mailbox_events.c, deliveries.c
    facts = [func.max(case((m.what == one.value, 1), else_=0)).label(one.value) for one in MailboxFact]
    of_send = mailbox_events.join(deliveries, d.ref == m.delivery)
    each = select(*facts).select_from(of_send).where(d.send_id == send).group_by(m.delivery).subquery("each")
    has = {one: each.c[one.value] == 1 for one in MailboxFact}
    put_off = and_(has[MailboxFact.SOFT_BOUNCE], ~has[MailboxFact.DELIVERED])
    sums = (
        _sum(has[MailboxFact.DELIVERED]).label("delivered"),
        _sum(or_(has[MailboxFact.HARD_BOUNCE], put_off)).label("bounced"),
        _sum(has[MailboxFact.COMPLAINT]).label("complained"),
    )
    return dict(connection.execute(select(*sums)).mappings().one())  # of no rows, each sum is null: nobody has told


def _engaged(connection: Connection, send: SendId) -> dict[str, int]:
    g = engagement.c
    asked = (EngagementAction.OPENED.value, EngagementAction.CLICKED.value)
    query = select(g.action, func.count(), func.sum(g.times)).where(g.action.in_(asked), g.campaign == send)
    found = {action: (people, int(times)) for action, people, times in connection.execute(query.group_by(g.action))}
    opened, clicked = (found.get(action, (0, 0)) for action in asked)
    return {"opened": opened[0], "opens": opened[1], "clicked": clicked[0], "clicks": clicked[1]}


def _unsubscribed(send: SendId) -> Any:
    c, d = consent_events.c, deliveries.c
    people = func.count(func.distinct(c.contact_id))
    on_record = literal("delivery ") + d.ref  # as whoever leaves by a link is put there
    by_a_link = consent_events.join(deliveries, c.reference == on_record)
    return select(people).select_from(by_a_link).where(d.send_id == send, c.what.in_(_LEFT))


def _sum(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((which, 1), else_=0))
