"""Audiences in SQL: everyone a request is addressed to, each with the standing that the table is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migma_wire.json import condition_from_json
from sqlalchemy import ColumnElement, Connection, FromClause, LargeBinary, and_, false, func, literal, select

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.contact import ProjectId
from migma_core.audience.segment import Condition, SegmentId
from migma_core.decision.standing import Standing
from migma_core.delivery.effects import AudiencePage, AudienceRow
from migma_core.request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders

from .condition import matching
from .question import Question
from .schema import contact_tags, contacts, segments, tags
from .shapes import AnyRow, AnySelect
from .standing import cell_of, denials_of, with_facts

__all__ = ["Audience", "audience_of", "count_standings", "read_page", "standing_of"]


@dataclass(frozen=True, slots=True)
class Audience:
    """A query for (contact, address key, cell, denials), the column that orders it, and the column of the key."""

    rows: AnySelect
    place: ColumnElement[int]
    key: ColumnElement[bytes]


def audience_of(connection: Connection, question: Question, recipients: Recipients, pepper: bytes) -> Audience:
    """Everyone these recipients are, one row per address. A tag or segment that does not exist has nobody."""
    match recipients:
        case OneAddress(address):
            return _one(question, address, address_key(address, pepper))
        case TagHolders(tag):
            return _holders(question, tag)
        case SegmentMembers(segment):
            condition = _condition_of(connection, question.project, segment)
            return _members(question, false() if condition is None else matching(condition, question.project))


def read_page(connection: Connection, audience: Audience, after: int, limit: int) -> AudiencePage:
    """The next members by keyset: a page costs the same wherever it lies."""
    query = audience.rows.where(audience.place > after) if after else audience.rows
    found = connection.execute(query.order_by(audience.place).limit(limit + 1)).all()
    rows = tuple(_audience_row(row) for row in found[:limit])
    return AudiencePage(rows, rows[-1].contact if len(found) > limit else None)


def count_standings(connection: Connection, audience: Audience) -> Mapping[Standing, int]:
    """How many people have each standing: what a preview decides about."""
    rows = audience.rows.subquery("audience")
    grouped = select(rows.c.cell, rows.c.denials, func.count()).group_by(rows.c.cell, rows.c.denials)
    return {Standing(cell, denials): people for cell, denials, people in connection.execute(grouped)}


def standing_of(connection: Connection, audience: Audience, key: AddressKey) -> Standing | None:
    """One member's standing, or ``None`` where nobody in the audience has this key."""
    found = connection.execute(audience.rows.where(audience.key == key)).first()
    return None if found is None else _audience_row(found).standing


def _one(question: Question, address: Address, key: AddressKey) -> Audience:
    """A single address, with the project's contact of that key where there is one (R49)."""
    one = select(literal(key, LargeBinary).label("address_key")).subquery("one")
    known = and_(contacts.c.project_id == question.project, contacts.c.address_key == one.c.address_key)
    rows = _rows(one.outerjoin(contacts, known), one.c.address_key, question, address.is_role)
    return Audience(rows, contacts.c.id, one.c.address_key)


def _holders(question: Question, tag: str) -> Audience:
    named = select(tags.c.id).where(tags.c.project_id == question.project, tags.c.name == tag).scalar_subquery()
    people = contact_tags.join(contacts, contacts.c.id == contact_tags.c.contact_id)
    rows = _rows(people, contacts.c.address_key, question).where(
        contact_tags.c.tag_id == named, contacts.c.project_id == question.project
    )
    return Audience(rows, contact_tags.c.contact_id, contacts.c.address_key)


def _members(question: Question, predicate: ColumnElement[bool]) -> Audience:
    rows = _rows(contacts, contacts.c.address_key, question).where(contacts.c.project_id == question.project, predicate)
    return Audience(rows, contacts.c.id, contacts.c.address_key)


def _rows(people: FromClause, key: ColumnElement[bytes], question: Question, is_role: bool = False) -> AnySelect:
    columns = (
        contacts.c.id.label("contact"),
        key.label("address_key"),
        cell_of(question, is_role).label("cell"),
        denials_of().label("denials"),
    )
    return select(*columns).select_from(with_facts(people, key, question))


def _audience_row(row: AnyRow) -> AudienceRow:
    contact, key, cell, denials = row
    return AudienceRow(contact, AddressKey(key), Standing(cell, denials))


def _condition_of(connection: Connection, project: ProjectId, segment: SegmentId) -> Condition | None:
    stored = connection.execute(
        select(segments.c.condition).where(segments.c.project_id == project, segments.c.id == segment)
    ).first()
    return None if stored is None else condition_from_json(stored[0])
