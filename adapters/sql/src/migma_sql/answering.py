"""Answering: the outcomes of attempts, each written once, onto rows that still wait for them (D10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, false, or_, select, update

from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.delivery import SETTLED, DeliveryState, SendId
from migma_core.delivery.effects import Settled
from migma_core.message.token import DeliveryId

from .functions import is_listed, list_of
from .schema import attempts, deliveries
from .settling import HeldRow, count_accepted, hold_rows, settle, settle_awaiting

__all__ = ["record", "record_all", "reinstate"]


def record_all(
    connection: Connection, answered: Sequence[AttemptId], settled: Sequence[Settled], now: datetime
) -> bool:
    """
    Write outcomes of which every one is final, onto rows of which every one waits for it, as nearly always;
    ``False``, and nothing written, where that is not so: then `record` looks at each row.
    """
    are_final = DeliveryState.UNKNOWN not in [one.state for one in settled]
    sends = _unanswered(connection, answered)
    if are_final and sends and settle_awaiting(connection, settled, sends, now) == len(settled):
        _close(connection, sends, sends, settled, now)
        return True
    connection.rollback()
    return False


def record(connection: Connection, answered: Sequence[AttemptId], settled: Sequence[Settled], now: datetime) -> None:
    """
    Write the outcomes, once. A row that has gone on without its attempt is left as it is, and an attempt that somebody
    else is at work on stays open for them.
    """
    sends = _unanswered(connection, answered)
    held = hold_rows(connection, [one.delivery for one in settled], _concerned(sends))
    taken = [one for one in settled if (row := held.get(one.delivery)) is not None and _awaits(row, one)]
    left_open = _left_open(held, {one.delivery: one.state for one in taken})
    settle(connection, taken, now)
    _close(connection, sends, sends.keys() - left_open, taken, now)


def _unanswered(connection: Connection, answered: Sequence[AttemptId]) -> dict[AttemptId, SendId]:
    """Those attempts that nobody has closed, and whose they are."""
    return {row.id: row.send_id for row in connection.execute(_UNANSWERED, {"them": list_of(answered)})}


def _close(
    connection: Connection,
    sends: Mapping[AttemptId, SendId],
    closed: Collection[AttemptId],
    taken: Sequence[Settled],
    now: datetime,
) -> None:
    connection.execute(_CLOSE, {"them": list_of(list(closed)), "now": now})
    accepted = [one.state for one in taken].count(DeliveryState.ACCEPTED)
    for send in dict.fromkeys(sends.values()):
        count_accepted(connection, send, accepted)  # the attempts of a wave are all of one send


_a = attempts.c
_UNANSWERED = (
    select(_a.id, _a.send_id)
    .where(is_listed(_a.id, "them"), _a.finished_at.is_(None))
    .order_by(_a.id)
    .with_for_update(of=attempts)
)
_CLOSE = update(attempts).where(is_listed(_a.id, "them")).values(finished_at=bindparam("now"))


def reinstate(connection: Connection, members: Sequence[DeliveryId], now: datetime) -> None:
    """Rows that were refused, or rest while a refused batch is halved, are ready again, and have lost no attempt."""
    d = deliveries.c
    held = hold_rows(connection, members, d.state.in_((DeliveryState.REJECTED.value, DeliveryState.READY.value)))
    refused = [one for one, row in held.items() if row.state is DeliveryState.REJECTED]
    ready = {"state": DeliveryState.READY.value, "not_before": None, "attempt_id": None, "updated_at": now}
    connection.execute(update(deliveries).where(d.ref.in_(list(held))).values(ready))
    connection.execute(update(deliveries).where(d.ref.in_(refused), d.attempts > 0).values(attempts=d.attempts - 1))


def _concerned(unanswered: Collection[AttemptId]) -> ColumnElement[bool]:
    """Rows that such an attempt is on, or that were made ready again while it was in doubt."""
    d = deliveries.c
    again = and_(d.attempt_id.is_(None), d.state == DeliveryState.READY.value)
    return or_(d.attempt_id.in_(list(unanswered)), again) if unanswered else false()


def _awaits(row: HeldRow, one: Settled) -> bool:
    """
    Whether the row still takes this answer, however late (reliability §6).

    An acceptance of its own attempt it takes from whomever. One held in doubt takes any final answer: nobody has sent
    it again, and what is known now is better than what was held for want of it. One that waits to be sent again takes
    an acceptance: that is one copy less.
    """
    in_time, accepted = row.fence == one.fence, one.state is DeliveryState.ACCEPTED
    match row.state:
        case DeliveryState.CLAIMED:
            return in_time or accepted
        case DeliveryState.HELD:
            return one.state in SETTLED and (in_time or accepted)
        case DeliveryState.READY:
            return in_time and accepted
        case _:
            return False


def _left_open(held: Mapping[DeliveryId, HeldRow], taken: Mapping[DeliveryId, DeliveryState]) -> set[AttemptId | None]:
    """Attempts with a row whose outcome is still to come: it stays in doubt, or is another worker's by now."""
    in_doubt = {one for one, state in taken.items() if state is DeliveryState.UNKNOWN}
    elsewhere = {one for one, row in held.items() if row.state is DeliveryState.CLAIMED} - taken.keys()
    return {held[one].attempt for one in in_doubt | elsewhere}
