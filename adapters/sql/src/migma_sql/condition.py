"""Segments compiled to SQL: a predicate over `contacts` that agrees with `migma_core.audience.segment.matches` (D6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, true

from migma_core.audience.contact import ProjectId
from migma_core.audience.engagement import Engaged
from migma_core.audience.fields import DAY, FieldIs, Mode, comparable
from migma_core.audience.segment import AllOf, AnyOf, Condition, Not, StatusIs, Tagged, ValidationIs
from migma_core.audience.values import canonical

from .engaged import engaged
from .functions import bytewise, ends_with, position
from .schema import contact_tags, contact_values, contacts, tags
from .search import Search, among, within

__all__ = ["matching"]

Bound = str | int
# the product's spelling of built-in values, which are kept under one name only
_KEPT_AS = {"firstName": "first_name", "lastName": "last_name"}
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
            return or_(*(part_of(part, within(search)) for part in parts))
        case Not(AllOf() | AnyOf() | Engaged() as part):  # of which some are a negation or two parts themselves
            return not_(part_of(part, within(search)))
        case Not(part):
            return not_(part_of(part, search))


def _tagged(names: tuple[str, ...], project: ProjectId, search: Search) -> ColumnElement[bool]:
    held = contact_tags.join(tags, tags.c.id == contact_tags.c.tag_id)
    named = select(contact_tags.c.contact_id).select_from(held)
    ours = (tags.c.project_id == project, tags.c.name.in_(filter(_is_kept, names)))
    return among(named.where(*ours), contact_tags.c.contact_id, search)


def _field(condition: FieldIs, search: Search) -> ColumnElement[bool]:
    mode = _NEGATED.get(condition.mode, condition.mode)
    bounds = [bound for one in condition.values if (bound := comparable(canonical(one), mode)) is not None]
    bounds = [one for one in bounds if not isinstance(one, str) or _is_kept(one)]
    key = _KEPT_AS.get(condition.key, condition.key)
    hit = select(contact_values.c.contact_id).where(contact_values.c.key == key, _compared(mode, bounds))
    found = among(hit, contact_values.c.contact_id, search) if _is_kept(condition.key) else false()
    return not_(found) if condition.mode in _NEGATED else found


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
