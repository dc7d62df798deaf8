"""Quotas: what is left of them, and the pace they allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core.ports import Quota

RATES = st.floats(0.01, 10_000)
DAYS = st.none() | st.integers(0, 10**7)
SENT = st.integers(0, 10**7)


@given(RATES, DAYS, SENT)
def test_no_more_is_left_than_the_day_allows(per_second: float, per_day: int | None, sent: int) -> None:
    """What was sent and what is left make the day, never less than nothing; without a day nothing is counted."""
    left = Quota(per_second, per_day, sent).left
    if per_day is None:
        assert left is None
    else:
        assert left is not None
        assert left == max(0, per_day - sent)


@given(RATES, DAYS, SENT)
def test_nothing_is_left_where_sending_is_stopped(per_second: float, per_day: int | None, sent: int) -> None:
    """Whatever the numbers say."""
    assert Quota(per_second, per_day, sent, "paused").left == 0


@given(RATES, DAYS, SENT)
def test_the_pace_is_never_faster_than_the_account(per_second: float, per_day: int | None, sent: int) -> None:
    """As many a second, and at most a second's worth at once, which is one where that is less."""
    rate = Quota(per_second, per_day, sent).rate
    assert rate.per_second == per_second
    assert 1 <= rate.burst <= max(1, per_second)


@pytest.mark.parametrize(
    ("per_second", "per_day", "sent"),
    [(0, 1, 0), (-1, 1, 0), (float("nan"), 1, 0), (float("inf"), 1, 0), (1, -1, 0), (1, 1, -1)],
)
def test_what_is_no_quota_is_refused(per_second: float, per_day: int, sent: int) -> None:
    """With what was given, and what is allowed."""
    with pytest.raises(ValueError, match=r"a quota (is above 0 messages a second|counts from 0); .* given"):
        Quota(per_second, per_day, sent)
