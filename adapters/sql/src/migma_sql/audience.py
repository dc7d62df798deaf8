"""Audiences in SQL: everyone a request is addressed to, each with the standing that the table is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, FromClause, LargeBinary, and_, false, func, literal, select, union_all

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.segment import AnyOf, Condition, Tagged
from migma_core.decision.circumstances import Wanted
from migma_core.decision.standing import Standing
from migma_core.ports import AudiencePage, AudienceRow
from migma_core.request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders

from .bulk import driver_rows
from .circumstances import circumstances_of_people
from .condition import alternatives, matching
from .exclusions import condition_of, excluded_bit
from .question import Question
from .schema import contact_tags, contacts, tags
from .search import AFTER, Search
from .shapes import AnySelect
from .standing import cell_of, denials_of, in_itself, standing_of, with_choices, with_facts, with_facts_later

__all__ = ["Audience", "Place", "audience_of", "count_standings", "page_of", "read_page", "row_of"]

_MANY = 500  # about as many lookups as take the time to read some thousand refusals
_WHOLE = {"sqlite": Search.GATHERED, "postgresql": Search.WHOLE}


class Place(NamedTuple):
    """Where a page begins, after this contact's number, and how many it holds."""

    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Audience:
    """
    A query for (contact, address key, cell, denials), the column that orders it, and the column of the key.

    ``strangers`` are the addresses it names itself, by their keys, where nobody may have stored them: they are read
    all at once. ``people`` are the same rows before anything is looked up about their addresses, where a page does so
    later, see `with_facts_later`.
    """

    rows: AnySelect
    place: ColumnElement[int]
    key: ColumnElement[bytes]
    strangers: Mapping[AddressKey, Address] = field(default_factory=dict)
    people: AnySelect | None = None


def audience_of(
    connection: Connection,
    question: Question,
    recipients: Recipients,
    pepper: bytes,
    *,
    copies: Sequence[Address] = (),
    whole: bool = False,
) -> Audience:
    """
    Everyone these recipients are, with those who are copied, one row per address. A tag or segment that does not exist
    has nobody.

    ``whole`` where everybody will be read at once rather than a page or a person, see `Search`.
    """
    match recipients:
        case OneAddress(address):
            return _named(connection, question, {address_key(one, pepper): one for one in (address, *copies)})
        case TagHolders(tag):
            return _holders(connection, question, tag)
        case SegmentMembers(segment):
            return _segment(connection, question, condition_of(connection, question.project, segment), whole)


def read_page(
    connection: Connection, question: Question, audience: Audience, place: Place, wanted: Wanted, now: datetime
) -> AudiencePage:
    """The next members by keyset: a page costs the same wherever it lies."""
    query, given = page_of(question, audience, place)
    _plan_by_values(connection, for_a_page=True)
    found = driver_rows(connection, query, given)
    is_last = len(found) <= place.limit or bool(audience.strangers)
    rows = _audience_rows(found if is_last else found[: place.limit])
    if wanted.names:
        people = {row.address_key: row.contact for row in rows}
        known = circumstances_of_people(connection, question, people, wanted, now, audience.strangers)
        rows = tuple(row._replace(circumstances=known[row.address_key]) for row in rows)
    return AudiencePage(now, rows, None if is_last else rows[-1].contact)


def page_of(question: Question, audience: Audience, place: Place) -> tuple[AnySelect, dict[str, int]]:
    """
    The query of a page, and the values of its parameters: one more than fit, to see whether others follow; of those
    named by the request, all there are.
    """
    if audience.strangers:
        return audience.rows, {}
    people = audience.rows if audience.people is None else audience.people
    query = people.order_by(audience.place).limit(place.limit + 1)
    query, given = (query.where(audience.place > place.after), {AFTER: place.after}) if place.after else (query, {})
    if audience.people is None:
        return query, given
    return with_facts_later(query, question, are_few=place.limit < _MANY), given


_BY_VALUES = {"plan_cache_mode": "force_custom_plan"}
_OF_A_PAGE = {**_BY_VALUES, "max_parallel_workers_per_gather": "0", "jit": "off"}


def _plan_by_values(connection: Connection, *, for_a_page: bool = False) -> None:
    """
    Have PostgreSQL plan for what is asked: a plan for any segment and page, which it takes on the sixth asking, reads
    everybody. To call workers together, or to compile a query, takes longer than to read a page.
    """
    if connection.dialect.name == "postgresql":
        settings = (_OF_A_PAGE if for_a_page else _BY_VALUES).items()
        connection.execute(select(*(func.set_config(name, value, True) for name, value in settings)))


def count_standings(connection: Connection, audience: Audience) -> Mapping[Standing, int]:
    """How many people have each standing: what a preview decides about."""
    rows = audience.rows.subquery("audience")
    grouped = select(rows.c.cell, rows.c.denials, func.count()).group_by(rows.c.cell, rows.c.denials)
    _plan_by_values(connection)
    return {Standing(cell, denials): people for cell, denials, people in connection.execute(grouped)}


def row_of(
    connection: Connection, question: Question, audience: Audience, key: AddressKey, wanted: Wanted, now: datetime
) -> AudienceRow | None:
    """One member, or ``None`` where nobody in the audience has this key."""
    found = connection.execute(audience.rows.where(audience.key == key)).first()
    if found is None:
        return None
    (row,) = _audience_rows([found])
    known = circumstances_of_people(connection, question, {key: row.contact}, wanted, now, audience.strangers)
    return row._replace(circumstances=known.get(key))


def _named(connection: Connection, question: Question, strangers: Mapping[AddressKey, Address]) -> Audience:
    """The addresses of a direct send, each with the project's contact of that key where there is one (R49)."""
    rows = union_all(*(_one(connection, question, one, key) for key, one in strangers.items())).subquery("named")
    return Audience(select(rows), rows.c.contact, rows.c.address_key, strangers)


def _one(connection: Connection, question: Question, address: Address, key: AddressKey) -> AnySelect:
    one = select(literal(key, LargeBinary).label("address_key")).subquery("one")
    known = and_(contacts.c.project_id == question.project, contacts.c.address_key == one.c.address_key)
    return _rows(connection, one.outerjoin(contacts, known), one.c.address_key, question, address)


def _holders(connection: Connection, question: Question, tag: str) -> Audience:
    named = select(tags.c.id).where(tags.c.project_id == question.project, tags.c.name == tag).scalar_subquery()
    people = contact_tags.join(contacts, contacts.c.id == contact_tags.c.contact_id)
    which = (contact_tags.c.tag_id == named, contacts.c.project_id == question.project)
    return _kept(connection, question, people, contact_tags.c.contact_id, which)


def _segment(connection: Connection, question: Question, condition: Condition | None, whole: bool) -> Audience:
    match condition:
        case None:
            return _members(connection, question, contacts, false())
        case Tagged((tag,)):  # the same people, found in the order of the tag's own index, however few they are
            return _holders(connection, question, tag)
        case AnyOf() if not whole:
            return _members(connection, question, *alternatives(condition, question.project, now=question.now))
        case _:
            search = _WHOLE[connection.dialect.name] if whole else Search.PAGED
            predicate = matching(condition, question.project, search, now=question.now)
            return _members(connection, question, contacts, predicate)


def _members(
    connection: Connection, question: Question, people: FromClause, predicate: ColumnElement[bool]
) -> Audience:
    which = (contacts.c.project_id == question.project, predicate)
    return _kept(connection, question, people, contacts.c.id, which)


def _kept(
    connection: Connection,
    question: Question,
    people: FromClause,
    place: ColumnElement[int],
    which: tuple[ColumnElement[bool], ...],
) -> Audience:
    """People whom the project keeps."""
    key = contacts.c.address_key
    rows = _rows(connection, people, key, question).where(*which)
    first = _people(connection, people, question).where(*which) if connection.dialect.name == "postgresql" else None
    return Audience(rows, place, key, people=first)


def _people(connection: Connection, people: FromClause, question: Question) -> AnySelect:
    """The same as `_rows` without what is looked up by the address, for `with_facts_later`."""
    key, against = contacts.c.address_key, in_itself()
    if question.exclusions:
        against = against.bitwise_or(excluded_bit(connection, question, key))
    columns = (
        contacts.c.id.label("contact"),
        key,
        cell_of(question).label("cell"),
        contacts.c.lifted,
        against.label("in_itself"),
    )
    return select(*columns).select_from(with_choices(people, question))


def _rows(
    connection: Connection,
    people: FromClause,
    key: ColumnElement[bytes],
    question: Question,
    stranger: Address | None = None,
) -> AnySelect:
    denials = denials_of(stranger)
    if question.exclusions:
        denials = denials.bitwise_or(excluded_bit(connection, question, key))
    columns = (
        contacts.c.id.label("contact"),
        key.label("address_key"),
        cell_of(question, stranger).label("cell"),
        denials.label("denials"),
    )
    return select(*columns).select_from(with_facts(people, key, question))


def _audience_rows(found: Sequence[Any]) -> tuple[AudienceRow, ...]:
    """A million of them are made for a large send, and half the time goes where each is a call (performance §2)."""
    return tuple([_new_row(AudienceRow, (who, key, standing_of(cell, bits), None)) for who, key, cell, bits in found])


_new_row = cast("Callable[[type[AudienceRow], tuple[Any, ...]], AudienceRow]", tuple.__new__)
