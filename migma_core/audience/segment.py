"""Segments: an audience described as data, matched the same way in Python and in a database."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, NewType, TypeAlias

from .contact import Contact, Status, Validation
from .engagement import Engaged, Engagement, has_engaged
from .fields import FieldIs, field_matches

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "Not",
    "Segment",
    "SegmentId",
    "StatusIs",
    "Tagged",
    "ValidationIs",
    "matches",
]

SegmentId = NewType("SegmentId", str)

_DEEPEST = 4
_MOST_CONDITIONS = 50
_MOST_GROUPS = 10


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


Condition: TypeAlias = Tagged | StatusIs | ValidationIs | FieldIs | Engaged | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Segment:
    """
    A named audience. Membership is dynamic: contacts enter and leave as their data changes.

    Limits of the product: 50 conditions, three levels of groups below the root, ten groups in a group, a name of 200
    characters; a condition on one campaign only where all must hold.
    """

    id: SegmentId
    name: str
    condition: Condition

    def __post_init__(self) -> None:
        if not 0 < len(self.name.strip()) <= 200:  # noqa: PLR2004 - §1.5
            raise ValueError("a segment's name has 1 to 200 characters")
        if (fault := _fault(tuple(_walk(self.condition)))) is not None:
            raise ValueError(fault)


def matches(
    condition: Condition,
    contact: Contact,
    *,
    engagement: Collection[Engagement] = (),
    now: datetime | None = None,
) -> bool:
    """
    Whether the contact belongs to the audience described.

    ``engagement`` are the events of this contact; a condition that looks back from the present needs ``now``, aware,
    and raises `ValueError` without.

    >>> from migma_core.audience.address import Address
    >>> from migma_core.audience.contact import ContactId, ProjectId
    >>> from migma_core.audience.fields import Mode
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
        case Engaged():
            return has_engaged(condition, engagement, now)
        case AllOf(parts):
            return all(matches(part, contact, engagement=engagement, now=now) for part in parts)
        case AnyOf(parts):
            return any(matches(part, contact, engagement=engagement, now=now) for part in parts)
        case Not(part):
            return not matches(part, contact, engagement=engagement, now=now)


def _fault(parts: tuple[_Seen, ...]) -> str | None:
    """Which limit of the product a tree breaks (§1.5), or ``None``."""
    leaves = sum(not _children(one.part) for one in parts)
    deepest, most_nots = (max(getattr(one, name) for one in parts) for name in ("groups", "nots"))
    widest = max(sum(isinstance(child, AllOf | AnyOf) for child in _children(one.part)) for one in parts)
    if leaves > _MOST_CONDITIONS:
        return f"a segment has at most {_MOST_CONDITIONS} conditions; this one has {leaves}"
    if deepest > _DEEPEST:
        return f"groups nest at most {_DEEPEST - 1} levels below the root; this one has {deepest - 1}"
    if widest > _MOST_GROUPS:
        return f"a group holds at most {_MOST_GROUPS} groups; this one has {widest}"
    if most_nots > _MOST_CONDITIONS:
        return f"a condition is negated at most {_MOST_CONDITIONS} times over; this one is {most_nots} times"
    if any(isinstance(one.part, Engaged) and one.part.campaign is not None and one.in_any for one in parts):
        return "a condition on one campaign stands where all must hold, not in a group of which any may"
    return None


def _children(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
        case Tagged() | StatusIs() | ValidationIs() | FieldIs() | Engaged():
            return ()


class _Seen(NamedTuple):
    """A part of a tree, and how it lies in it: under how many groups and ``not`` (its own included), and any *any*."""

    part: Condition
    groups: int
    nots: int
    in_any: bool


def _walk(condition: Condition) -> Iterator[_Seen]:
    """
    Every part of a tree. A loop, not a recursion: a tree too deep for the interpreter's stack is measured and refused
    like any other.
    """
    rest = [_Seen(condition, 0, 0, False)]
    while rest:
        part, groups, nots, in_any = rest.pop()
        here = _Seen(part, groups + isinstance(part, AllOf | AnyOf), nots + isinstance(part, Not), in_any)
        yield here
        in_any = in_any or isinstance(part, AnyOf)
        rest.extend(here._replace(part=child, in_any=in_any) for child in _children(part))
