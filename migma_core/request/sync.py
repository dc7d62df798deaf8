"""Syncs: how old the knowledge is that is kept in step with somebody else's (design D16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Sync"]


@dataclass(frozen=True, slots=True)
class Sync:
    """
    A provider that keeps people's choices itself, and how far what it says is known here.

    ``as_of`` is when the last whole pass began: opt-outs made there since are unknown here. ``None`` means that there
    was none. ``bound`` is how old that may be while marketing leaves. Raises `ValueError` for a moment without a zone,
    and a bound of nothing.
    """

    provider: str
    as_of: datetime | None
    bound: timedelta

    def __post_init__(self) -> None:
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("the moment of a sync needs a zone: pass an aware datetime")
        if self.bound <= timedelta(0):
            raise ValueError("a sync may be older than nothing: give a bound above zero, such as a day")

    def is_overdue(self, now: datetime) -> bool:
        """
        Whether it is older than its bound, or never was. A pass that lies as far ahead says that a clock is wrong.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
        >>> day = Sync("platform", noon, timedelta(days=1))
        >>> day.is_overdue(noon + timedelta(hours=24)), day.is_overdue(noon + timedelta(hours=25))
        (False, True)
        """
        return self.as_of is None or abs(now - self.as_of) > self.bound
