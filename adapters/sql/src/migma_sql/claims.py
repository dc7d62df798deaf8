"""Claims: rows that are one worker's for the length of a lease (D10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select, update

from migma_core.audience.address import Address, AddressKey
from migma_core.decision.circumstances import Wanted
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.message.token import DeliveryId

from .accepted import AcceptedSend, named_in, read_accepted
from .bulk import driver_rows
from .engine import read_clock
from .functions import is_listed, is_numbered, list_of
from .schema import deliveries
from .shapes import AnySelect

__all__ = ["Taken", "TakenRow", "Terms", "find_again", "lease", "stand_of_others", "take"]

_SOONEST = 0.05


class Terms(NamedTuple):
    """
    On what terms rows are claimed: for how many microseconds by the database's clock, with which circumstances, as of
    when, and what keys the addresses that a request names itself.
    """

    lease: int
    wanted: Wanted
    now: datetime
    pepper: bytes


class TakenRow(NamedTuple):
    """A row, with the fence under which it is ours from now on."""

    id: int
    delivery: DeliveryId
    fence: int
    attempts: int
    doubts: int
    not_before: int | None
    address_key: AddressKey


class Taken(NamedTuple):
    """
    Rows that were taken of a send, with the addresses that its request names, by their keys. Of none, how many seconds
    until some come free, and whether another worker has them.
    """

    accepted: AcceptedSend
    named: Mapping[AddressKey, Address]
    rows: Sequence[TakenRow] = ()
    busy_seconds: float | None = None
    shared: bool = False

    @property
    def stopped(self) -> bool:
        """Whether the send stands still, and gives nothing out."""
        return self.accepted.status is not CampaignStatus.SENDING


def take(connection: Connection, send: SendId, limit: int, terms: Terms, only: Sequence[DeliveryId] = ()) -> Taken:
    """
    Take free rows; where ``only`` names some, those of them that nobody has, though they rest. A mail and its copies
    are taken together or not at all.
    """
    taken = _nothing_of(connection, send, terms)
    if taken.stopped:
        return taken
    clock = read_clock(connection)
    rows = _free(connection, taken, limit, clock, only)
    if not rows:
        return stand_of_others(connection, taken, clock)
    lease(connection, rows, clock, terms)
    return taken._replace(rows=rows)


def find_again(connection: Connection, send: SendId, which: ColumnElement[bool], terms: Terms) -> Taken:
    """Find rows of an open attempt, nobody else's until the transaction ends, to `lease`; none where a send stands."""
    taken = _nothing_of(connection, send, terms)
    return taken if taken.stopped else taken._replace(rows=_rows(connection, _rows_where(which), {"of": send}))


def stand_of_others(connection: Connection, taken: Taken, clock: int | None = None) -> Taken:
    """When the first unsettled row comes free, or a mail with all its copies, and whether another worker has some."""
    clock = read_clock(connection) if clock is None else clock
    d = deliveries.c
    rests: ColumnElement[int] = func.coalesce(d.not_before, clock)
    together = bool(taken.accepted.request.copies)
    if together:
        rests = case((d.address_key == next(iter(taken.named)), rests), else_=clock)
    free = case((d.state == DeliveryState.READY.value, rests), else_=d.lease_until)
    when, of_others = func.max(free) if together else func.min(free), d.state == DeliveryState.CLAIMED.value
    unsettled = select(when, func.max(case((of_others, 1), else_=0))).where(d.send_id == taken.accepted.id)
    first, shared = connection.execute(unsettled.where(_unsettled())).one()
    busy = None if first is None else max(_SOONEST, (first - clock) / 1_000_000)
    return taken._replace(rows=(), busy_seconds=busy, shared=bool(shared))


def _nothing_of(connection: Connection, send: SendId, terms: Terms) -> Taken:
    accepted = read_accepted(connection, send)
    return Taken(accepted, named_in(accepted.request, terms.pepper))


def _free(
    connection: Connection, taken: Taken, limit: int, clock: int, only: Sequence[DeliveryId]
) -> Sequence[TakenRow]:
    """Ready rows whose time has come; if those are few, rows whose claim expired before any attempt."""
    at = {"of": taken.accepted.id, "clock": clock}
    if taken.accepted.request.copies:
        return _free_together(connection, taken, at)
    if only:
        return _rows(connection, _NAMED, {"of": taken.accepted.id, "only": list_of(only), "most": limit})
    rows = _rows(connection, _DUE, {**at, "most": limit})
    if len(rows) == limit:
        return rows
    return [*rows, *_rows(connection, _ABANDONED, {**at, "most": limit - len(rows)})]


def _free_together(connection: Connection, taken: Taken, at: Mapping[str, Any]) -> Sequence[TakenRow]:
    """A mail and its copies: all that is not settled, once the mail's own time has come and nobody has any of it."""
    rows = _rows(connection, _TOGETHER, at)
    of_mail = next(iter(taken.named))
    rests = any(row.address_key == of_mail and (row.not_before or 0) > at["clock"] for row in rows)
    return () if rests or len(rows) < _count_unsettled(connection, taken.accepted.id) else rows


def _rows(connection: Connection, query: AnySelect, given: Mapping[str, Any]) -> Sequence[TakenRow]:
    return list(map(TakenRow._make, driver_rows(connection, query, given)))


def _rows_where(which: ColumnElement[bool]) -> AnySelect:
    """Rows of a send in their order, past those that another worker is claiming at this moment."""
    d = deliveries.c
    query = select(d.id, d.ref, d.fence + 1, d.attempts, d.doubts, d.not_before, d.address_key)
    return query.where(d.send_id == bindparam("of"), which).order_by(d.id).with_for_update(skip_locked=True)


def lease(connection: Connection, rows: Sequence[TakenRow], clock: int, terms: Terms) -> None:
    """Make found rows ours, each under the fence that it says, from the clock's moment on."""
    these = list_of([row.id for row in rows])
    connection.execute(_LEASE, {"these": these, "until": clock + terms.lease, "now": terms.now})


def _count_unsettled(connection: Connection, send: SendId) -> int:
    query = select(func.count()).select_from(deliveries).where(deliveries.c.send_id == send, _unsettled())
    return connection.execute(query).scalar_one()


def _unsettled() -> ColumnElement[bool]:
    return deliveries.c.state.in_((DeliveryState.READY.value, DeliveryState.CLAIMED.value))


_d = deliveries.c
_ready, _clock = _d.state == DeliveryState.READY.value, bindparam("clock", type_=_d.lease_until.type)
_abandoned = and_(_d.state == DeliveryState.CLAIMED.value, _d.attempt_id.is_(None), _d.lease_until <= _clock)
# built once: to build a statement takes longer than to find its rows
_DUE = _rows_where(and_(_ready, or_(_d.not_before.is_(None), _d.not_before <= _clock))).limit(bindparam("most"))
_NAMED = _rows_where(and_(_ready, is_listed(_d.ref, "only"))).limit(bindparam("most"))
_ABANDONED = _rows_where(_abandoned).limit(bindparam("most"))
_TOGETHER = _rows_where(or_(_ready, _abandoned))
_LEASED = {
    "state": DeliveryState.CLAIMED.value,
    "fence": _d.fence + 1,
    "lease_until": bindparam("until"),
    "updated_at": bindparam("now"),
}
_LEASE = update(deliveries).where(is_numbered(_d.id, "these")).values(_LEASED)
