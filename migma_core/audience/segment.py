"""Segments: an audience described as data, matched the same way in Python and in a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType, TypeAlias

from .contact import Contact, Status, Validation
from .values import Canonical, Scalar, canonical

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "FieldIs",
    "Mode",
    "Not",
    "Segment",
    "SegmentId",
    "StatusIs",
    "Tagged",
    "ValidationIs",
    "in_words",
    "matches",
]

SegmentId = NewType("SegmentId", str)

_DEEPEST = 4
_MOST_CONDITIONS = 50


class Mode(StrEnum):
    """How a field is compared with the values given (`FieldIs`)."""

    IS = "is"
    IS_NOT = "is_not"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    DATE_AFTER = "date_after"
    DATE_BEFORE = "date_before"
    DATE_BETWEEN = "date_between"
    NUMBER_GT = "number_gt"
    NUMBER_GTE = "number_gte"
    NUMBER_LT = "number_lt"
    NUMBER_LTE = "number_lte"
    NUMBER_BETWEEN = "number_between"


_BETWEEN = frozenset({Mode.DATE_BETWEEN, Mode.NUMBER_BETWEEN})
_TEXT = frozenset({Mode.IS, Mode.IS_NOT, Mode.STARTS_WITH, Mode.ENDS_WITH, Mode.CONTAINS, Mode.NOT_CONTAINS})
_NEGATIVE = frozenset({Mode.IS_NOT, Mode.NOT_CONTAINS})


@dataclass(frozen=True, slots=True)
class Tagged:
    """The contact has any of these tags; names are compared exactly."""

    tags: tuple[str, ...]
    kind: Literal["tagged"] = field(default="tagged", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.tags:
            raise ValueError("name at least one tag")


@dataclass(frozen=True, slots=True)
class StatusIs:
    """The contact has this status."""

    status: Status
    kind: Literal["status"] = field(default="status", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ValidationIs:
    """Checking the address found this."""

    validation: Validation
    kind: Literal["validation"] = field(default="validation", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class FieldIs:
    """
    A built-in value or a custom field compares as ``mode`` says with any of ``values``.

    Positive modes match if any value does, negative ones if none does. Text is compared case-folded, numbers as exact
    decimals, dates as instants in UTC. A field without a value satisfies the negative modes only (design D6).

    >>> FieldIs("country", Mode.IS, ("de", "at"))
    FieldIs(key='country', mode=<Mode.IS: 'is'>, values=('de', 'at'))
    """

    key: str
    mode: Mode
    values: tuple[str | int | float, ...]
    kind: Literal["field"] = field(default="field", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("name the field to compare")
        if self.mode in _TEXT and not self.values:
            raise ValueError(f"{self.mode} needs at least one value")
        if self.mode not in _TEXT:
            self._check_bounds()

    def _check_bounds(self) -> None:
        wanted = 2 if self.mode in _BETWEEN else 1
        bounds = [bound for value in self.values if (bound := comparable(canonical(value), self.mode)) is not None]
        if len(self.values) != wanted or len(bounds) != wanted:
            what = "number" if self.mode.startswith("number") else "date such as 2026-05-01"
            raise ValueError(f"{self.mode} takes {wanted} {what}{'s' * (wanted - 1)}; given: {self.values!r}")
        if wanted == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]  # noqa: PLR2004 - both str or both int by the mode
            raise ValueError(f"{self.mode} takes the lower bound first; given: {self.values!r}")


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part matches; without parts, everybody does."""

    parts: tuple[Condition, ...] = ()
    kind: Literal["all"] = field(default="all", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part matches."""

    parts: tuple[Condition, ...]
    kind: Literal["any"] = field(default="any", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("any of nothing matches nobody: name at least one condition")


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: Condition
    kind: Literal["not"] = field(default="not", kw_only=True, repr=False)


Condition: TypeAlias = Tagged | StatusIs | ValidationIs | FieldIs | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Segment:
    """
    A named audience. Membership is dynamic: contacts enter and leave as their data changes.

    Limits of the product: 50 conditions, three levels below the root, a name of 200 characters.
    """

    id: SegmentId
    name: str
    condition: Condition

    def __post_init__(self) -> None:
        if not 0 < len(self.name.strip()) <= 200:  # noqa: PLR2004 - §1.5
            raise ValueError("a segment's name has 1 to 200 characters")
        leaves, groups, nots = _measured(self.condition)
        if leaves > _MOST_CONDITIONS:
            raise ValueError(f"a segment has at most {_MOST_CONDITIONS} conditions; this one has {leaves}")
        if groups > _DEEPEST:
            raise ValueError(f"groups nest at most {_DEEPEST - 1} levels below the root; this one has {groups - 1}")
        if nots > _MOST_CONDITIONS:
            raise ValueError(f"a condition is negated at most {_MOST_CONDITIONS} times over; this one is {nots} times")


def matches(condition: Condition, contact: Contact) -> bool:
    """
    Whether the contact belongs to the audience described.

    >>> from migma_core.audience.address import Address
    >>> from migma_core.audience.contact import ContactId, ProjectId
    >>> ada = Contact(id=ContactId("c"), project=ProjectId("p"), address=Address("ada", "example.com"),
    ...               country="DE", tags=frozenset({"beta"}))
    >>> matches(AllOf((Tagged(("beta", "vip")), FieldIs("country", Mode.IS, ("de",)))), ada)
    True
    """
    match condition:
        case Tagged(tags):
            return not contact.tags.isdisjoint(tags)
        case StatusIs(status):
            return contact.status is status
        case ValidationIs(validation):
            return contact.validation is validation
        case FieldIs(key, mode, values):
            return field_matches(contact.values.get(key), mode, values)
        case AllOf(parts):
            return all(matches(part, contact) for part in parts)
        case AnyOf(parts):
            return any(matches(part, contact) for part in parts)
        case Not(part):
            return not matches(part, contact)


def field_matches(value: Scalar, mode: Mode, wanted: tuple[str | int | float, ...]) -> bool:
    """Compare one value as `FieldIs` says."""
    given = comparable(canonical(value), mode)
    if given is None:
        return mode in _NEGATIVE
    bounds = tuple(comparable(canonical(one), mode) for one in wanted)
    if mode in _BETWEEN:
        return bool(bounds[0] <= given <= bounds[1])  # type: ignore[operator]  # both str or both int by the mode
    hit = any(_COMPARE[mode](given, bound) for bound in bounds)
    return hit is not (mode in _NEGATIVE)


def comparable(value: Canonical | None, mode: Mode) -> str | int | None:
    """The form of a value that this mode compares, or ``None`` where it has none."""
    if value is None:
        return None
    if mode.startswith("number"):
        return value.number
    return value.instant if mode.startswith("date") else value.text


def in_words(condition: Condition) -> str:
    """
    Say whom the condition describes.

    >>> in_words(AllOf((Tagged(("beta",)), Not(StatusIs(Status.BOUNCED)))))
    'tagged beta and not (status is bounced)'
    """
    match condition:
        case Tagged(tags):
            return f"tagged {' or '.join(tags)}"
        case StatusIs(status):
            return f"status is {status}"
        case ValidationIs(validation):
            return f"address is {validation}"
        case FieldIs(key, mode, values):
            return f"{key} {mode.replace('_', ' ')} {' or '.join(map(str, values))}"
        case AllOf(parts):
            return " and ".join(_grouped(part) for part in parts) or "everybody"
        case AnyOf(parts):
            return " or ".join(_grouped(part) for part in parts)
        case Not(part):
            return f"not ({in_words(part)})"


def _grouped(part: Condition) -> str:
    words = in_words(part)
    return f"({words})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else words


_COMPARE: Mapping[Mode, Callable[..., bool]] = {
    Mode.IS: lambda given, bound: given == bound,
    Mode.IS_NOT: lambda given, bound: given == bound,
    Mode.STARTS_WITH: lambda given, bound: given.startswith(bound),
    Mode.ENDS_WITH: lambda given, bound: given.endswith(bound),
    Mode.CONTAINS: lambda given, bound: bound in given,
    Mode.NOT_CONTAINS: lambda given, bound: bound in given,
    Mode.DATE_AFTER: lambda given, bound: given > bound,
    Mode.DATE_BEFORE: lambda given, bound: given < bound,
    Mode.NUMBER_GT: lambda given, bound: given > bound,
    Mode.NUMBER_GTE: lambda given, bound: given >= bound,
    Mode.NUMBER_LT: lambda given, bound: given < bound,
    Mode.NUMBER_LTE: lambda given, bound: given <= bound,
}


def _children(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
        case Tagged() | StatusIs() | ValidationIs() | FieldIs():
            return ()


def _measured(condition: Condition) -> tuple[int, int, int]:
    """
    How many leaves, levels of groups (the root's included) and nested ``not`` a tree has.

    A loop, not a recursion: a tree too deep for the interpreter's stack is measured and refused like any other.
    """
    leaves, deepest, most_nots = 0, 0, 0
    rest = [(condition, 0, 0)]
    while rest:
        part, groups, nots = rest.pop()
        groups += isinstance(part, AllOf | AnyOf)
        nots += isinstance(part, Not)
        deepest, most_nots = max(deepest, groups), max(most_nots, nots)
        children = _children(part)
        leaves += not children
        rest.extend((child, groups, nots) for child in children)
    return leaves, deepest, most_nots
