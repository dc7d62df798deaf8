"""Claims: rows that are one worker's for the length of a lease, with facts as fresh as the claim itself (D10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from migma_core.audience.address import Address, AddressKey, InvalidAddress
from migma_core.audience.contact import contact_values
from migma_core.audience.suppression import Denials, Suppression
from migma_core.audience.topic import TopicId
from migma_core.decision.circumstances import Circumstances, Wanted
from migma_core.decision.facts import Facts
from migma_core.decision.reasons import ReasonKind
from migma_core.decision.standing import Standing
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import Claimed, ClaimedRow
from migma_core.message.token import DeliveryId
from migma_core.request.recipients import OneAddress

from .accepted import AcceptedSend, addressee, read_accepted
from .bulk import is_one_of
from .circumstances import circumstances_of_people
from .engine import now_us
from .evidence import evidence_for
from .exclusions import excluded_bit
from .question import Question, ask
from .schema import contacts, deliveries
from .sender import read_sender
from .shapes import AnyRow, AnySelect
from .standing import cell_of, denials_of, with_facts

__all__ = ["claim", "claim_again"]

_SOONEST = 0.05
_PERSON = tuple(
    contacts.c[name].label("contact") if name == "id" else contacts.c[name]
    for name in ("id", "ref", "local", "domain", "first_name", "last_name", "phone", "country", "language", "fields")
)


def claim(
    connection: Connection,
    send: SendId,
    limit: int,
    lease: int,
    wanted: Wanted,
    now: datetime,
    only: Sequence[DeliveryId] = (),
) -> Claimed:
    """
    Take free rows for ``lease`` microseconds by the database's clock, and read everything about them anew; where
    ``only`` names some, those of them that nobody has, though they rest.
    """
    accepted = read_accepted(connection, send)
    sender = read_sender(connection, accepted.request)
    if accepted.status is not CampaignStatus.SENDING:
        return Claimed(now, sender, (), stopped=True)
    clock: int = connection.execute(select(now_us())).scalar_one()
    question = ask(connection, accepted.request, accepted.purpose, now)
    found = _free(connection, accepted, question, limit, clock, only)
    addressed = [(row, address) for row in found if (address := _address(row, accepted)) is not None]
    _withhold_unaddressed(connection, found, {row.id for row, _ in addressed}, now)
    _take(connection, [row.id for row, _ in addressed], clock + lease, now)
    rows = _claimed_rows(connection, question, addressed, wanted, now)
    return Claimed(now, sender, rows, None if rows else _busy_seconds(connection, send, clock))


def claim_again(
    connection: Connection, send: SendId, which: ColumnElement[bool], lease: int, wanted: Wanted, now: datetime
) -> Claimed:
    """Take rows of an open attempt for another lease, with fresh facts; none of a send that stands still."""
    accepted = read_accepted(connection, send)
    sender = read_sender(connection, accepted.request)
    if accepted.status is not CampaignStatus.SENDING:
        return Claimed(now, sender, (), stopped=True)
    clock: int = connection.execute(select(now_us())).scalar_one()
    question = ask(connection, accepted.request, accepted.purpose, now)
    found = connection.execute(_facts(connection, question, accepted).where(which)).all()
    addressed = [(row, address) for row in found if (address := _address(row, accepted)) is not None]
    _take(connection, [row.id for row, _ in addressed], clock + lease, now)
    return Claimed(now, sender, _claimed_rows(connection, question, addressed, wanted, now))


def _free(
    connection: Connection,
    accepted: AcceptedSend,
    question: Question,
    limit: int,
    clock: int,
    only: Sequence[DeliveryId],
) -> Sequence[AnyRow]:
    """Ready rows whose time has come; if those are few, rows whose claim expired before any attempt."""
    d = deliveries.c
    due = d.ref.in_(only) if only else or_(d.not_before.is_(None), d.not_before <= clock)
    query = _facts(connection, question, accepted).limit(limit)
    rows = connection.execute(query.where(d.state == DeliveryState.READY.value, due)).all()
    if len(rows) == limit or only:
        return rows
    abandoned = and_(d.state == DeliveryState.CLAIMED.value, d.attempt_id.is_(None), d.lease_until <= clock)
    return [*rows, *connection.execute(query.where(abandoned).limit(limit - len(rows)))]


def _facts(connection: Connection, question: Question, accepted: AcceptedSend) -> AnySelect:
    """
    Rows of the send in their order, each with whoever holds its address in the project *now*.

    The contact is found by the key, not by the number written at fan-out: the row is about an address. Rows that
    another worker is claiming at this moment are passed over.
    """
    d = deliveries.c
    recipients = accepted.request.recipients
    stranger = recipients.address if isinstance(recipients, OneAddress) else None
    known = and_(contacts.c.project_id == question.project, contacts.c.address_key == d.address_key)
    people = with_facts(deliveries.outerjoin(contacts, known), d.address_key, question)
    # whom the request left out at fan-out stays out, and whoever has come to be left out since is as well
    denials = denials_of(stranger).bitwise_or(d.denials.bitwise_and(int(Denials.EXCLUDED)))
    if question.exclusions:
        denials = denials.bitwise_or(excluded_bit(connection, question, d.address_key))
    standing = (cell_of(question, stranger).label("cell"), denials.label("denials"))
    columns = (d.id, d.ref.label("delivery"), d.fence, d.attempts, d.doubts, d.address_key, *standing)
    query = select(*columns, *_PERSON).select_from(people).where(d.send_id == accepted.id)
    return query.order_by(d.id).with_for_update(of=deliveries, skip_locked=True)


def _address(row: AnyRow, accepted: AcceptedSend) -> Address | None:
    """Where to write to: the contact's address, or the request's own; ``None`` where there is none any more."""
    if row.local is None:
        return addressee(accepted.request)
    try:
        return Address(row.local, row.domain)
    except InvalidAddress:
        return None  # one bad record never stops the others (reliability §9)


def _take(connection: Connection, rows: Sequence[int], until: int, now: datetime) -> None:
    d = deliveries.c
    taken = {"state": DeliveryState.CLAIMED.value, "fence": d.fence + 1, "lease_until": until, "updated_at": now}
    connection.execute(update(deliveries).where(is_one_of(connection, d.id, rows)).values(taken))


def _withhold_unaddressed(connection: Connection, found: Sequence[AnyRow], addressed: set[int], now: datetime) -> None:
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
    addressed: Sequence[tuple[AnyRow, Address]],
    wanted: Wanted,
    now: datetime,
) -> tuple[ClaimedRow, ...]:
    denied = [row.address_key for row, _ in addressed if row.denials]
    evidence = evidence_for(connection, question.account, question.provider, denied) if denied else {}
    known: Mapping[AddressKey, Circumstances] = {}
    if wanted.names:
        people = {AddressKey(row.address_key): row.contact for row, _ in addressed}
        stranger = next((address for row, address in addressed if row.contact is None), None)
        known = circumstances_of_people(connection, question, people, wanted, now, stranger)
    standings: dict[tuple[int, int], Standing] = {}
    return tuple([_claimed(row, address, question.topic, evidence, known, standings) for row, address in addressed])


def _claimed(
    row: AnyRow,
    address: Address,
    topic: TopicId | None,
    evidence: Mapping[bytes, tuple[Suppression, ...]],
    circumstances: Mapping[AddressKey, Circumstances],
    standings: dict[tuple[int, int], Standing],
) -> ClaimedRow:
    """One row of `_facts` as the loop knows it. Those who stand alike share one standing."""
    (
        _,
        delivery,
        fence,
        attempts,
        doubts,
        key,
        cell,
        denials,
        _,
        ref,
        _,
        _,
        first,
        last,
        phone,
        country,
        language,
        fields,
    ) = row
    standing = standings.get((cell, denials)) or standings.setdefault((cell, denials), Standing(cell, denials))
    facts = Facts(address, standing, ref, topic, evidence.get(key, ()), circumstances.get(key))
    values = contact_values(address, first, last, phone, country, language, fields or {})
    return ClaimedRow(delivery, fence + 1, attempts, facts, values, doubts)


def _busy_seconds(connection: Connection, send: SendId, clock: int) -> float | None:
    """When the first unsettled row may come free; ``None`` where every row is settled."""
    d = deliveries.c
    free = case((d.state == DeliveryState.READY.value, func.coalesce(d.not_before, clock)), else_=d.lease_until)
    unsettled = d.state.in_((DeliveryState.READY.value, DeliveryState.CLAIMED.value))
    first = connection.scalar(select(func.min(free)).where(d.send_id == send, unsettled))
    return None if first is None else max(_SOONEST, (first - clock) / 1_000_000)
