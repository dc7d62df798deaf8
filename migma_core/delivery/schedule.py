"""Schedules: when a campaign is to start, as it was said, and the instant that comes to (R52, R53; reliability §12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from ..audience.address import hidden_characters
from .campaign import Action

__all__ = [
    "GRACE",
    "Fold",
    "Gap",
    "Reading",
    "Schedule",
    "StartTime",
    "due_action",
    "explain_miss",
    "explain_start",
    "start_time",
]

GRACE: Final = timedelta(hours=6)
"""How late a campaign may start by itself; after that a person decides (reliability §12)."""

_LAST_YEAR: Final = 9998  # any later, and a zone's offset may lead out of what a datetime can hold


class Gap(StrEnum):
    """What a time means that the clock skips: 02:30, where 02:00 becomes 03:00."""

    FORWARD = "forward"
    """Later by as much as is skipped: 03:30."""
    BACK = "back"
    """Earlier by as much: 01:30."""


class Fold(StrEnum):
    """Which of the two is meant, where the clock reads a time twice."""

    FIRST = "first"
    SECOND = "second"


class Reading(StrEnum):
    """How a time was read."""

    EXACT = "exact"
    SKIPPED = "skipped"
    """The clock skips it; `Gap` says what it means."""
    REPEATED = "repeated"
    """The clock reads it twice; `Fold` says which is meant."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    When to start, as it was said. ``at`` with an offset is an instant, and the ``zone`` (an IANA name) is only for
    display; without one it is what a clock on the wall of that zone reads (R53).

    Raises `ValueError` for a zone without a name, a time that carries a fold of its own, and years at the ends of time.

    >>> Schedule(datetime(2026, 12, 1, 9), "Europe/Berlin").is_instant
    False
    """

    at: datetime
    zone: str = "UTC"
    gap: Gap = Gap.FORWARD
    fold: Fold = Fold.FIRST

    def __post_init__(self) -> None:
        if not self.zone.strip() or hidden_characters(self.zone):
            raise ValueError("a schedule's zone is an IANA name, such as Europe/Berlin; leave it out for UTC")
        if not 1 < self.at.year <= _LAST_YEAR:
            raise ValueError(f"a schedule's year lies between 2 and {_LAST_YEAR}; {self.at.year} was given")
        if self.at.fold and self.at.tzinfo is None:
            raise ValueError("which of two readings is meant is said by the schedule's fold, not by the time's own")

    @property
    def is_instant(self) -> bool:
        """Whether it names an instant, whatever becomes of the zone's rules."""
        return self.at.tzinfo is not None


@dataclass(frozen=True, slots=True)
class StartTime:
    """
    The instant a schedule comes to, in UTC, and how it was read. ``zone_data`` names the version of the time zone
    database it was found by: under other rules it is found anew.
    """

    instant: datetime
    reading: Reading
    zone_data: str

    def __post_init__(self) -> None:
        if self.instant.utcoffset() != timedelta():
            raise ValueError("a start is an instant in UTC")

    def is_outdated_by(self, zone_data: str) -> bool:
        """
        Whether to find it anew by these data: they are not those it was found by, and no older release of them.

        Two machines of which one has older data must not take back each other's answers for ever.

        >>> found = StartTime(datetime(2026, 12, 1, 8, tzinfo=UTC), Reading.EXACT, "2026b")
        >>> [found.is_outdated_by(version) for version in ("2026a", "2026b", "2027a")]
        [False, False, True]
        """
        if zone_data == self.zone_data:
            return False
        return not (_is_release(zone_data) and _is_release(self.zone_data)) or zone_data > self.zone_data


def start_time(schedule: Schedule, zone: ZoneInfo, zone_data: str) -> StartTime:
    """
    The instant at which the schedule says to start. Any time has one: skipped and repeated ones by its own policy.

    ``zone`` is the schedule's, as these ``zone_data`` know it.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> start_time(Schedule(datetime(2026, 3, 29, 2, 30), "Europe/Berlin"), berlin, "2026a").instant.isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    if schedule.is_instant:
        return StartTime(schedule.at.astimezone(UTC), Reading.EXACT, zone_data)
    # PEP 495: in a gap the first offset leads beyond it and the second before it; in a fold to the first and the second
    first, second = (schedule.at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return StartTime(first, Reading.EXACT, zone_data)
    if first.astimezone(zone).replace(tzinfo=None, fold=0) == schedule.at:
        return StartTime(first if schedule.fold is Fold.FIRST else second, Reading.REPEATED, zone_data)
    return StartTime(first if schedule.gap is Gap.FORWARD else second, Reading.SKIPPED, zone_data)


def due_action(instant: datetime, now: datetime, grace: timedelta = GRACE) -> Action | None:
    """
    What becomes of a scheduled campaign at this moment: nothing yet, `Action.SEND`, or, where it is later than the
    grace allows, `Action.MISS`: what was meant for the morning is not sent at night unasked.

    >>> nine = datetime(2026, 12, 1, 9, tzinfo=UTC)
    >>> print(due_action(nine, nine - timedelta(seconds=1)), due_action(nine, nine), due_action(nine, nine + GRACE * 2))
    None send miss
    """
    if now < instant:
        return None
    return Action.SEND if now - instant <= grace else Action.MISS


def explain_start(schedule: Schedule, start: StartTime, zone: ZoneInfo) -> str:
    """
    When that is, in words: on the wall of the zone and in UTC, and how a skipped or repeated time was read.

    >>> berlin, early = ZoneInfo("Europe/Berlin"), Schedule(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    >>> explain_start(early, start_time(early, berlin, "2026a"), berlin)
    '2026-03-29 03:30 Europe/Berlin (01:30 UTC); its clocks skip 02:30 on that day'
    """
    local = start.instant.astimezone(zone)
    there = f"{_clock(local)} {schedule.zone}"
    utc = f"{start.instant:%H:%M} UTC" if local.date() == start.instant.date() else f"{_clock(start.instant)} UTC"
    told = there if schedule.zone == "UTC" else f"{there} ({utc})"
    match start.reading:
        case Reading.SKIPPED:
            return f"{told}; its clocks skip {schedule.at:%H:%M} on that day"
        case Reading.REPEATED:
            return f"{told}, the {schedule.fold} of the two: its clocks read {schedule.at:%H:%M} twice on that day"
        case Reading.EXACT:
            return told


def explain_miss(schedule: Schedule, late: timedelta) -> str:
    """
    Why a campaign is a draft again, in words, and what can be done.

    >>> explain_miss(Schedule(datetime(2026, 12, 1, 9), "Europe/Berlin"), timedelta(hours=7, minutes=12))
    'it was to start at 2026-12-01 09:00 Europe/Berlin and nobody was there to start it until 7.2 hours later; send it \
now, schedule it anew, or cancel it'
    """
    said = schedule.at.isoformat(" ", "minutes") + ("" if schedule.is_instant else f" {schedule.zone}")
    return (
        f"it was to start at {said} and nobody was there to start it until {late / timedelta(hours=1):.1f} hours "
        "later; send it now, schedule it anew, or cancel it"
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _is_release(zone_data: str) -> bool:
    """Whether it names a release of the database, such as 2026a; those sort by age."""
    return zone_data[:4].isdigit() and zone_data[4:].isalpha() and zone_data.isascii()
