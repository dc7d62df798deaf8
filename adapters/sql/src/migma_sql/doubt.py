"""Doubt: attempts without an answer, settled on evidence, handed over once more, or by a person's word (D10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from migma_core.delivery.attempt import Attempt, AttemptId
from migma_core.delivery.campaign import Action, CampaignStatus, advance
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import OpenAttempts, Reopened, Settled
from migma_core.message.token import DeliveryId

from .accepted import read_accepted
from .claims import Terms, find_again, lease
from .engine import now_us, read_clock
from .fresh_facts import read_facts
from .schema import attempt_members, attempts, deliveries, sends
from .settling import count_accepted, hold_rows, settle
from .shapes import AnyRow

__all__ = ["decide_held", "in_flight", "reconcile", "reopen"]

_GONE = "nobody knows whether it was accepted, and nobody in the project has this address any more"


def in_flight(connection: Connection, send: SendId) -> OpenAttempts:
    """Rows whose attempt is on record without an answer, and whose lease is over: unknown, never ready."""
    d = deliveries.c
    query = select(d.ref, d.attempt_id, d.doubts).where(d.send_id == send, _doubtful()).order_by(d.id)
    found = connection.execute(query).all()
    return OpenAttempts(
        {DeliveryId(row.ref): AttemptId(row.attempt_id) for row in found},
        {DeliveryId(row.ref): row.doubts for row in found if row.doubts},
    )


def reconcile(
    connection: Connection,
    verdicts: Mapping[DeliveryId, DeliveryState],
    resent: Collection[DeliveryId],
    why: str,
    now: datetime,
) -> None:
    """Settle rows that are still in doubt, each as its verdict says; a row that is ready again loses the attempt."""
    held = hold_rows(connection, verdicts, _doubtful())
    steps = [
        Settled(
            one,
            row.fence,
            verdicts[one],
            why,
            keeps_attempt=verdicts[one] is not DeliveryState.READY,
            spends=one in resent,
            doubts=one in resent,
        )
        for one, row in held.items()
    ]
    found = [row.attempt for one, row in held.items() if verdicts[one] is DeliveryState.ACCEPTED]
    settle(connection, steps, now)
    for attempt, accepted in Counter(found).items():
        send = connection.execute(select(attempts.c.send_id).where(attempts.c.id == attempt)).scalar_one()
        count_accepted(connection, send, accepted)


def reopen(connection: Connection, attempt: AttemptId, terms: Terms) -> Reopened | None:
    """
    Take what is still in doubt of an attempt, under new fences: an answer to the old ones comes too late. Rows whose
    address nobody has any more cannot be handed over again: they are held, and an answer to them counts when it comes.
    """
    row = connection.execute(_ATTEMPT.where(attempts.c.id == attempt)).first()
    if row is None:
        return None
    made = _attempt(row)
    doubtful = and_(deliveries.c.attempt_id == attempt, _doubtful())
    found = find_again(connection, made.send, doubtful, terms)
    claimed, gone = read_facts(connection, found, terms)
    clock = read_clock(connection)
    lease(connection, [row for row in found.rows if row not in gone], clock, terms)
    settle(connection, [Settled(row.delivery, row.fence, DeliveryState.HELD, _GONE) for row in gone], terms.now)
    by_ref = {one.delivery: one for one in claimed.rows}
    in_order = tuple(by_ref[one] for one in made.deliveries if one in by_ref)
    return Reopened(claimed.with_rows(in_order), made) if in_order else None


def decide_held(
    connection: Connection, send: SendId, refs: Sequence[DeliveryId], state: DeliveryState, why: str, now: datetime
) -> int:
    """Move held rows where a person says; to send some again, a send that had ended is open again."""
    accepted = read_accepted(connection, send, lock=True)
    d = deliveries.c
    held = hold_rows(connection, refs, and_(d.send_id == send, d.state == DeliveryState.HELD.value))
    again = state is DeliveryState.READY
    if held and again and accepted.status not in {CampaignStatus.SENDING, CampaignStatus.PAUSED}:
        status = advance(accepted.status, Action.REOPEN)
        connection.execute(update(sends).where(sends.c.id == send).values(status=status.value, finished_at=None))
    settle(connection, [Settled(o, row.fence, state, why, keeps_attempt=not again) for o, row in held.items()], now)
    count_accepted(connection, send, len(held) if state is DeliveryState.ACCEPTED else 0)
    return len(held)


def _doubtful() -> ColumnElement[bool]:
    d = deliveries.c
    return and_(d.state == DeliveryState.CLAIMED.value, d.attempt_id.is_not(None), d.lease_until <= now_us())


_m = attempt_members.c
_ATTEMPT = select(attempts, _m.deliveries, _m["values"]).select_from(attempts.join(attempt_members))


def _attempt(row: AnyRow) -> Attempt:
    return Attempt(
        AttemptId(row.id),
        SendId(row.send_id),
        row.provider,
        tuple(DeliveryId(one) for one in row.deliveries),
        row.content,
        row.compiler,
        row.token_key,
        row.composed_at,
        row.body_digest,
        tuple(row.values),
    )
