"""A clock for tests and simulation: it moves when it is told, and when somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["SimulatedClock"]

_START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class SimulatedClock:
    """
    Starts at an aware moment, noon of 2026-01-01 UTC if none is given, and stands still until moved.

    It never runs backwards by itself: an attempt to is a `ValueError`, and `set` does it only when told.

    >>> clock = SimulatedClock(datetime(2026, 5, 1, tzinfo=UTC))
    >>> clock.sleep(90)
    >>> clock.now().isoformat()
    '2026-05-01T00:01:30+00:00'
    """

    __slots__ = ("_now",)

    def __init__(self, start: datetime = _START) -> None:
        self._now = _utc(start)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Move on at once by so many seconds; nothing or less changes nothing."""
        if seconds > 0:
            self.advance(seconds)

    def advance(self, span: timedelta | float) -> datetime:
        """
        Move on by a span, or by seconds, and say what time it is then. Raises `ValueError` for a negative one.

        >>> SimulatedClock().advance(timedelta(days=60)).date().isoformat()
        '2026-03-02'
        """
        step = span if isinstance(span, timedelta) else timedelta(seconds=span)
        if step < timedelta(0):
            raise ValueError(f"advance by {step.total_seconds()} seconds would go back; use set(moment, back=True)")
        self._now += step
        return self._now

    def set(self, moment: datetime, *, back: bool = False) -> None:
        """
        Move to an aware moment; to an earlier one only with ``back``. Raises `ValueError`.

        >>> clock = SimulatedClock()
        >>> clock.set(datetime(2020, 1, 1, tzinfo=UTC))
        Traceback (most recent call last):
        ValueError: 2020-01-01T00:00:00+00:00 lies before 2026-01-01T12:00:00+00:00; say back=True if that is meant
        >>> clock.set(datetime(2020, 1, 1, tzinfo=UTC), back=True)
        """
        there = _utc(moment)
        if there < self._now and not back:
            raise ValueError(f"{there.isoformat()} lies before {self._now.isoformat()}; say back=True if that is meant")
        self._now = there

    def __repr__(self) -> str:
        return f"SimulatedClock({self._now.isoformat()})"


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no zone; pass an aware datetime, such as datetime(…, tzinfo=UTC)")
    return moment.astimezone(UTC)
