"""Segments compiled to SQL: a predicate over `contacts` that agrees with `migma_core.audience.segment.matches` (D6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, not_, or_, select, true, union_all

from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import Engaged
from migma_core.audience.fields import DAY, FieldIs, Mode, comparable
from migma_core.audience.segment import AllOf, AnyOf, Condition, Not, StatusIs, Tagged, ValidationIs
from migma_core.audience.values import canonical

from .engaged import doers, engaged
from .functions import bytewise, ends_with, position
from .schema import contact_tags, contact_values, contacts, tags
from .search import Search, after, among, within
from .shapes import AnySelect

__all__ = ["alternatives", "matching"]

Bound = str | int
# the product's spelling of built-in values, which are kept under one name only
_KEPT_AS = {"firstName": "first_name", "lastName": "last_name"}
# everybody is read, and nothing else is asked beside it
_AT_ONCE = {Search.WHOLE, Search.GATHERED}
_NEGATED = {Mode.IS_NOT: Mode.IS, Mode.NOT_CONTAINS: Mode.CONTAINS}
_text, _number, _instant = contact_values.c.text, bytewise(contact_values.c.number), contact_values.c.instant


def matching(
    condition: Condition, project: ProjectId, search: Search = Search.PAGED, *, now: datetime | None = None
) -> ColumnElement[bool]:
    """
    Whom of the project's `contacts` the condition describes.

    A condition that looks back from the present needs ``now``, and raises `ValueError` without. Every part is true or
    false, never null: ``not`` would turn a null into nobody, where Python says everybody else.
    """

    def part_of(part: Condition, search: Search) -> ColumnElement[bool]:
        return matching(part, project, search, now=now)

    match condition:
        case Tagged(names):
            return _tagged(names, project, search)
        case StatusIs(status):
            return contacts.c.status.is_not_distinct_from(status.value)
        case ValidationIs(validation):
            return contacts.c.validation.is_not_distinct_from(validation.value)
        case FieldIs():
            return _field(condition, search)
        case Engaged():
            return engaged(condition, project, search, now)
        case AllOf(parts):
            return and_(true(), *(part_of(part, search) for part in parts))
        case AnyOf(parts):
            found = [_found(part, project, now) for part in parts] if search in _AT_ONCE else [None]
            if all(one is not None for one in found):
                return contacts.c.id.in_(union_all(*(one for one in found if one is not None)))
            return or_(*(part_of(part, within(search)) for part in parts))
        case Not(part):
            return _negated(part, search, part_of)


def alternatives(
    condition: AnyOf, project: ProjectId, *, now: datetime | None = None
) -> tuple[FromClause, ColumnElement[bool]]:
    """
    `contacts` with what each alternative finds about them joined, and whom any of these describes: the same people as
    `matching`.

    For pages: PostgreSQL walks along joined rows in the order of people, where below an OR it would ask about one after
    the other, and where few are found, about most of them (performance §2). SQLite spares itself a subquery for each.
    """
    people: FromClause = contacts
    described: list[ColumnElement[bool]] = []
    for part in condition.parts:
        if not _is_once(part) or (found := _found(part, project, now)) is None:
            described.append(matching(part, project, Search.PROBED, now=now))
            continue
        one = found.subquery()
        people = people.outerjoin(one, and_(one.c.contact_id == contacts.c.id, one.c.contact_id > after()))
        described.append(one.c.contact_id.is_not(None))
    return people, or_(*described)


def _is_once(condition: Condition) -> bool:
    """Whether the rows about people name each of them once: they hold one value of a key, and a tag once."""
    match condition:
        case Tagged(names):
            return len(names) == 1
        case FieldIs():
            return True
        case _:
            return False


def _negated(
    part: Condition, search: Search, part_of: Callable[[Condition, Search], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """``NOT`` is said of each part by itself: PostgreSQL makes joins of these, and reads everybody where it is not."""
    match part:
        case AnyOf(parts):
            return and_(true(), *(part_of(Not(one), search) for one in parts))
        case AllOf(parts):
            return or_(false(), *(part_of(Not(one), within(search)) for one in parts))
        case Not(inner):
            return part_of(inner, search)
        case Engaged():  # of which some are a negation or two parts themselves
            return not_(part_of(part, within(search)))
        case _:
            return not_(part_of(part, search))


def _found(condition: Condition, project: ProjectId, now: datetime | None) -> AnySelect | None:
    """Whom rows about people name, where that is all there is to the condition."""
    match condition:
        case Tagged(names):
            return _holders(names, project)
        case FieldIs(mode=mode) if mode not in _NEGATED:
            return _having(condition)
        case Engaged():
            return doers(condition, now)
        case _:
            return None


def _tagged(names: tuple[str, ...], project: ProjectId, search: Search) -> ColumnElement[bool]:
    return among(_holders(names, project), contact_tags.c.contact_id, search)


def _holders(names: tuple[str, ...], project: ProjectId) -> AnySelect:
    kept = [name for name in names if _is_kept(name)]
    if len(kept) == 1:  # found once beforehand, not for everybody anew
        this = select(tags.c.id).where(tags.c.project_id == project, tags.c.name == kept[0])
        number = this.scalar_subquery()
        return select(contact_tags.c.contact_id).where(contact_tags.c.tag_id == number)
    held = contact_tags.join(tags, tags.c.id == contact_tags.c.tag_id)
    named = select(contact_tags.c.contact_id).select_from(held)
    return named.where(tags.c.project_id == project, tags.c.name.in_(kept))


def _field(condition: FieldIs, search: Search) -> ColumnElement[bool]:
    found = among(_having(condition), contact_values.c.contact_id, search)
    return not_(found) if condition.mode in _NEGATED else found


def _having(condition: FieldIs) -> AnySelect:
    mode = _NEGATED.get(condition.mode, condition.mode)
    bounds = [bound for one in condition.values if (bound := comparable(canonical(one), mode)) is not None]
    bounds = [one for one in bounds if not isinstance(one, str) or _is_kept(one)]
    key = _KEPT_AS.get(condition.key, condition.key)
    hit = select(contact_values.c.contact_id)
    return hit.where(contact_values.c.key == key, _compared(mode, bounds)) if _is_kept(key) else hit.where(false())


def _is_kept(text: str) -> bool:
    """No text that is kept holds a NUL, and PostgreSQL cannot even be asked for one."""
    return "\0" not in text


def _compared(mode: Mode, bounds: list[Bound]) -> ColumnElement[bool]:
    if mode in _BETWEEN:
        low, high = bounds
        return _BETWEEN[mode].between(low, high)
    return or_(false(), *(_COMPARE[mode](bound) for bound in bounds))


_BETWEEN: Mapping[Mode, ColumnElement[Any]] = {Mode.NUMBER_BETWEEN: _number, Mode.DATE_BETWEEN: _instant}

_COMPARE: Mapping[Mode, Callable[..., ColumnElement[bool]]] = {
    Mode.IS: lambda bound: _text == bound,
    Mode.STARTS_WITH: lambda bound: position(_text, bound) == 1,
    Mode.ENDS_WITH: lambda bound: ends_with(_text, bound),
    Mode.CONTAINS: lambda bound: position(_text, bound) > 0,
    Mode.DATE_AFTER: lambda bound: _instant > bound,
    Mode.DATE_BEFORE: lambda bound: _instant < bound,
    Mode.DATE_ON: lambda bound: _instant.between(bound - bound % DAY, bound - bound % DAY + DAY - 1),
    Mode.NUMBER_GT: lambda bound: _number > bound,
    Mode.NUMBER_GTE: lambda bound: _number >= bound,
    Mode.NUMBER_LT: lambda bound: _number < bound,
    Mode.NUMBER_LTE: lambda bound: _number <= bound,
}
