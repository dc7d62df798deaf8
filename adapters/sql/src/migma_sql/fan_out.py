"""Fan-out: one delivery for everyone in the audience, a page at a time, however often it is interrupted (D10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, update

from migma_core.decision.policy import Policy
from migma_core.decision.record import Decision, record
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import FannedOut

from .accepted import AcceptedSend, read_accepted
from .audience import Audience, Place, audience_of, read_page
from .bulk import insert_missing
from .decisions import decision_columns, first_state, not_before
from .engine import read_clock
from .question import Question, ask
from .refs import new_refs
from .schema import deliveries, sends
from .standing_by_standing import Asked, write_alike

__all__ = ["Page", "write_page"]


class Page(NamedTuple):
    """How many people are next, what decides about them, what keys their addresses, and when."""

    limit: int
    policy: Policy
    pepper: bytes
    now: datetime


class _Written(NamedTuple):
    """How many people a page held, to how many of them is to be written, and where the next one begins, if any does."""

    people: int
    planned: int
    after: int | None


def write_page(connection: Connection, send: SendId, page: Page) -> FannedOut:
    """
    Write rows and place together; nobody where the send stands still, or all are written. Workers that come together
    wait for each other, and each writes a page of its own.
    """
    accepted = read_accepted(connection, send, lock=True)
    if accepted.status is not CampaignStatus.SENDING or accepted.fan_out_done:
        return FannedOut(0, 0, goes_on=False)
    written = _write(connection, accepted, page)
    reached = {"fan_out_done": True} if written.after is None else {"fan_out_after": written.after}
    connection.execute(update(sends).where(sends.c.id == send).values(reached))
    return FannedOut(written.people, written.planned, goes_on=written.after is not None)


def _write(connection: Connection, accepted: AcceptedSend, page: Page) -> _Written:
    request = accepted.request
    question = ask(connection, request, accepted.purpose, page.now)
    audience = audience_of(connection, question, request.recipients, page.pepper, copies=request.copies)
    place = Place(accepted.fan_out_after or 0, page.limit)
    # standings alone decide, and nobody has to be looked at: within the database, where that is no network away
    if connection.dialect.name == "sqlite" and not page.policy.outside and not audience.strangers:
        asked = Asked(accepted.id, question, audience, place)
        return _Written(*write_alike(connection, asked, page.policy, page.now))
    return _write_each(connection, accepted.id, question, audience, place, page)


def _write_each(
    connection: Connection, send: SendId, question: Question, audience: Audience, place: Place, page: Page
) -> _Written:
    """Read people, decide about each, and write their rows."""
    found = read_page(connection, question, audience, place, page.policy.wanted, page.now)
    decided = [record(row.standing, page.policy, page.now, row.circumstances) for row in found.rows]
    clock = read_clock(connection)
    refs, made = new_refs(page.now, len(decided)), dict[Decision, tuple[Any, ...]]()
    rows = [
        (ref, send, row.address_key, *_columns(decision, made, clock))
        for ref, row, decision in zip(refs, found.rows, decided, strict=True)
    ]
    insert_missing(connection, deliveries, _COLUMNS, rows)
    planned = sum(first_state(one) is DeliveryState.READY for one in decided)
    return _Written(len(rows), planned, found.after)


_DECIDED = ("cell", "denials", "reasons", "outside", "decided_at", "policy", "state", "not_before", "updated_at")
_COLUMNS = ("ref", "send_id", "address_key", *_DECIDED)


def _columns(decision: Decision, made: dict[Decision, tuple[Any, ...]], clock: int) -> tuple[Any, ...]:
    """An audience stands in a few cells: most rows of a page are decided alike."""
    if decision.circumstances is not None:  # what was read of one person is nobody else's
        return _made(decision, clock)
    return made.get(decision) or made.setdefault(decision, _made(decision, clock))


def _made(decision: Decision, clock: int) -> tuple[Any, ...]:
    state, due = first_state(decision).value, not_before(decision, clock)
    return (*decision_columns(decision).values(), state, due, decision.at)
