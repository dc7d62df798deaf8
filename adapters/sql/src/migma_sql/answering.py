"""Answering: the outcomes of attempts, each written once, onto rows that still wait for them (D10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.delivery import SETTLED, DeliveryState
from migma_core.delivery.effects import Settled
from migma_core.message.token import DeliveryId

from .schema import attempts, deliveries
from .settling import HeldRow, count_accepted, hold_rows, settle

__all__ = ["record", "reinstate"]


def record(connection: Connection, answered: Sequence[AttemptId], settled: Sequence[Settled], now: datetime) -> None:
    """Write the outcomes, once. A row that has gone on without its attempt is left as it is."""
    a, d = attempts.c, deliveries.c
    unanswered = select(a.id, a.send_id).where(a.id.in_(answered), a.finished_at.is_(None)).with_for_update()
    sends = {row.id: row.send_id for row in connection.execute(unanswered.order_by(a.id))}
    held = hold_rows(connection, [one.delivery for one in settled], d.attempt_id.in_(list(sends)))
    taken = [one for one in settled if (row := held.get(one.delivery)) is not None and _awaits(row, one)]
    settle(connection, taken, now)
    doubtful = {held[one.delivery].attempt for one in taken if one.state is DeliveryState.UNKNOWN}
    closed = [one for one in sends if one not in doubtful]
    connection.execute(update(attempts).where(a.id.in_(closed)).values(finished_at=now))
    accepted = [one for one in taken if one.state is DeliveryState.ACCEPTED]
    for send in dict.fromkeys(sends.values()):
        count_accepted(connection, send, len(accepted))  # the attempts of a wave are all of one send


def reinstate(connection: Connection, members: Sequence[DeliveryId], now: datetime) -> None:
    """Rows that were refused, or rest while a refused batch is halved, are ready again, and have lost no attempt."""
    d = deliveries.c
    held = hold_rows(connection, members, d.state.in_((DeliveryState.REJECTED.value, DeliveryState.READY.value)))
    refused = [one for one, row in held.items() if row.state is DeliveryState.REJECTED]
    ready = {"state": DeliveryState.READY.value, "not_before": None, "attempt_id": None, "updated_at": now}
    connection.execute(update(deliveries).where(d.ref.in_(list(held))).values(ready))
    connection.execute(update(deliveries).where(d.ref.in_(refused), d.attempts > 0).values(attempts=d.attempts - 1))


def _awaits(row: HeldRow, one: Settled) -> bool:
    """
    Whether the row still waits for this answer. One held in doubt takes a final answer, however late: nobody has sent
    it again, and what is known now is better than what was held for want of it.
    """
    waits = row.state is DeliveryState.CLAIMED or (row.state is DeliveryState.HELD and one.state in SETTLED)
    return waits and row.fence == one.fence
