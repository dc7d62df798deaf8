"""Segments compiled to SQL: a predicate over `contacts` that agrees with `migma_core.audience.segment.matches` (D6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, not_, or_, select, true

from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import Engaged
from migma_core.audience.fields import DAY, FieldIs, Mode, comparable
from migma_core.audience.segment import AllOf, AnyOf, Condition, Not, StatusIs, Tagged, ValidationIs
from migma_core.audience.values import canonical

from .functions import bytewise, ends_with, position, probed
from .schema import contact_tags, contact_values, contacts, tags

__all__ = ["Search", "matching"]

Bound = str | int
_NO_EVENTS = (
    "this store keeps no events of opening and clicking yet, so it cannot find people by what they did with earlier "
    "mail; leave the condition on engagement out"
)
# the product's spelling of built-in values, which are kept under one name only
_KEPT_AS = {"firstName": "first_name", "lastName": "last_name"}
_NEGATED = {Mode.IS_NOT: Mode.IS, Mode.NOT_CONTAINS: Mode.CONTAINS}
_text, _number, _instant = contact_values.c.text, bytewise(contact_values.c.number), contact_values.c.instant


class Search(Enum):
    """How the holders of a tag or a value are found; what they are is the same."""

    PAGED = "asked about one by one, in the order of the page"
    PROBED = "the same where PostgreSQL would read everybody instead, see `probed`"
    WHOLE = "in whatever order the database likes, since everybody is read"
    GATHERED = "all beforehand: SQLite does not do so by itself where everybody is read (performance §2)"


def matching(condition: Condition, project: ProjectId, search: Search = Search.PAGED) -> ColumnElement[bool]:
    """
    Whom of the project's `contacts` the condition describes.

    Raises `ValueError` for a condition on engagement, of which no store here keeps events. Every part is true or false,
    never null: ``not`` would turn a null into nobody, where Python says everybody else.
    """
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
            raise ValueError(_NO_EVENTS)
        case AllOf(parts):
            return and_(true(), *(matching(part, project, search) for part in parts))
        case AnyOf(parts):
            return or_(*(matching(part, project, _within(search)) for part in parts))
        case Not(AllOf() | AnyOf() as part):
            return not_(matching(part, project, _within(search)))
        case Not(part):
            return not_(matching(part, project, search))


def _within(search: Search) -> Search:
    """The search below an ``OR``, which is what ``NOT`` makes of an ``AND``."""
    return Search.PROBED if search is Search.PAGED else search


def _tagged(names: tuple[str, ...], project: ProjectId, search: Search) -> ColumnElement[bool]:
    held = contact_tags.join(tags, tags.c.id == contact_tags.c.tag_id)
    named = select(contact_tags.c.contact_id).select_from(held)
    return _among(named.where(tags.c.project_id == project, tags.c.name.in_(names)), contact_tags.c.contact_id, search)


def _field(condition: FieldIs, search: Search) -> ColumnElement[bool]:
    mode = _NEGATED.get(condition.mode, condition.mode)
    bounds = [bound for one in condition.values if (bound := comparable(canonical(one), mode)) is not None]
    bounds = [one for one in bounds if not (isinstance(one, str) and "\0" in one)]  # no text that is kept holds a NUL
    key = _KEPT_AS.get(condition.key, condition.key)
    hit = select(contact_values.c.contact_id).where(contact_values.c.key == key, _compared(mode, bounds))
    found = _among(hit, contact_values.c.contact_id, search)
    return not_(found) if condition.mode in _NEGATED else found


def _among(people: Select[int], number: ColumnElement[int], search: Search) -> ColumnElement[bool]:
    if search is Search.GATHERED:
        return contacts.c.id.in_(people)
    this = people.where(number == contacts.c.id).correlate(contacts)
    return probed(this) if search is Search.PROBED else exists(this)


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
