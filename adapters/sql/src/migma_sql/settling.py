"""Settling: rows of deliveries, kept from changing while a step is checked, and moved on by the step (D10)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Update, bindparam, case, func, select, update

from migma_core.decision.record import Decision
from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import Settled
from migma_core.message.token import DeliveryId

from .decisions import decision_columns
from .engine import now_us
from .functions import is_listed, list_of, numbers_by_text
from .schema import deliveries, domains, projects, sends

__all__ = ["FORGOTTEN", "HeldRow", "count_accepted", "count_held", "hold_rows", "put_in_flight", "settle"]

FORGOTTEN = "the person asked to be forgotten"
"""Why a row is as it is whose person was erased. No later word takes its place: a provider's may quote the address."""

_fences = numbers_by_text("fences").c
_HELD = select(deliveries.c.id).where(deliveries.c.ref == _fences.key, deliveries.c.fence == _fences.value)
_FEW = 4  # for which a statement of their own costs more than it saves
_STATES = {one.value: one for one in DeliveryState}


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
    query = select(d.ref, d.fence, d.state, d.attempt_id).where(is_listed(d.ref, "them"))
    query = query if only is None else query.where(only)
    rows = connection.execute(query.order_by(d.ref).with_for_update(), {"them": list_of(list(refs))})
    return {ref: HeldRow(fence, _STATES[state], attempt) for ref, fence, state, attempt in rows}


def count_held(connection: Connection, fences: Mapping[DeliveryId, int], only: ColumnElement[bool]) -> int:
    """
    How many of these rows are under these very fences and as ``only`` says. All are kept so until the transaction ends,
    locked in the order of `hold_rows`.
    """
    held = _HELD.where(only).order_by(deliveries.c.ref).with_for_update(of=deliveries).subquery()
    counted = select(func.count()).select_from(held)
    return connection.execute(counted, {"fences": json.dumps(fences)}).scalar_one()


def settle(connection: Connection, settled: Sequence[Settled], now: datetime) -> None:
    """
    Move held rows on. In doubt, a row keeps its attempt, and its lease ends after the wait; its fence moves on, so that
    the same answer, repeated, is no second doubt.
    """
    if not settled:
        return
    clock: int = connection.execute(select(now_us())).scalar_one()
    alike: dict[_Step, list[DeliveryId]] = {}
    for one in settled:
        step = _Step(one.state, one.why, one.wait, one.keeps_attempt, one.provider_id, one.spends, one.doubts)
        alike.setdefault(step, []).append(one.delivery)
    _update(connection, _SETTLE, ((_moved(step, clock, now), members) for step, members in alike.items()))
    _decide_again(connection, {one.delivery: one.decision for one in settled if one.decision is not None})


def _decide_again(connection: Connection, decisions: Mapping[DeliveryId, Decision]) -> None:
    """Put fresh decisions on record, in place of those of the fan-out."""
    _update(connection, _DECIDE_AGAIN, _decided_alike(decisions))


def put_in_flight(
    connection: Connection, attempt: AttemptId, decisions: Mapping[DeliveryId, Decision], until: int, now: datetime
) -> None:
    """Put rows of one attempt in flight, with the fresh decisions that let them be, until their lease is over."""
    flight = {"of": attempt, "until": until, "now": now}
    _update(connection, _IN_FLIGHT, (({**flight, **made}, who) for made, who in _decided_alike(decisions)))


def _decided_alike(decisions: Mapping[DeliveryId, Decision]) -> Iterator[tuple[dict[str, Any], list[DeliveryId]]]:
    """The columns of decisions, each with all those about whom it was made alike."""
    alike: dict[Decision, list[DeliveryId]] = {}
    for delivery, decision in decisions.items():
        if decision.circumstances is None:
            alike.setdefault(decision, []).append(delivery)
        else:  # what was read of one person is nobody else's
            yield _decision(decision), [delivery]
    for decision, members in alike.items():
        yield _decision(decision), members


def count_accepted(connection: Connection, send: SendId, accepted: int) -> None:
    """Count messages that were accepted for the domain they came from (R62)."""
    if not accepted:
        return
    connection.execute(_COUNT_ACCEPTED, {"of": send, "more": accepted})


class _Step(NamedTuple):
    """What is done to a row, whoever it is about."""

    state: DeliveryState
    why: str
    wait: float
    keeps_attempt: bool
    provider_id: str | None
    spends: bool
    doubts: bool


class _Change(NamedTuple):
    """The same update twice: of many rows named together, and of each by itself."""

    together: Update
    alone: Update


def _change(values: Mapping[str, Any]) -> _Change:
    d = deliveries.c
    together, alone = is_listed(d.ref, "them"), d.ref == bindparam("it")
    return _Change(*(update(deliveries).where(those).values(values) for those in (together, alone)))


def _update(
    connection: Connection, change: _Change, alike: Iterable[tuple[dict[str, Any], Sequence[DeliveryId]]]
) -> None:
    """Rows to which the same is done are changed by one statement: nearly all of a batch."""
    rows = []
    for values, members in alike:
        if len(members) < _FEW:
            rows += [{**values, "it": one} for one in members]
        else:
            connection.execute(change.together, {**values, "them": list_of(members)})
    if rows:
        connection.execute(change.alone, rows)


_SENT = sends.c.id == bindparam("of")
_COUNT_ACCEPTED = (
    update(domains)
    .where(
        domains.c.account_id
        == select(projects.c.account_id)
        .join(sends, sends.c.project_id == projects.c.id)
        .where(_SENT)
        .scalar_subquery(),
        domains.c.name == select(sends.c.request["sender"]["domain"].as_string()).where(_SENT).scalar_subquery(),
    )
    .values(sent=domains.c.sent + bindparam("more"))
)
_SETTLE = _change(
    {
        "state": bindparam("to"),
        "why": case(
            (deliveries.c.why == FORGOTTEN, FORGOTTEN), else_=bindparam("because", type_=deliveries.c.why.type)
        ),
        "not_before": bindparam("rests_until"),
        "lease_until": bindparam("doubtful_from"),
        "attempts": deliveries.c.attempts + bindparam("spent"),
        "doubts": deliveries.c.doubts + bindparam("doubted"),
        "fence": deliveries.c.fence + bindparam("ends_claim"),
        "attempt_id": case((bindparam("keeps", type_=Integer) == 1, deliveries.c.attempt_id), else_=None),
        "provider_id": func.coalesce(
            bindparam("known_as", type_=deliveries.c.provider_id.type), deliveries.c.provider_id
        ),
        "updated_at": bindparam("now"),
    }
)
_DECISION = {
    name: bindparam(f"fresh_{name}", type_=deliveries.c[name].type)
    for name in ("cell", "denials", "reasons", "outside", "decided_at", "policy")
}
_DECIDE_AGAIN = _change(_DECISION)
_IN_FLIGHT = _change(
    {"attempt_id": bindparam("of"), "lease_until": bindparam("until"), "updated_at": bindparam("now"), **_DECISION}
)


def _moved(one: _Step, clock: int, now: datetime) -> dict[str, Any]:
    in_doubt, until = one.state is DeliveryState.UNKNOWN, clock + round(one.wait * 1_000_000)
    return {
        # a claim whose attempt is open, and whose lease is over: that is how a row is in doubt (D10)
        "to": (DeliveryState.CLAIMED if in_doubt else one.state).value,
        "because": one.why,
        "rests_until": until if one.wait > 0 and not in_doubt else None,
        "doubtful_from": until if in_doubt else None,
        "spent": int(one.spends),
        "doubted": int(one.doubts),
        "ends_claim": int(in_doubt),
        "keeps": int(one.keeps_attempt),
        "known_as": one.provider_id,
        "now": now,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {f"fresh_{name}": value for name, value in decision_columns(decision).items()}
