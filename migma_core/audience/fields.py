"""Fields: how a contact's built-in and custom values are compared in a segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Final, Literal

from .values import Canonical, Scalar, canonical

__all__ = ["DAY", "FieldIs", "Mode", "comparable", "field_matches"]

DAY: Final = 86_400_000_000
"""A day in UTC, in the microseconds that instants are compared in."""


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
    DATE_ON = "date_on"
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
class FieldIs:
    """
    A built-in value or a custom field compares as ``mode`` says with any of ``values``.

    Positive modes match if any value does, negative ones if none does. Text is compared case-folded, numbers as exact
    decimals, dates as instants in UTC; ``date_on`` is any moment of the same day in UTC. A field without a value
    satisfies the negative modes only (design D6).

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
        if any(isinstance(value, float) and not isfinite(value) for value in self.values):
            raise ValueError(f"{self.mode} compares with numbers that are finite, and texts; given: {self.values!r}")
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


_COMPARE: Mapping[Mode, Callable[..., bool]] = {
    Mode.IS: lambda given, bound: given == bound,
    Mode.IS_NOT: lambda given, bound: given == bound,
    Mode.STARTS_WITH: lambda given, bound: given.startswith(bound),
    Mode.ENDS_WITH: lambda given, bound: given.endswith(bound),
    Mode.CONTAINS: lambda given, bound: bound in given,
    Mode.NOT_CONTAINS: lambda given, bound: bound in given,
    Mode.DATE_AFTER: lambda given, bound: given > bound,
    Mode.DATE_BEFORE: lambda given, bound: given < bound,
    Mode.DATE_ON: lambda given, bound: given // DAY == bound // DAY,
    Mode.NUMBER_GT: lambda given, bound: given > bound,
    Mode.NUMBER_GTE: lambda given, bound: given >= bound,
    Mode.NUMBER_LT: lambda given, bound: given < bound,
    Mode.NUMBER_LTE: lambda given, bound: given <= bound,
}
