"""Engagement: what somebody did with earlier mail, and how a segment asks about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

__all__ = ["Engaged", "Engagement", "EngagementAction", "EngagementMode", "TimeUnit", "has_engaged"]

_LONGEST = 8_760


class EngagementAction(StrEnum):
    """What happened with a message."""

    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"


class EngagementMode(StrEnum):
    """
    How events are asked about. The product does not publish what its modes mean; this is our reading (§1.5).
    """

    WITHIN = "within"
    """At least one event in the last so many hours or days."""
    BEFORE = "before"
    """There are events, but the latest is longer ago than that."""
    NEVER = "never"
    """No such event at all."""
    BETWEEN = "between"
    """At least one event from one moment to another, both included."""


class TimeUnit(StrEnum):
    """What an amount counts."""

    HOURS = "hours"
    DAYS = "days"


_TAKES = {
    EngagementMode.WITHIN: "an amount and a unit",
    EngagementMode.BEFORE: "an amount and a unit",
    EngagementMode.NEVER: "no time",
    EngagementMode.BETWEEN: "since and until",
}


@dataclass(frozen=True, slots=True)
class Engagement:
    """One event: a message was sent, opened or clicked ``at`` this aware moment, in this campaign if in any."""

    action: EngagementAction
    at: datetime
    campaign: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an event's time needs a zone: pass an aware datetime")
        _check_campaign(self.campaign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engaged:
    """
    The contact has, or has not, engaged with earlier mail; with ``campaign``, with that campaign's alone.

    ``within`` and ``before`` take an ``amount`` of 1 to 8,760 and a ``unit``; ``between`` takes ``since`` and
    ``until``, aware and in order; ``never`` takes neither.

    >>> Engaged(action=EngagementAction.OPENED, mode=EngagementMode.WITHIN, amount=30, unit=TimeUnit.DAYS).reads_clock
    True
    """

    action: EngagementAction
    mode: EngagementMode
    amount: int | None = None
    unit: TimeUnit | None = None
    since: datetime | None = None
    until: datetime | None = None
    campaign: str | None = None
    kind: Literal["engaged"] = field(default="engaged", repr=False)

    def __post_init__(self) -> None:
        counted, bounded = (self.amount, self.unit) != (None, None), (self.since, self.until) != (None, None)
        if self.reads_clock and not self._counts():
            raise ValueError(f"{self.mode} takes an amount of 1 to {_LONGEST} and a unit: {self.amount} {self.unit}")
        if self.mode is EngagementMode.BETWEEN and not self._is_ordered():
            raise ValueError("between takes since and until, aware and in order")
        if counted is not self.reads_clock or bounded is not (self.mode is EngagementMode.BETWEEN):
            raise ValueError(f"{self.mode} takes {_TAKES[self.mode]}, and nothing else")
        _check_campaign(self.campaign)

    @property
    def reads_clock(self) -> bool:
        """Whether the answer changes as time goes by, so that the present must be known."""
        return self.mode in {EngagementMode.WITHIN, EngagementMode.BEFORE}

    @property
    def span(self) -> timedelta:
        """How far back ``within`` and ``before`` look."""
        return timedelta(hours=(self.amount or 0) * (24 if self.unit is TimeUnit.DAYS else 1))

    def _counts(self) -> bool:
        return self.amount is not None and self.unit is not None and 1 <= self.amount <= _LONGEST

    def _is_ordered(self) -> bool:
        since, until = self.since, self.until
        if since is None or until is None or since.tzinfo is None or until.tzinfo is None:
            return False
        return since <= until


def _check_campaign(campaign: str | None) -> None:
    if campaign == "":
        raise ValueError("a campaign has an id; where there is none, leave it out")


def has_engaged(asked: Engaged, events: Iterable[Engagement], now: datetime | None) -> bool:
    """
    Whether somebody with these events satisfies the condition. Raises `ValueError` where it reads the clock and ``now``
    is missing.
    """
    if asked.reads_clock and (now is None or now.tzinfo is None):
        raise ValueError(f"a condition on what happened {asked.mode} some time reads the clock: pass now, aware")
    times = [one.at for one in events if one.action is asked.action and asked.campaign in {None, one.campaign}]
    match asked.mode:
        case EngagementMode.NEVER:
            return not times
        case EngagementMode.BETWEEN:
            return any(asked.since <= at <= asked.until for at in times)  # type: ignore[operator]  # set for this mode
        case EngagementMode.WITHIN:
            return any(now - at <= asked.span for at in times)  # type: ignore[operator]  # checked above
        case EngagementMode.BEFORE:
            return bool(times) and now - max(times) > asked.span  # type: ignore[operator]  # checked above
