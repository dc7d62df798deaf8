"""Committing: attempts are on record before the first byte leaves, or rows go back untouched (D10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, update

from migma_core.decision.record import Decision
from migma_core.delivery.attempt import Attempt, AttemptId
from migma_core.delivery.delivery import DeliveryState
from migma_core.delivery.effects import Settled
from migma_core.message.token import DeliveryId

from .engine import read_clock
from .functions import insert_new
from .schema import attempt_members, attempts, deliveries
from .settling import Flight, count_held, hold_rows, keep_in_order, put_in_flight, settle

__all__ = ["commit", "give_back", "renew"]

_CLAIMED = and_(deliveries.c.state == DeliveryState.CLAIMED.value, deliveries.c.attempt_id.is_(None))


def commit(
    connection: Connection,
    made: Sequence[Attempt],
    fences: Mapping[DeliveryId, int],
    settled: Sequence[Settled],
    decisions: Sequence[Decision],
    lease: int,
    now: datetime,
) -> bool:
    """
    Write the attempts down and settle those left out of them; ``False``, and nothing written, if any fence is stale.

    The lease starts anew: the hand-over has all of it before others may doubt the attempt.
    """
    going = [one for attempt in made for one in attempt.deliveries]
    if not fences.keys() >= {*going, *(one.delivery for one in settled)}:
        return False
    keep_in_order(connection, fences.items())
    if _are_claimed(connection, fences, going) and _put_in_flight(connection, made, fences, decisions, lease, now):
        settle(connection, settled, now)
        return True
    connection.rollback()
    return False


def _are_claimed(connection: Connection, fences: Mapping[DeliveryId, int], going: Sequence[DeliveryId]) -> bool:
    """Whether those who are left out are still ours; of those who go, the update tells."""
    left_out = {one: fences[one] for one in fences.keys() - going}
    return not left_out or count_held(connection, left_out, _CLAIMED) == len(left_out)


def _put_in_flight(
    connection: Connection,
    made: Sequence[Attempt],
    fences: Mapping[DeliveryId, int],
    decisions: Sequence[Decision],
    lease: int,
    now: datetime,
) -> bool:
    """Write the attempts, and put on its rows each; whether all of them were ours to put."""
    if not made:
        return True
    # an attempt that is there already is on its rows, which are no longer ours to put then
    connection.execute(insert_new(connection, attempts), [_attempt_row(one, now) for one in made])
    connection.execute(insert_new(connection, attempt_members), [_members_row(one) for one in made])
    # one moment for all of an attempt: its members are doubted together, or not yet
    flight = Flight(fences, read_clock(connection) + lease, now)
    going = [one for attempt in made for one in attempt.deliveries]
    decided = dict(zip(going, decisions, strict=True))
    return sum(put_in_flight(connection, one, decided, flight) for one in made) == len(going)


def renew(connection: Connection, awaited: Sequence[AttemptId], lease: int) -> None:
    """Begin leases anew; a row that was answered, or has gone on without the attempt, is left as it is."""
    d, until = deliveries.c, read_clock(connection) + lease
    waiting = update(deliveries).where(d.attempt_id.in_(awaited), d.state == DeliveryState.CLAIMED.value)
    connection.execute(waiting.values(lease_until=until))


def give_back(connection: Connection, fences: Mapping[DeliveryId, int]) -> None:
    """Return rows that are still ours, for anybody to claim."""
    held = hold_rows(connection, fences, deliveries.c.state == DeliveryState.CLAIMED.value)
    ours = [one for one, row in held.items() if row.fence == fences[one]]
    free = {"state": DeliveryState.READY.value, "lease_until": None, "attempt_id": None}
    connection.execute(update(deliveries).where(deliveries.c.ref.in_(ours)).values(free))


def _attempt_row(attempt: Attempt, now: datetime) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "send_id": attempt.send,
        "provider": attempt.provider,
        "content": attempt.content,
        "compiler": attempt.compiler,
        "token_key": attempt.token_key,
        "composed_at": attempt.composed_at,
        "idempotency_key": attempt.idempotency_key,
        "body_digest": attempt.body_digest,
        "started_at": now,
    }


def _members_row(attempt: Attempt) -> dict[str, Any]:
    return {"attempt_id": attempt.id, "deliveries": attempt.deliveries, "values": attempt.values}
