"""Settling: rows of deliveries, kept from changing while a step is checked, and moved on by the step (D10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, case, func, select, update

from migma_core.decision.record import Decision
from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import Settled
from migma_core.message.token import DeliveryId

from .accepted import read_accepted
from .decisions import decision_columns
from .engine import now_us
from .question import account_of
from .schema import deliveries, domains

__all__ = ["FORGOTTEN", "HeldRow", "count_accepted", "decide_again", "hold_rows", "settle"]

_AT_ONCE = 500
FORGOTTEN = "the person asked to be forgotten"
"""Why a row is as it is whose person was erased. No later word takes its place: a provider's may quote the address."""


class HeldRow(NamedTuple):
    """A row that somebody asks to change, as it is."""

    fence: int
    state: DeliveryState
    attempt: AttemptId | None


def hold_rows(
    connection: Connection, refs: Collection[DeliveryId], only: ColumnElement[bool] | None = None
) -> dict[DeliveryId, HeldRow]:
    """Read rows as they are, and keep them so until the transaction ends; in one order, so that nobody deadlocks."""
    d = deliveries.c
    query = select(d.ref, d.fence, d.state, d.attempt_id).order_by(d.ref).with_for_update()
    query = query if only is None else query.where(only)
    found: dict[DeliveryId, HeldRow] = {}
    for some in _chunks(sorted(refs)):
        for ref, fence, state, attempt in connection.execute(query.where(d.ref.in_(some))):
            found[ref] = HeldRow(fence, DeliveryState(state), attempt)
    return found


def settle(
    connection: Connection, settled: Sequence[Settled], now: datetime, spent: Callable[[Settled], bool] | None = None
) -> None:
    """Move held rows on. ``spent`` says of which an attempt is used up; the others keep their count."""
    clock: int = connection.execute(select(now_us())).scalar_one()
    rows = [_step(one, clock, now, spent is not None and spent(one)) for one in settled]
    if rows:
        connection.execute(_SETTLE, rows)
    decide_again(connection, {one.delivery: one.decision for one in settled if one.decision is not None})


def decide_again(connection: Connection, decisions: Mapping[DeliveryId, Decision]) -> None:
    """Put fresh decisions on record, in place of those of the fan-out."""
    if decisions:
        connection.execute(_DECIDE_AGAIN, [_decision(one, decision) for one, decision in decisions.items()])


def count_accepted(connection: Connection, send: SendId, accepted: int) -> None:
    """Count messages that were accepted for the domain they came from (R62)."""
    if not accepted:
        return
    request = read_accepted(connection, send).request
    d, account = domains.c, account_of(connection, request.project)
    here = update(domains).where(d.account_id == account, d.name == request.sender.domain)
    connection.execute(here.values(sent=d.sent + accepted))


_SETTLE = (
    update(deliveries)
    .where(deliveries.c.ref == bindparam("delivery"))
    .values(
        state=bindparam("to"),
        why=case((deliveries.c.why == FORGOTTEN, FORGOTTEN), else_=bindparam("because", type_=deliveries.c.why.type)),
        not_before=bindparam("rests_until"),
        lease_until=None,
        attempts=deliveries.c.attempts + bindparam("spent"),
        attempt_id=case((bindparam("keeps", type_=Integer) == 1, deliveries.c.attempt_id), else_=None),
        provider_id=func.coalesce(bindparam("known_as", type_=deliveries.c.provider_id.type), deliveries.c.provider_id),
        updated_at=bindparam("now"),
    )
)
_DECISION = ("cell", "denials", "reasons", "outside", "decided_at", "policy")
_DECIDE_AGAIN = (
    update(deliveries)
    .where(deliveries.c.ref == bindparam("delivery"))
    .values({name: bindparam(f"fresh_{name}", type_=deliveries.c[name].type) for name in _DECISION})
)


def _step(one: Settled, clock: int, now: datetime, spent: bool) -> dict[str, Any]:
    return {
        "delivery": one.delivery,
        "to": one.state.value,
        "because": one.why,
        "rests_until": clock + round(one.wait * 1_000_000) if one.wait > 0 else None,
        "spent": int(spent),
        "keeps": int(one.keeps_attempt),
        "known_as": one.provider_id,
        "now": now,
    }


def _decision(delivery: DeliveryId, decision: Decision) -> dict[str, Any]:
    return {"delivery": delivery, **{f"fresh_{name}": value for name, value in decision_columns(decision).items()}}


def _chunks(refs: Sequence[DeliveryId]) -> Iterator[Sequence[DeliveryId]]:
    return (refs[start : start + _AT_ONCE] for start in range(0, len(refs), _AT_ONCE))
