"""Claims: rows that are one worker's for the length of a lease, with facts as fresh as the claim itself (D10)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, func, or_, select, update

from migma_core.audience.address import Address, AddressKey, InvalidAddress
from migma_core.audience.contact import ContactId, contact_values
from migma_core.audience.suppression import Denials, Suppression
from migma_core.audience.topic import TopicId
from migma_core.audience.values import Scalar
from migma_core.decision.circumstances import Circumstances, Wanted
from migma_core.decision.facts import Facts
from migma_core.decision.reasons import ReasonKind
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import Claimed, ClaimedRow
from migma_core.message.token import DeliveryId

from .accepted import AcceptedSend, named_in, read_accepted
from .bulk import driver_rows, is_one_of
from .circumstances import circumstances_of_people
from .engine import now_us
from .evidence import evidence_for
from .exclusions import excluded_bit
from .question import Question, ask
from .schema import contacts, deliveries
from .sender import read_sender
from .shapes import AnySelect
from .standing import cell_of, denials_of, standing_of, with_facts

__all__ = ["Terms", "claim", "claim_again"]

_SOONEST = 0.05
_d, _c = deliveries.c, contacts.c
_PERSON = (
    *(_c.id, _c.ref, _c.local, _c.domain),
    *(_c.first_name, _c.last_name, _c.phone, _c.country, _c.language, cast(_c.fields, Text)),
)


class _Found(NamedTuple):
    """One row of `_facts`, as the driver gives it: a row of SQLAlchemy's costs each of a batch as much again."""

    id: int
    delivery: DeliveryId
    fence: int
    attempts: int
    doubts: int
    not_before: int | None
    address_key: bytes
    cell: int
    denials: int
    contact: int | None
    ref: ContactId | None
    local: str | None
    domain: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    country: str | None
    language: str | None
    fields: str | None


class Terms(NamedTuple):
    """
    On what terms rows are claimed: for how many microseconds by the database's clock, with which circumstances, as of
    when, and what keys the addresses that a request names itself.
    """

    lease: int
    wanted: Wanted
    now: datetime
    pepper: bytes


def claim(connection: Connection, send: SendId, limit: int, terms: Terms, only: Sequence[DeliveryId] = ()) -> Claimed:
    """
    Take free rows, and read everything about them anew; where ``only`` names some, those of them that nobody has,
    though they rest. A mail and its copies are taken together or not at all.
    """
    now = terms.now
    accepted = read_accepted(connection, send)
    sender = read_sender(connection, accepted.request)
    if accepted.status is not CampaignStatus.SENDING:
        return Claimed(now, sender, (), stopped=True)
    clock: int = connection.execute(select(now_us())).scalar_one()
    question = ask(connection, accepted.request, accepted.purpose, now)
    looking = _Looking(question, accepted, named_in(accepted.request, terms.pepper))
    found = _free(connection, looking, limit, clock, only)
    addressed = [(row, address) for row in found if (address := _address(row, looking.named)) is not None]
    _withhold_unaddressed(connection, found, {row.id for row, _ in addressed}, now)
    _take(connection, [row.id for row, _ in addressed], clock + terms.lease, now)
    rows = _claimed_rows(connection, question, addressed, terms)
    return Claimed(now, sender, rows) if rows else _nobody_free(connection, looking, clock, Claimed(now, sender, ()))


def claim_again(connection: Connection, send: SendId, which: ColumnElement[bool], terms: Terms) -> Claimed:
    """Take rows of an open attempt for another lease, with fresh facts; none of a send that stands still."""
    now = terms.now
    accepted = read_accepted(connection, send)
    sender = read_sender(connection, accepted.request)
    if accepted.status is not CampaignStatus.SENDING:
        return Claimed(now, sender, (), stopped=True)
    clock: int = connection.execute(select(now_us())).scalar_one()
    question = ask(connection, accepted.request, accepted.purpose, now)
    named = named_in(accepted.request, terms.pepper)
    found = _found(connection, _Looking(question, accepted, named), which)
    addressed = [(row, address) for row in found if (address := _address(row, named)) is not None]
    _take(connection, [row.id for row, _ in addressed], clock + terms.lease, now)
    return Claimed(now, sender, _claimed_rows(connection, question, addressed, terms))


class _Looking(NamedTuple):
    """For whose rows we look: a send's, with the addresses that its request names, by their keys."""

    question: Question
    accepted: AcceptedSend
    named: Mapping[AddressKey, Address]


def _free(
    connection: Connection, looking: _Looking, limit: int, clock: int, only: Sequence[DeliveryId]
) -> Sequence[_Found]:
    """Ready rows whose time has come; if those are few, rows whose claim expired before any attempt."""
    d = deliveries.c
    due = d.ref.in_(only) if only else or_(d.not_before.is_(None), d.not_before <= clock)
    ready = and_(d.state == DeliveryState.READY.value, due)
    abandoned = and_(d.state == DeliveryState.CLAIMED.value, d.attempt_id.is_(None), d.lease_until <= clock)
    if looking.accepted.request.copies:
        return _free_together(connection, looking, or_(d.state == DeliveryState.READY.value, abandoned), clock)
    rows = _found(connection, looking, ready, limit)
    if len(rows) == limit or only:
        return rows
    return [*rows, *_found(connection, looking, abandoned, limit - len(rows))]


def _free_together(
    connection: Connection, looking: _Looking, which: ColumnElement[bool], clock: int
) -> Sequence[_Found]:
    """A mail and its copies: all that is not settled, once the mail's own time has come and nobody has any of it."""
    rows = _found(connection, looking, which)
    of_mail = next(iter(looking.named))
    rests = any(row.address_key == of_mail and (row.not_before or 0) > clock for row in rows)
    return () if rests or len(rows) < _count_unsettled(connection, looking.accepted.id) else rows


def _found(
    connection: Connection, looking: _Looking, which: ColumnElement[bool], limit: int | None = None
) -> Sequence[_Found]:
    """
    Rows with their facts. What is known of an address alone differs between those that a request names: with several
    of them, each is asked about by itself.
    """
    if len(looking.named) < 2:  # noqa: PLR2004 - several
        stranger = next(iter(looking.named.values()), None)
        return _fetched(connection, _facts(connection, looking, stranger).where(which).limit(limit))
    found: list[_Found] = []
    for key, one in looking.named.items():
        query = _facts(connection, looking, one).where(which, deliveries.c.address_key == key)
        found += _fetched(connection, query)
    return found


def _fetched(connection: Connection, query: AnySelect) -> list[_Found]:
    return list(map(_Found._make, driver_rows(connection, query)))


def _facts(connection: Connection, looking: _Looking, stranger: Address | None) -> AnySelect:
    """
    Rows of the send in their order, each with whoever holds its address in the project *now*.

    The contact is found by the key, not by the number written at fan-out: the row is about an address. Rows that
    another worker is claiming at this moment are passed over.
    """
    d = deliveries.c
    question, accepted, _ = looking
    known = and_(contacts.c.project_id == question.project, contacts.c.address_key == d.address_key)
    people = with_facts(deliveries.outerjoin(contacts, known), d.address_key, question)
    # whom the request left out at fan-out stays out, and whoever has come to be left out since is as well
    denials = denials_of(stranger).bitwise_or(d.denials.bitwise_and(int(Denials.EXCLUDED)))
    if question.exclusions:
        denials = denials.bitwise_or(excluded_bit(connection, question, d.address_key))
    standing = (cell_of(question, stranger).label("cell"), denials.label("denials"))
    row = (d.id, d.ref, d.fence, d.attempts, d.doubts, d.not_before, d.address_key)
    query = select(*row, *standing, *_PERSON).select_from(people).where(d.send_id == accepted.id)
    return query.order_by(d.id).with_for_update(of=deliveries, skip_locked=True)


def _address(row: _Found, named: Mapping[AddressKey, Address]) -> Address | None:
    """Where to write to: the contact's address, or the request's own; ``None`` where there is none any more."""
    if row.local is None:
        return named.get(AddressKey(row.address_key))
    try:
        return Address(row.local, row.domain)
    except InvalidAddress:
        return None  # one bad record never stops the others (reliability §9)


def _take(connection: Connection, rows: Sequence[int], until: int, now: datetime) -> None:
    d = deliveries.c
    taken = {"state": DeliveryState.CLAIMED.value, "fence": d.fence + 1, "lease_until": until, "updated_at": now}
    connection.execute(update(deliveries).where(is_one_of(connection, d.id, rows)).values(taken))


def _withhold_unaddressed(connection: Connection, found: Sequence[_Found], addressed: set[int], now: datetime) -> None:
    d = deliveries.c
    settled = {
        "state": DeliveryState.WITHHELD.value,
        "why": "nobody in the project has this address any more",
        "reasons": ReasonKind.UNREADABLE.value,
        "denials": d.denials.bitwise_or(int(Denials.UNREADABLE)),
        "decided_at": now,
        "updated_at": now,
    }
    gone = [row.id for row in found if row.id not in addressed]
    if gone:
        connection.execute(update(deliveries).where(d.id.in_(gone)).values(settled))


def _claimed_rows(
    connection: Connection,
    question: Question,
    addressed: Sequence[tuple[_Found, Address]],
    terms: Terms,
) -> tuple[ClaimedRow, ...]:
    denied = [row.address_key for row, _ in addressed if row.denials]
    evidence = evidence_for(connection, question.account, question.provider, denied) if denied else {}
    known: Mapping[AddressKey, Circumstances] = {}
    if terms.wanted.names:
        people = {AddressKey(row.address_key): row.contact for row, _ in addressed}
        strangers = {AddressKey(row.address_key): address for row, address in addressed if row.contact is None}
        known = circumstances_of_people(connection, question, people, terms.wanted, terms.now, strangers)
    # parsed together: to call the parser for each takes longer than to parse
    fields = json.loads(f"[{','.join([row.fields or '{}' for row, _ in addressed])}]")
    return tuple(
        [
            _claimed(row, address, its, question.topic, evidence, known)
            for (row, address), its in zip(addressed, fields, strict=True)
        ]
    )


def _claimed(
    row: _Found,
    address: Address,
    fields: Mapping[str, Scalar],
    topic: TopicId | None,
    evidence: Mapping[bytes, tuple[Suppression, ...]],
    circumstances: Mapping[AddressKey, Circumstances],
) -> ClaimedRow:
    """One row of `_facts` as the loop knows it."""
    _, delivery, fence, attempts, doubts, _, key, cell, denials, _, ref, _, _, *_ = row
    standing = standing_of(cell, denials)
    facts = Facts(address, standing, ref, topic, evidence.get(key, ()), circumstances.get(AddressKey(key)))
    names = row.first_name, row.last_name
    values = contact_values(address, *names, row.phone, row.country, row.language, fields)
    return ClaimedRow(delivery, fence + 1, attempts, facts, values, doubts)


def _count_unsettled(connection: Connection, send: SendId) -> int:
    query = select(func.count()).select_from(deliveries).where(deliveries.c.send_id == send, _unsettled())
    return connection.execute(query).scalar_one()


def _unsettled() -> ColumnElement[bool]:
    return deliveries.c.state.in_((DeliveryState.READY.value, DeliveryState.CLAIMED.value))


def _nobody_free(connection: Connection, looking: _Looking, clock: int, claimed: Claimed) -> Claimed:
    """When the first unsettled row comes free, or a mail with all its copies, and whether another worker has some."""
    d = deliveries.c
    rests: ColumnElement[int] = func.coalesce(d.not_before, clock)
    together = bool(looking.accepted.request.copies)
    if together:
        rests = case((d.address_key == next(iter(looking.named)), rests), else_=clock)
    free = case((d.state == DeliveryState.READY.value, rests), else_=d.lease_until)
    when, of_others = func.max(free) if together else func.min(free), d.state == DeliveryState.CLAIMED.value
    unsettled = select(when, func.max(case((of_others, 1), else_=0))).where(d.send_id == looking.accepted.id)
    first, shared = connection.execute(unsettled.where(_unsettled())).one()
    busy = None if first is None else max(_SOONEST, (first - clock) / 1_000_000)
    return replace(claimed, busy_seconds=busy, shared=bool(shared))
