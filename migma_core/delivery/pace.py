"""Pace: how fast a stream of messages may go, in values (design D11; reliability §6 to §8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Final, NamedTuple

__all__ = ["UNLIMITED", "Breaker", "Granted", "Rate", "Stream", "WarmUp"]


class Stream(NamedTuple):
    """What a provider counts together: the account's messages through it, of one sending domain or (empty) of all."""

    account: str
    provider: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """
    A token bucket: so many messages a second in the long run, and at most ``burst`` at once; ``per_day`` caps what goes
    in a day of UTC.
    """

    per_second: float
    burst: int
    per_day: int | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.per_second) and self.per_second > 0 and self.burst > 0):
            raise ValueError(
                f"a rate is above 0 per second with a burst of 1 or more; {self.per_second} and {self.burst} were given"
            )
        if self.per_day is not None and self.per_day < 0:
            raise ValueError(f"a day's cap is 0 or more; {self.per_day} was given: leave it out for no cap")


UNLIMITED: Final = Rate(1e9, 10**9)
"""No limit of our own: the provider's answers alone slow the stream."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """
    A domain nobody knows yet sends little at first: ``per_day`` from the day it ``started``, and no cap afterwards.

    >>> WarmUp(date(2026, 5, 1), (50, 100, 500)).cap(date(2026, 5, 2))
    100
    """

    started: date
    per_day: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.per_day or min(self.per_day) < 1:
            raise ValueError("a warm-up names the cap of one day or more, each 1 or above, such as [50, 100, 500]")

    def cap(self, today: date) -> int | None:
        """The cap of this day of UTC: nothing before the start, ``None`` once the warm-up is over."""
        day = (today - self.started).days
        if day < 0:
            return 0
        return self.per_day[day] if day < len(self.per_day) else None


@dataclass(frozen=True, slots=True)
class Breaker:
    """Open after ``failures`` in a row, for ``rest`` seconds the first time and twice as long each time after."""

    failures: int
    rest: float
    longest: float = 3600.0

    def __post_init__(self) -> None:
        if not (self.failures > 0 and 0 < self.rest <= self.longest and isfinite(self.longest)):
            raise ValueError(
                f"a breaker opens after 1 or more failures, for a rest above 0 and at most the longest; "
                f"{self.failures}, {self.rest} and {self.longest} were given"
            )


class Granted(NamedTuple):
    """
    How many messages may go now; if fewer than asked, in how many seconds it is worth asking again.

    ``probe``: the breaker is open, and these are let through to find out. ``troubled``: failures are on record, so that
    a success is worth reporting.
    """

    messages: int
    wait: float = 0.0
    probe: bool = False
    troubled: bool = False
