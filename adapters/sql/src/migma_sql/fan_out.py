"""Fan-out: one delivery for everyone in the audience, a page at a time, however often it is interrupted (D10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import AudiencePage, Decided

from .accepted import AcceptedSend, read_accepted
from .audience import audience_of, read_page
from .functions import insert_new
from .question import ask
from .refs import new_ref
from .schema import contacts, deliveries, sends

__all__ = ["close_fan_out", "is_open", "next_page", "write_page"]


def is_open(accepted: AcceptedSend) -> bool:
    """Whether there may be people without a row yet, and rows may be written."""
    return accepted.status is CampaignStatus.SENDING and not accepted.fan_out_done


def next_page(connection: Connection, accepted: AcceptedSend, limit: int, pepper: bytes) -> AudiencePage:
    """The members after the place reached."""
    question = ask(connection, accepted.request, accepted.purpose)
    audience = audience_of(connection, question, accepted.request.recipients, pepper)
    return read_page(connection, audience, accepted.fan_out_after or 0, limit)


def write_page(
    connection: Connection, send: SendId, rows: Sequence[Decided], after: int | None, policy: str, now: datetime
) -> None:
    """Write rows and place together. A page that comes late, to a send that went on without it, is dropped."""
    if not is_open(read_accepted(connection, send, lock=True)):
        return
    if rows:
        insert = insert_new(connection, deliveries).values(contact_id=_STILL_THERE)
        connection.execute(insert, [_row(send, one, policy, now) for one in rows])
    if after is None:
        close_fan_out(connection, send)
    else:
        connection.execute(update(sends).where(sends.c.id == send).values(fan_out_after=after))


def close_fan_out(connection: Connection, send: SendId) -> None:
    """Everybody has a row."""
    connection.execute(update(sends).where(sends.c.id == send).values(fan_out_done=True))


# Somebody may be erased between reading a page and writing it: their row stands without them, and is withheld.
_STILL_THERE = select(contacts.c.id).where(contacts.c.id == bindparam("contact")).scalar_subquery()


def _row(send: SendId, decided: Decided, policy: str, now: datetime) -> dict[str, Any]:
    (contact, key, standing), reasons = decided
    state = DeliveryState.WITHHELD if reasons else DeliveryState.READY
    return {
        "ref": new_ref(),
        "send_id": send,
        "contact": contact,
        "address_key": key,
        "cell": standing.cell,
        "denials": int(standing.denials),
        "reasons": ",".join(reasons),
        "decided_at": now,
        "policy": policy,
        "state": state.value,
        "updated_at": now,
    }
