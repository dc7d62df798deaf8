"""Attempts: on record before the first byte leaves, answered once, and settled on evidence after a crash (D10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from migma_core.decision.record import Decision
from migma_core.delivery.attempt import Attempt, AttemptId
from migma_core.delivery.delivery import SETTLED, DeliveryState, SendId
from migma_core.delivery.effects import OpenAttempts, Settled
from migma_core.message.token import DeliveryId

from .engine import now_us
from .schema import attempts, deliveries
from .settling import HeldRow, count_accepted, decide_again, hold_rows, settle

__all__ = ["commit", "give_back", "in_flight", "reconcile", "record"]


def commit(
    connection: Connection,
    attempt: Attempt | None,
    fences: Mapping[DeliveryId, int],
    settled: Sequence[Settled],
    decisions: Sequence[Decision],
    lease: int,
    now: datetime,
) -> bool:
    """
    Write the attempt down and settle those left out of it; ``False``, and nothing written, if any fence is stale.

    The lease starts anew: the hand-over has all of it before others may doubt the attempt.
    """
    held = hold_rows(connection, fences)
    going = () if attempt is None else attempt.deliveries
    ours = {one for one, row in held.items() if row == HeldRow(fences[one], DeliveryState.CLAIMED, None)}
    if not ours.issuperset({*fences, *going, *(one.delivery for one in settled)}):
        return False
    if attempt is not None:
        connection.execute(insert(attempts), _attempt_row(attempt, now))
        until = connection.execute(select(now_us())).scalar_one() + lease
        in_flight = {"attempt_id": attempt.id, "lease_until": until, "updated_at": now}
        connection.execute(update(deliveries).where(deliveries.c.ref.in_(going)).values(in_flight))
        decide_again(connection, dict(zip(going, decisions, strict=True)))
    settle(connection, settled, now)
    return True


def record(connection: Connection, attempt: AttemptId, settled: Sequence[Settled], now: datetime) -> None:
    """Write the outcomes, once. A row that has gone on without this attempt is left as it is."""
    answered = update(attempts).where(attempts.c.id == attempt, attempts.c.finished_at.is_(None))
    if connection.execute(answered.values(finished_at=now)).rowcount != 1:
        return
    held = hold_rows(connection, [one.delivery for one in settled], deliveries.c.attempt_id == attempt)
    taken = [one for one in settled if (row := held.get(one.delivery)) is not None and _awaits(row, one)]
    settle(connection, taken, now, _spent)
    send = connection.execute(select(attempts.c.send_id).where(attempts.c.id == attempt)).scalar_one()
    count_accepted(connection, send, sum(one.state is DeliveryState.ACCEPTED for one in taken))


def give_back(connection: Connection, fences: Mapping[DeliveryId, int]) -> None:
    """Return rows that are still ours, for anybody to claim."""
    held = hold_rows(connection, fences, deliveries.c.state == DeliveryState.CLAIMED.value)
    ours = [one for one, row in held.items() if row.fence == fences[one]]
    free = {"state": DeliveryState.READY.value, "lease_until": None, "attempt_id": None}
    connection.execute(update(deliveries).where(deliveries.c.ref.in_(ours)).values(free))


def in_flight(connection: Connection, send: SendId) -> OpenAttempts:
    """Rows whose attempt is on record without an answer, and whose lease is over: unknown, never ready."""
    d = deliveries.c
    query = select(d.ref, d.attempt_id).where(d.send_id == send, _doubtful()).order_by(d.id)
    return OpenAttempts({DeliveryId(ref): AttemptId(attempt) for ref, attempt in connection.execute(query)})


def reconcile(connection: Connection, verdicts: Mapping[DeliveryId, DeliveryState], why: str, now: datetime) -> None:
    """Settle rows that are still in doubt, each as its verdict says; a row that is ready again loses the attempt."""
    held = hold_rows(connection, verdicts, _doubtful())
    steps = [
        Settled(one, row.fence, verdicts[one], why, keeps_attempt=verdicts[one] is not DeliveryState.READY)
        for one, row in held.items()
    ]
    found = [row.attempt for one, row in held.items() if verdicts[one] is DeliveryState.ACCEPTED]
    settle(connection, steps, now)
    for attempt, accepted in Counter(found).items():
        send = connection.execute(select(attempts.c.send_id).where(attempts.c.id == attempt)).scalar_one()
        count_accepted(connection, send, accepted)


def _awaits(row: HeldRow, one: Settled) -> bool:
    """
    Whether the row still waits for this answer. One held in doubt takes a final answer, however late: nobody has sent
    it again, and what is known now is better than what was held for want of it.
    """
    waits = row.state is DeliveryState.CLAIMED or (row.state is DeliveryState.HELD and one.state in SETTLED)
    return waits and row.fence == one.fence


def _spent(one: Settled) -> bool:
    # D8: no innocent row loses an attempt; one that goes straight back was not what the provider refused
    return one.state is not DeliveryState.READY or one.wait > 0


def _doubtful() -> ColumnElement[bool]:
    d = deliveries.c
    return and_(d.state == DeliveryState.CLAIMED.value, d.attempt_id.is_not(None), d.lease_until <= now_us())


def _attempt_row(attempt: Attempt, now: datetime) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "send_id": attempt.send,
        "provider": attempt.provider,
        "deliveries": list(attempt.deliveries),
        "content": attempt.content,
        "compiler": attempt.compiler,
        "token_key": attempt.token_key,
        "composed_at": attempt.composed_at,
        "idempotency_key": attempt.idempotency_key,
        "body_digest": attempt.body_digest,
        "values": [dict(values) for values in attempt.values],
        "started_at": now,
    }
