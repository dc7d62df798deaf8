"""The soft-bounce limit: when mail that keeps coming back stops marketing (compliance K-05)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["SoftBounceCounter"]


@dataclass(frozen=True, slots=True)
class SoftBounceCounter:
    """
    So many soft bounces, on so many different days (in UTC), within so long, reach the limit. Raises `ValueError` for
    numbers that nothing could reach.

    >>> may = [datetime(2026, 5, day, 12, tzinfo=UTC) for day in (1, 1, 2, 2, 3)]
    >>> SoftBounceCounter().reached(enumerate(may))
    datetime.datetime(2026, 5, 3, 12, 0, tzinfo=datetime.timezone.utc)
    """

    bounces: int = 5
    days: int = 3
    within: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        if self.bounces < 1 or not 1 <= self.days <= self.bounces or self.within < timedelta(days=self.days - 1):
            raise ValueError(
                f"{self.bounces} bounces on {self.days} days within {self.within} cannot be counted: "
                "ask for at least one bounce, on no more days than bounces, within a time that has so many days"
            )

    def reached(self, told: Iterable[tuple[object, datetime]]) -> datetime | None:
        """
        When the limit was reached first, or ``None``, by the bounces since the last delivery: each with the message it
        is about, whose first alone counts, in any order. Moments are aware.
        """
        recent = deque[datetime]()
        for at in _one_each(told):
            recent.append(at)
            while at - recent[0] > self.within:
                recent.popleft()
            if len(recent) >= self.bounces and len({one.astimezone(UTC).date() for one in recent}) >= self.days:
                return at
        return None


def _one_each(told: Iterable[tuple[object, datetime]]) -> list[datetime]:
    first: dict[object, datetime] = {}
    for message, at in told:
        first[message] = min(at, first.get(message, at))
    return sorted(first.values())
