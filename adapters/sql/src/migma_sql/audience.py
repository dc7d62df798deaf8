"""Audiences in SQL: everyone a request is addressed to, each with the standing that the table is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, FromClause, LargeBinary, and_, false, func, literal, select, union_all

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.segment import Condition, Tagged
from migma_core.decision.circumstances import Wanted
from migma_core.decision.standing import Standing
from migma_core.delivery.effects import AudiencePage, AudienceRow
from migma_core.request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders

from .circumstances import circumstances_of_people
from .condition import matching
from .exclusions import condition_of, excluded_bit
from .question import Question
from .schema import contact_tags, contacts, tags
from .search import AFTER, Search
from .shapes import AnySelect
from .standing import cell_of, denials_of, with_facts

__all__ = ["Audience", "Place", "audience_of", "count_standings", "read_page", "row_of"]

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
    all at once.
    """

    rows: AnySelect
    place: ColumnElement[int]
    key: ColumnElement[bytes]
    strangers: Mapping[AddressKey, Address] = field(default_factory=dict)


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
    query, given = _page(audience, place)
    found = _fetched(connection, query, given)
    is_last = len(found) <= place.limit or bool(audience.strangers)
    rows = _audience_rows(found if is_last else found[: place.limit])
    if wanted.names:
        people = {row.address_key: row.contact for row in rows}
        known = circumstances_of_people(connection, question, people, wanted, now, audience.strangers)
        rows = tuple(row._replace(circumstances=known[row.address_key]) for row in rows)
    return AudiencePage(now, rows, None if is_last else rows[-1].contact)


def _page(audience: Audience, place: Place) -> tuple[AnySelect, dict[str, int]]:
    """One more than fit, to see whether others follow; of those named by the request, all there are."""
    if audience.strangers:
        return audience.rows, {}
    query = audience.rows.order_by(audience.place).limit(place.limit + 1)
    return (query.where(audience.place > place.after), {AFTER: place.after}) if place.after else (query, {})


def _fetched(connection: Connection, query: AnySelect, given: Mapping[str, Any]) -> Sequence[Any]:
    """The driver's own tuples, which hold what the rows do and cost less (performance §2)."""
    _plan_by_values(connection, workers=0)
    cursor = connection.execute(query, given).cursor
    assert cursor is not None  # noqa: S101 - a query has rows
    with closing(cursor):
        return cursor.fetchall()


def _plan_by_values(connection: Connection, workers: int | None = None) -> None:
    """
    Have PostgreSQL plan for what is asked: a plan for any segment and page, which it takes on the sixth asking, reads
    everybody. To call ``workers`` together takes longer than to read a page.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.set_config("plan_cache_mode", "force_custom_plan", True)))
        if workers is not None:
            connection.execute(select(func.set_config("max_parallel_workers_per_gather", str(workers), True)))


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
    rows = _rows(connection, people, contacts.c.address_key, question).where(
        contact_tags.c.tag_id == named, contacts.c.project_id == question.project
    )
    return Audience(rows, contact_tags.c.contact_id, contacts.c.address_key)


def _segment(connection: Connection, question: Question, condition: Condition | None, whole: bool) -> Audience:
    match condition:
        case None:
            return _members(connection, question, false())
        case Tagged((tag,)):  # the same people, found in the order of the tag's own index, however few they are
            return _holders(connection, question, tag)
        case _:
            search = _WHOLE[connection.dialect.name] if whole else Search.PAGED
            return _members(connection, question, matching(condition, question.project, search, now=question.now))


def _members(connection: Connection, question: Question, predicate: ColumnElement[bool]) -> Audience:
    rows = _rows(connection, contacts, contacts.c.address_key, question)
    return Audience(
        rows.where(contacts.c.project_id == question.project, predicate), contacts.c.id, contacts.c.address_key
    )


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
    return tuple([_new_row(AudienceRow, (who, key, _standing(cell, bits), None)) for who, key, cell, bits in found])


_new_row = cast("Callable[[type[AudienceRow], tuple[Any, ...]], AudienceRow]", tuple.__new__)


@lru_cache(maxsize=1 << 14)
def _standing(cell: int, denials: int) -> Standing:
    """A large audience has few standings."""
    return Standing(cell, denials)
