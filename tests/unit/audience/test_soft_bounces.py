"""The soft-bounce limit is reached by the fifth bounce of a third day within thirty days, and by no fewer (K-05)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import SoftBounceCounter

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(*days: float) -> list[datetime]:
    """Moments so many days later."""
    return [START + timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    ("days", "reached"),
    [
        ((0, 0, 1, 1, 2), 2),
        ((0, 1, 2, 3), None),
        ((0, 0, 0, 1, 1, 1), None),
        ((0, 0, 0, 0, 1, 2), 2),
        ((0, 1, 2, 3, 30), 30),
        ((0, 1, 2, 3, 30.5), None),
        ((0, 31, 32, 33, 34, 35), 35),
    ],
)
def test_the_limit_is_reached_and_not_exceeded(days: tuple[float, ...], reached: float | None) -> None:
    """Five are enough, four are not; two days are too few, and what is longer ago than thirty does not count."""
    expected = None if reached is None else at(reached)[0]
    assert SoftBounceCounter().reached(enumerate(at(*days))) == expected


def test_one_message_counts_once() -> None:
    """A provider that tries one message for a week has told of one bounce."""
    assert SoftBounceCounter().reached(("the same", one) for one in at(*range(9))) is None


@given(told=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=20), data=st.data())
def test_the_order_of_telling_does_not_matter(told: list[tuple[int, int]], data: st.DataObject) -> None:
    """Events come late and twice: the limit is reached at the same moment."""
    events = [(message, at(day)[0]) for message, day in told]
    again = data.draw(st.permutations(events + events[:3]))
    assert SoftBounceCounter().reached(again) == SoftBounceCounter().reached(events)


@pytest.mark.parametrize(
    "wrong", [{"bounces": 0, "days": 0}, {"days": 6}, {"days": 0}, {"within": timedelta(days=1)}], ids=str
)
def test_a_limit_that_nothing_reaches_is_refused(wrong: dict[str, object]) -> None:
    """More days than bounces, or than the time has, is a mistake and told as one."""
    with pytest.raises(ValueError, match="cannot be counted"):
        SoftBounceCounter(**wrong)  # type: ignore[arg-type]  # what is wrong is of the right type
