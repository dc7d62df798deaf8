"""Verdicts: the three answers about one recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from .reasons import STRENGTH, Reason

__all__ = ["MAILABLE", "Deferred", "Mailable", "Verdict", "Withheld", "latest_deferral"]


@dataclass(frozen=True, slots=True)
class Mailable:
    """Nothing stands against it."""

    kind: Literal["mailable"] = field(default="mailable", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Not to be sent; all reasons, strongest first."""

    reasons: tuple[Reason, ...]
    kind: Literal["withheld"] = field(default="withheld", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("nobody is withheld without a reason")


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now, but from ``until`` on, an aware moment."""

    until: datetime
    reason: Reason
    kind: Literal["deferred"] = field(default="deferred", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError("a deferral's end needs a zone: pass an aware datetime")


Verdict: TypeAlias = Mailable | Withheld | Deferred

MAILABLE = Mailable()


def latest_deferral(answers: Iterable[object]) -> Deferred:
    """The deferral that lasts longest; of two that end together, the one for the stronger reason."""
    deferrals = (one for one in answers if isinstance(one, Deferred))
    return max(deferrals, key=lambda one: (one.until, -STRENGTH[one.reason.kind]))
