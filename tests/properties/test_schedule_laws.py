"""Laws of schedules: any time in any zone comes to one instant, across every change of the clock (R52, R53)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import Action, Fold, Gap, Reading, Schedule, StartTime, start_time
from migma_core.delivery.schedule import GRACE, due_action, explain_start

DATA = "2026a"
ZONES = sorted(name for name in available_timezones() if not name.startswith(("right/", "posix/")))
# half an hour, two hours, at midnight, a whole day, summer as the exception, none at all
ODD = (
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Santiago",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "Pacific/Apia",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "US/Eastern",
)
SKIPPED_DAY = datetime.fromisoformat("2011-12-30T12:00")

START = datetime(1980, 1, 1, tzinfo=UTC)

zone_names = st.sampled_from(ODD) | st.sampled_from(ZONES)
instants = st.timedeltas(timedelta(0), timedelta(days=120 * 365)).map(lambda since: START + since)
moments = instants.map(lambda one: one.replace(tzinfo=None, fold=0))
policies = st.tuples(st.sampled_from(Gap), st.sampled_from(Fold))


def reading(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall reads then."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@cache
def changes(name: str) -> tuple[tuple[datetime, timedelta], ...]:
    """The changes of a zone's clock in 2025 and 2026: the first moment after each, and by how much it was set on."""
    return tuple(_changes(ZoneInfo(name)))


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    days = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(731)]
    for before, after in pairwise(days):
        if moved := _offset(after, zone) - _offset(before, zone):
            low, high = before, after
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
                low, high = (middle, high) if _offset(middle, zone) == _offset(before, zone) else (low, middle)
            yield high, moved


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@given(zone_names, moments, policies)
def test_a_time_comes_to_an_instant_that_reads_so_or_is_skipped(
    name: str, wall: datetime, policy: tuple[Gap, Fold]
) -> None:
    """The clock reads the time at that instant, unless it reads it never; then it says so."""
    zone = ZoneInfo(name)
    found = start_time(Schedule(wall, name, *policy), zone, DATA)
    assert (reading(found.instant, zone) == wall) is (found.reading is not Reading.SKIPPED)
    assert (found.instant.tzinfo, found.zone_data) == (UTC, DATA)


@given(zone_names, moments, policies, st.integers(-14 * 60, 14 * 60))
def test_a_time_with_an_offset_is_that_instant_in_any_zone(
    name: str, wall: datetime, policy: tuple[Gap, Fold], minutes: int
) -> None:
    """The zone is only for display (R53, A12)."""
    at = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = start_time(Schedule(at, name, *policy), ZoneInfo(name), DATA)
    assert (found.instant, found.reading) == (at, Reading.EXACT)


@given(zone_names, instants)
def test_any_instant_can_be_said_as_what_the_wall_reads(name: str, instant: datetime) -> None:
    """Said back as a wall time it comes to itself: the first, the second, or the only one of that reading."""
    zone = ZoneInfo(name)
    wall = reading(instant, zone)
    both = {start_time(Schedule(wall, name, fold=fold), zone, DATA).instant for fold in Fold}
    assert instant in both
    assert len(both) == (2 if start_time(Schedule(wall, name), zone, DATA).reading is Reading.REPEATED else 1)


def test_every_change_of_every_clock_in_two_years_is_read_as_its_policy_says() -> None:
    """What is skipped moves by the gap either way; what is repeated is the first or the second, a gap apart."""
    tried = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change, moved in changes(name):
            inside = (
                reading(change, zone) - abs(moved) / 2
                if moved > timedelta()
                else reading(change, zone) + (abs(moved) / 2)
            )
            _check_change(name, zone, inside, moved)
            tried += 1
    assert tried > 200


def _check_change(name: str, zone: ZoneInfo, inside: datetime, moved: timedelta) -> None:
    if moved > timedelta():
        back, forward = (start_time(Schedule(inside, name, gap=gap), zone, DATA) for gap in (Gap.BACK, Gap.FORWARD))
        assert (back.reading, forward.reading) == (Reading.SKIPPED, Reading.SKIPPED), name
        assert reading(forward.instant, zone) == inside + moved, name
        assert reading(back.instant, zone) == inside - moved, name
    else:
        first, second = (start_time(Schedule(inside, name, fold=fold), zone, DATA) for fold in Fold)
        assert (first.reading, second.reading) == (Reading.REPEATED, Reading.REPEATED), name
        assert second.instant - first.instant == -moved, name


def test_a_day_that_a_zone_skipped_is_moved_by_the_whole_day() -> None:
    """Apia had no 30 December 2011: noon of it is noon of the day after, or before."""
    zone = ZoneInfo("Pacific/Apia")
    ways = [start_time(Schedule(SKIPPED_DAY, "Pacific/Apia", gap), zone, DATA) for gap in Gap]
    assert {one.reading for one in ways} == {Reading.SKIPPED}
    assert [reading(one.instant, zone) - SKIPPED_DAY for one in ways] == [timedelta(days=1), timedelta(days=-1)]


@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_campaign_starts_within_its_grace_and_neither_before_nor_after(
    wall: datetime, late: timedelta, grace: timedelta
) -> None:
    """Not before its instant; by itself until the grace is over; after that it is missed (reliability §12)."""
    instant = wall.replace(tzinfo=UTC)
    assert due_action(instant, instant - late, grace) is (None if late else Action.SEND)
    assert due_action(instant, instant + late, grace) is (Action.SEND if late <= grace else Action.MISS)
    assert due_action(instant, instant + GRACE) is Action.SEND


versions = st.sampled_from(("2024a", "2025b", "2026a", "sha256:00", "sha256:ff", ""))


@given(versions, versions)
def test_of_two_machines_the_newer_data_stand(one: str, other: str) -> None:
    """The same data change nothing, a newer release outdates an older one and not the reverse; unnamed data always."""
    at = datetime(2026, 5, 1, tzinfo=UTC)
    ours, theirs = (StartTime(at, Reading.EXACT, version) for version in (one, other))
    assert ours.is_outdated_by(one) is False
    if one != other:
        assert ours.is_outdated_by(other) or theirs.is_outdated_by(one)
        if one[:2] == other[:2] == "20":
            assert ours.is_outdated_by(other) is (other > one)


@given(zone_names, moments, policies)
def test_a_start_is_told_in_words(name: str, wall: datetime, policy: tuple[Gap, Fold]) -> None:
    """The zone, UTC, and a skipped or repeated time are all named."""
    zone, schedule = ZoneInfo(name), Schedule(wall, name, *policy)
    found = start_time(schedule, zone, DATA)
    told = explain_start(schedule, found, zone)
    assert name in told
    assert "UTC" in told
    assert ("skip" in told, "twice" in told) == (
        found.reading is Reading.SKIPPED,
        found.reading is Reading.REPEATED,
    )


@pytest.mark.parametrize(
    ("at", "fold", "zone", "says"),
    [
        ("2026-05-01T09:00", 0, " ", "IANA name"),
        ("2026-05-01T09:00", 0, "Europe/Ber\nlin", "IANA name"),
        ("9999-05-01T09:00", 0, "UTC", "9999 was given"),
        ("0001-05-01T09:00", 0, "UTC", "1 was given"),
        ("2026-10-25T02:30", 1, "Europe/Berlin", "said by the schedule's fold"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(at: str, fold: int, zone: str, says: str) -> None:
    """A zone without a name, a time at the ends of time, a fold said in two places."""
    with pytest.raises(ValueError, match=says):
        Schedule(datetime.fromisoformat(at).replace(fold=fold), zone)


def test_a_start_is_in_utc() -> None:
    """An instant of another offset, or of none, is no start."""
    for wrong in (SKIPPED_DAY, SKIPPED_DAY.replace(tzinfo=ZoneInfo("Europe/Berlin"))):
        with pytest.raises(ValueError, match="instant in UTC"):
            StartTime(wrong, Reading.EXACT, DATA)
