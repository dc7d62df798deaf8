"""Quotas: what a provider says an account may send, as a value for the pace."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from .pace import Rate

__all__ = ["Quota"]


@dataclass(frozen=True, slots=True)
class Quota:
    """
    How many messages an account may send: ``per_second``, and ``per_day`` in any 24 hours (``None``: as many as it
    likes), of which ``sent`` were sent in the last 24. ``stopped`` says why nothing may leave at all, where that is so.

    Raises `ValueError` for numbers that are no quota.

    >>> quota = Quota(per_second=14.0, per_day=50_000, sent=49_990)
    >>> quota.left, quota.rate
    (10, Rate(per_second=14.0, burst=14, per_day=None))
    """

    per_second: float
    per_day: int | None
    sent: int
    stopped: str | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.per_second) and self.per_second > 0):
            raise ValueError(f"a quota is above 0 messages a second; {self.per_second} was given")
        if self.sent < 0 or (self.per_day is not None and self.per_day < 0):
            raise ValueError(f"a quota counts from 0; {self.per_day} a day and {self.sent} sent were given")

    @property
    def left(self) -> int | None:
        """How many more may go now, whatever the second allows; ``None`` where no day limits them."""
        if self.stopped is not None:
            return 0
        return None if self.per_day is None else max(0, self.per_day - self.sent)

    @property
    def rate(self) -> Rate:
        """The token bucket for `Pace.take`: a second's worth at once."""
        return Rate(self.per_second, max(1, int(self.per_second)))
