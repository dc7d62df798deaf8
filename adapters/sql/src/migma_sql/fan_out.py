"""Fan-out: one delivery for everyone in the audience, a page at a time, however often it is interrupted (D10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from migma_core.decision.circumstances import Wanted
from migma_core.decision.record import Decision
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import AudiencePage, Decided

from .accepted import AcceptedSend, read_accepted
from .audience import Place, audience_of, read_page
from .bulk import insert_missing
from .decisions import decision_columns, not_before
from .engine import now_us
from .question import ask
from .refs import new_refs
from .schema import deliveries, sends

__all__ = ["close_fan_out", "is_open", "next_page", "write_page"]


def is_open(accepted: AcceptedSend) -> bool:
    """Whether there may be people without a row yet, and rows may be written."""
    return accepted.status is CampaignStatus.SENDING and not accepted.fan_out_done


def next_page(
    connection: Connection, accepted: AcceptedSend, limit: int, pepper: bytes, wanted: Wanted, now: datetime
) -> AudiencePage:
    """The members after the place reached."""
    question = ask(connection, accepted.request, accepted.purpose, now)
    request = accepted.request
    audience = audience_of(connection, question, request.recipients, pepper, copies=request.copies)
    return read_page(connection, question, audience, Place(accepted.fan_out_after or 0, limit), wanted, now)


def write_page(connection: Connection, send: SendId, rows: Sequence[Decided], after: int | None, now: datetime) -> None:
    """Write rows and place together. A page that comes late, to a send that went on without it, is dropped."""
    if not is_open(read_accepted(connection, send, lock=True)):
        return
    if rows:
        clock: int = connection.execute(select(now_us())).scalar_one()
        made: dict[Decision, tuple[Any, ...]] = {}
        refs = new_refs(len(rows), now)
        given = [_row(ref, send, one, made, clock, now) for ref, one in zip(refs, rows, strict=True)]
        insert_missing(connection, deliveries, _COLUMNS, given)
    if after is None:
        close_fan_out(connection, send)
    else:
        connection.execute(update(sends).where(sends.c.id == send).values(fan_out_after=after))


def close_fan_out(connection: Connection, send: SendId) -> None:
    """Everybody has a row."""
    connection.execute(update(sends).where(sends.c.id == send).values(fan_out_done=True))


_DECIDED = ("cell", "denials", "reasons", "outside", "decided_at", "policy", "state", "not_before", "updated_at")
_COLUMNS = ("ref", "send_id", "address_key", *_DECIDED)


def _row(
    ref: str, send: SendId, decided: Decided, made: dict[Decision, tuple[Any, ...]], clock: int, now: datetime
) -> tuple[Any, ...]:
    (_, key, _, _), decision = decided
    if decision.circumstances is not None:
        columns = _decided(decision, clock, now)
    elif (known := made.get(decision)) is not None:
        columns = known
    else:  # an audience stands in a few cells: most rows of a page are decided alike
        columns = made[decision] = _decided(decision, clock, now)
    return (ref, send, key, *columns)


def _decided(decision: Decision, clock: int, now: datetime) -> tuple[Any, ...]:
    withheld = not decision.is_mailable and decision.until is None
    state = (DeliveryState.WITHHELD if withheld else DeliveryState.READY).value
    return (*decision_columns(decision).values(), state, not_before(decision, clock), now)
