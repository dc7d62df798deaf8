"""Wall clocks: when a clock on the recipient's wall will next read what a rule waits for, across any change of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

__all__ = ["Waiting", "first_instant"]

Waiting: TypeAlias = Callable[[datetime], timedelta]
"""From a wall clock's reading (naive) to how long that clock must still run; nothing or less: the wait is over."""

_SECOND = timedelta(seconds=1)
_NEAR = timedelta(days=3)
_FAR_STEP = timedelta(days=2)  # no clock has ever been set on by more than a day


def first_instant(now: datetime, zone: ZoneInfo, waiting: Waiting) -> datetime:
    """
    The earliest moment from ``now`` on, in UTC, at which the wall clock of ``zone`` need not wait any longer.

    Between two changes of the clock local time runs evenly, so the wait is walked change by change: a reading that a
    change skips is reached at the change, one that it repeats is reached the first time.

    >>> new_york = ZoneInfo("America/New_York")
    >>> to_half_past_two = lambda reading: datetime(2026, 3, 8, 2, 30) - reading  # skipped: 2:00 becomes 3:00
    >>> str(first_instant(datetime(2026, 3, 8, 5, tzinfo=UTC), new_york, to_half_past_two))
    '2026-03-08 07:00:00+00:00'
    """
    at = now.astimezone(UTC)
    while (left := waiting(_reading(at, zone))) > timedelta():
        at = _advanced(at, left, zone)
    return at


def _reading(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _advanced(at: datetime, left: timedelta, zone: ZoneInfo) -> datetime:
    """Where the wait ends if the clock runs on evenly, or the first change of the clock on the way there."""
    if left > _NEAR:
        return at + left - _FAR_STEP
    ahead = at + left
    if _offset(ahead, zone) == _offset(at, zone):
        return ahead
    return _change(at, ahead, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment with another offset than ``before``; changes fall on whole seconds of UTC."""
    old = _offset(before, zone)
    low, high = before.replace(microsecond=0), after.replace(microsecond=0) + _SECOND
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (middle, high) if _offset(middle, zone) == old else (low, middle)
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
