"""Canonical values: the forms that are stored and compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from migma_core import Canonical, Scalar, canonical
from migma_core.audience.values import decimal_key, microseconds

MAY = datetime(2026, 5, 1, tzinfo=UTC)
IN_MAY = microseconds(MAY)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, Canonical("true", None, None)),
        (False, Canonical("false", None, None)),
        ("", Canonical("", None, None)),
        (" Straße ", Canonical("strasse", None, None)),
        (10, Canonical("10", decimal_key(Decimal(10)), None)),
        ("1e1", Canonical("1e1", decimal_key(Decimal(10)), None)),
        ("-0.0", Canonical("-0.0", "1", None)),
        ("2026-05-01", Canonical("2026-05-01", None, IN_MAY)),
        ("2026-05-01T02:00:00+02:00", Canonical("2026-05-01t02:00:00+02:00", None, IN_MAY)),
        ("2026-05-01 00:00", Canonical("2026-05-01 00:00", None, IN_MAY)),
        (MAY, Canonical("2026-05-01t00:00:00+00:00", None, IN_MAY)),
        (MAY.replace(tzinfo=None), Canonical("2026-05-01t00:00:00", None, IN_MAY)),
        (float("nan"), Canonical("nan", None, None)),
        (float("inf"), Canonical("inf", None, None)),
    ],
)
def test_a_value_has_up_to_three_readings(value: Scalar, expected: Canonical | None) -> None:
    """Text always, a number and an instant where it is one."""
    assert canonical(value) == expected


@pytest.mark.parametrize("text", ["1_000", "１２", "nan", "infinity", "0x10", "1,5", "e", "-", "1e5000", "9" * 61])
def test_what_a_database_would_not_read_as_a_number_is_none(text: str) -> None:
    """Python's generous number syntax stays outside, and so does what no key has room for."""
    read = canonical(text)
    assert read is not None
    assert read.number is None


@pytest.mark.parametrize("text", ["2026-02-30", "20260501", "2026-5-1", "1-0", "²-1", "2026-w18-5", "0000-01-01"])
def test_what_is_no_date_has_no_instant(text: str) -> None:
    """A text is an instant only where it is an ISO 8601 date or time that exists."""
    read = canonical(text)
    assert read is not None
    assert read.instant is None


def test_the_calendars_ends_are_instants() -> None:
    """The first and the last moment there are do not overflow, whatever their zone."""
    west, east = timezone(timedelta(hours=-14)), timezone(timedelta(hours=14))
    assert microseconds(datetime.max.replace(tzinfo=west)) > microseconds(datetime.max.replace(tzinfo=UTC))
    assert microseconds(datetime.min.replace(tzinfo=east)) < microseconds(datetime.min.replace(tzinfo=UTC))


def test_numbers_are_stored_like_this_for_ever() -> None:
    """Stored keys are compared with new ones, so their form never changes."""
    numbers = ("-20", "-2", "0", "0.5", "2", "12")
    assert [decimal_key(Decimal(n)) for n in numbers] == ["0949987~", "0949997~", "1", "2049995", "2050002", "20500112"]
