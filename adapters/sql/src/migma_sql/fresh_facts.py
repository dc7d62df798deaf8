"""Fresh facts: everything about the people of a claim, read anew once the rows are ours (D3, D10)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, select, update

from migma_core.audience.address import Address, AddressKey, InvalidAddress
from migma_core.audience.contact import ContactId, contact_values
from migma_core.audience.suppression import Denials, Suppression
from migma_core.audience.topic import TopicId
from migma_core.audience.values import Scalar
from migma_core.decision.circumstances import Circumstances
from migma_core.decision.facts import Facts
from migma_core.decision.reasons import ReasonKind
from migma_core.delivery.delivery import DeliveryState
from migma_core.delivery.effects import Claimed, ClaimedRow

from .bulk import driver_rows
from .circumstances import circumstances_of_people
from .claims import Taken, TakenRow, Terms, stand_of_others
from .evidence import evidence_for
from .exclusions import excluded_bit
from .functions import is_numbered, list_of
from .question import Question, ask
from .schema import contacts, deliveries
from .sender import read_sender
from .shapes import AnySelect
from .standing import cell_of, denials_of, standing_of, with_facts

__all__ = ["Read", "read_facts", "withhold_unaddressed"]

_c = contacts.c
_PERSON = (
    *(_c.id, _c.ref, _c.local, _c.domain),
    *(_c.first_name, _c.last_name, _c.phone, _c.country, _c.language, cast(_c.fields, Text)),
)


class Read(NamedTuple):
    """What is known of a claim; ``gone`` are those of its rows whose address nobody in the project has any more."""

    claimed: Claimed
    gone: Sequence[TakenRow]


class _Found(NamedTuple):
    """One row of `_facts`, as the driver gives it: a row of SQLAlchemy's costs each of a batch as much again."""

    id: int
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


_Person: TypeAlias = tuple[TakenRow, _Found, Address]
"""A row of ours, and who it is about."""


def read_facts(connection: Connection, taken: Taken, terms: Terms) -> Read:
    """
    Read all that is decided about. Whatever was committed before the rows were taken is in it, and what was committed
    since may be: nobody has to wait for us while we read.
    """
    accepted = taken.accepted
    claimed = Claimed(
        terms.now, read_sender(connection, accepted.request), (), taken.busy_seconds, taken.stopped, taken.shared
    )
    if not taken.rows:
        return Read(claimed, ())
    question = ask(connection, accepted.request, accepted.purpose, terms.now)
    people, gone = _addressed(taken, _found(connection, taken, question))
    return Read(claimed.with_rows(_claimed_rows(connection, question, people, terms)), gone)


def withhold_unaddressed(connection: Connection, read: Read, taken: Taken, now: datetime) -> Claimed:
    """Settle those rows, still ours, that nobody can be written to by; what is left of the claim."""
    d = deliveries.c
    settled = {
        "state": DeliveryState.WITHHELD.value,
        "why": "nobody in the project has this address any more",
        "reasons": ReasonKind.UNREADABLE.value,
        "denials": d.denials.bitwise_or(int(Denials.UNREADABLE)),
        "decided_at": now,
        "lease_until": None,
        "updated_at": now,
    }
    for row in read.gone:
        ours = (d.id == row.id, d.fence == row.fence, d.state == DeliveryState.CLAIMED.value)
        connection.execute(update(deliveries).where(*ours).values(settled))
    if read.claimed.rows:
        return read.claimed
    others = stand_of_others(connection, taken)
    return replace(read.claimed, busy_seconds=others.busy_seconds, shared=others.shared)


def _found(connection: Connection, taken: Taken, question: Question) -> Mapping[int, _Found]:
    """
    The facts of each row. What is known of an address alone differs between those that a request names: with several
    of them, each is asked about by itself.
    """
    these = {"these": list_of([row.id for row in taken.rows])}
    if len(taken.named) < 2:  # noqa: PLR2004 - several
        stranger = next(iter(taken.named.values()), None)
        return _fetched(connection, _facts(connection, question, stranger), these)
    found: dict[int, _Found] = {}
    for key, one in taken.named.items():
        query = _facts(connection, question, one).where(deliveries.c.address_key == key)
        found |= _fetched(connection, query, these)
    return found


def _fetched(connection: Connection, query: AnySelect, given: Mapping[str, str]) -> dict[int, _Found]:
    return {row[0]: _Found._make(row) for row in driver_rows(connection, query, given)}


def _facts(connection: Connection, question: Question, stranger: Address | None) -> AnySelect:
    if question.exclusions:
        return _facts_of(question, stranger, excluded_bit(connection, question, deliveries.c.address_key))
    # an address is never remembered: whoever asked to be forgotten is forgotten here too
    return _usual_facts(replace(question, now=None)) if stranger is None else _facts_of(question, stranger)


@lru_cache(maxsize=64)  # the batches of a send ask the same, and to build the question takes as long as the answer
def _usual_facts(question: Question) -> AnySelect:
    return _facts_of(question)


def _facts_of(
    question: Question, stranger: Address | None = None, excluded: ColumnElement[int] | None = None
) -> AnySelect:
    """
    Rows, each with whoever holds its address in the project *now*.

    The contact is found by the key: the row is about an address.
    """
    d = deliveries.c
    known = and_(contacts.c.project_id == question.project, contacts.c.address_key == d.address_key)
    people = with_facts(deliveries.outerjoin(contacts, known), d.address_key, question)
    # whom the request left out at fan-out stays out, and whoever has come to be left out since is as well
    denials = denials_of(stranger).bitwise_or(d.denials.bitwise_and(int(Denials.EXCLUDED)))
    if excluded is not None:
        denials = denials.bitwise_or(excluded)
    standing = (cell_of(question, stranger).label("cell"), denials.label("denials"))
    return select(d.id, *standing, *_PERSON).select_from(people).where(is_numbered(d.id, "these"))


def _addressed(taken: Taken, found: Mapping[int, _Found]) -> tuple[list[_Person], list[TakenRow]]:
    """Who each row is about, and the rows that nobody can be written to by any more."""
    people, gone = [], []
    for row in taken.rows:
        it = found.get(row.id)
        address = None if it is None else _address(row, it, taken.named)
        if it is None or address is None:
            gone.append(row)
        else:
            people.append((row, it, address))
    return people, gone


def _address(row: TakenRow, found: _Found, named: Mapping[AddressKey, Address]) -> Address | None:
    """Where to write to: the contact's address, or the request's own; ``None`` where there is none any more."""
    if found.local is None:
        return named.get(AddressKey(row.address_key))
    try:
        return Address(found.local, found.domain)
    except InvalidAddress:
        return None  # one bad record never stops the others (reliability §9)


def _claimed_rows(
    connection: Connection, question: Question, people: Sequence[_Person], terms: Terms
) -> tuple[ClaimedRow, ...]:
    denied = [row.address_key for row, found, _ in people if found.denials]
    evidence = evidence_for(connection, question.account, question.provider, denied) if denied else {}
    known: Mapping[AddressKey, Circumstances] = {}
    if terms.wanted.names:
        contacts_of = {AddressKey(row.address_key): found.contact for row, found, _ in people}
        strangers = {AddressKey(row.address_key): address for row, found, address in people if found.contact is None}
        known = circumstances_of_people(connection, question, contacts_of, terms.wanted, terms.now, strangers)
    # parsed together: to call the parser for each takes longer than to parse
    fields = json.loads(f"[{','.join([found.fields or '{}' for _, found, _ in people])}]")
    return tuple([_claimed(one, its, question.topic, evidence, known) for one, its in zip(people, fields, strict=True)])


def _claimed(
    person: _Person,
    fields: Mapping[str, Scalar],
    topic: TopicId | None,
    evidence: Mapping[bytes, tuple[Suppression, ...]],
    circumstances: Mapping[AddressKey, Circumstances],
) -> ClaimedRow:
    """One row of `_facts` as the loop knows it."""
    (_, delivery, fence, attempts, doubts, _, key), found, address = person
    _, cell, denials, _, ref, _, _, first, last, phone, country, language, _ = found
    standing = standing_of(cell, denials)
    facts = Facts(address, standing, ref, topic, evidence.get(key, ()), circumstances.get(key))
    values = contact_values(address, first, last, phone, country, language, fields)
    return ClaimedRow(delivery, fence, attempts, facts, values, doubts)
