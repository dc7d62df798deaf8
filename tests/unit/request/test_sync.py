"""How old what is kept in step may be (design D16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core.request import Sync

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@given(st.timedeltas(-10 * DAY, 10 * DAY), st.timedeltas(timedelta(microseconds=1), 9 * DAY))
def test_it_is_overdue_beyond_its_bound_alone(age: timedelta, bound: timedelta) -> None:
    """On either side of the present: what lies too far ahead says that a clock is wrong, and is no knowledge."""
    assert Sync("platform", NOON - age, bound).is_overdue(NOON) is (abs(age) > bound)


def test_what_never_was_is_overdue() -> None:
    """Connected without a whole pass, nothing is known."""
    assert Sync("platform", None, DAY).is_overdue(NOON)


@pytest.mark.parametrize(
    ("as_of", "bound", "says"),
    [(datetime(2026, 5, 1), DAY, "needs a zone"), (NOON, timedelta(0), "above zero")],  # noqa: DTZ001 - the point of it
)
def test_nonsense_is_refused(as_of: datetime, bound: timedelta, says: str) -> None:
    """A moment without a zone, and a bound of nothing, are told."""
    with pytest.raises(ValueError, match=says):
        Sync("platform", as_of, bound)
