"""Fan-out: one delivery for everyone in the audience, a page at a time, however often it is interrupted (D10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from migma_core.decision.circumstances import Wanted
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import AudiencePage, Decided

from .accepted import AcceptedSend, read_accepted
from .audience import Place, audience_of, read_page
from .decisions import decision_columns, not_before
from .engine import now_us
from .functions import insert_new
from .question import ask
from .refs import new_ref
from .schema import contacts, deliveries, sends

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
        insert = insert_new(connection, deliveries).values(contact_id=_STILL_THERE)
        clock: int = connection.execute(select(now_us())).scalar_one()
        connection.execute(insert, [_row(send, one, clock, now) for one in rows])
    if after is None:
        close_fan_out(connection, send)
    else:
        connection.execute(update(sends).where(sends.c.id == send).values(fan_out_after=after))


def close_fan_out(connection: Connection, send: SendId) -> None:
    """Everybody has a row."""
    connection.execute(update(sends).where(sends.c.id == send).values(fan_out_done=True))


# Somebody may be erased between reading a page and writing it: their row stands without them, and is withheld.
_STILL_THERE = select(contacts.c.id).where(contacts.c.id == bindparam("contact")).scalar_subquery()


def _row(send: SendId, decided: Decided, clock: int, now: datetime) -> dict[str, Any]:
    (contact, key, _, _), decision = decided
    withheld = not decision.is_mailable and decision.until is None
    return {
        "ref": new_ref(),
        "send_id": send,
        "contact": contact,
        "address_key": key,
        **decision_columns(decision),
        "state": (DeliveryState.WITHHELD if withheld else DeliveryState.READY).value,
        "not_before": not_before(decision, clock),
        "updated_at": now,
    }
