"""Engagement: what each mode means, and what no condition may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migma_core import (
    Address,
    AllOf,
    AnyOf,
    Contact,
    ContactId,
    Engaged,
    Engagement,
    EngagementAction,
    EngagementMode,
    Not,
    ProjectId,
    Segment,
    SegmentId,
    TimeUnit,
    in_words,
    matches,
)

NOW = datetime(2026, 5, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OPENED, CLICKED = EngagementAction.OPENED, EngagementAction.CLICKED
ADA = Contact(id=ContactId("c" * 32), project=ProjectId("p" * 32), address=Address("ada", "example.com"))
WEEK = Engaged(action=OPENED, mode=EngagementMode.WITHIN, amount=7, unit=TimeUnit.DAYS)
LAPSED = Engaged(action=OPENED, mode=EngagementMode.BEFORE, amount=7, unit=TimeUnit.DAYS)
NEVER = Engaged(action=OPENED, mode=EngagementMode.NEVER)
MAY = Engaged(
    action=OPENED, mode=EngagementMode.BETWEEN, since=datetime(2026, 5, 1, tzinfo=UTC), until=NOW - timedelta(days=21)
)


def opened(*days_ago: float, campaign: str | None = None) -> list[Engagement]:
    """Messages opened so many days ago."""
    return [Engagement(OPENED, NOW - days * DAY, campaign) for days in days_ago]


@pytest.mark.parametrize(
    ("asked", "events", "expected"),
    [
        (WEEK, opened(), False),
        (WEEK, opened(7), True),
        (WEEK, opened(7.001), False),
        (WEEK, opened(30, 1), True),
        (LAPSED, opened(), False),
        (LAPSED, opened(7), False),
        (LAPSED, opened(7.001), True),
        (LAPSED, opened(30, 1), False),
        (NEVER, opened(), True),
        (NEVER, opened(900), False),
        (MAY, opened(21), True),
        (MAY, opened(20.999), False),
        (MAY, opened(30.5), True),
        (MAY, opened(30.501), False),
    ],
)
def test_each_mode_means_this(asked: Engaged, events: list[Engagement], expected: bool) -> None:
    """Within and between include their ends, before wants events that are all longer ago, never wants none (§1.5)."""
    assert matches(asked, ADA, engagement=events, now=NOW) is expected
    assert matches(Not(asked), ADA, engagement=events, now=NOW) is not expected


def test_hours_are_hours() -> None:
    """The unit counts: 7 hours are not 7 days."""
    asked = Engaged(action=OPENED, mode=EngagementMode.WITHIN, amount=7, unit=TimeUnit.HOURS)
    assert matches(asked, ADA, engagement=opened(0.25), now=NOW)
    assert not matches(asked, ADA, engagement=opened(0.5), now=NOW)


def test_other_actions_and_campaigns_do_not_count() -> None:
    """A click is no opening, and a question about one campaign hears of no other."""
    assert matches(NEVER, ADA, engagement=[Engagement(CLICKED, NOW)], now=NOW)
    asked = Engaged(action=OPENED, mode=EngagementMode.WITHIN, amount=7, unit=TimeUnit.DAYS, campaign="spring")
    assert not matches(asked, ADA, engagement=opened(1, campaign="autumn"), now=NOW)
    assert matches(AllOf((asked,)), ADA, engagement=opened(1, campaign="spring"), now=NOW)


@pytest.mark.parametrize("asked", [WEEK, LAPSED])
@pytest.mark.parametrize("now", [None, NOW.replace(tzinfo=None)])
def test_looking_back_needs_the_present(asked: Engaged, now: datetime | None) -> None:
    """Without an aware present the question cannot be answered, and nobody guesses."""
    with pytest.raises(ValueError, match="reads the clock: pass now"):
        matches(AnyOf((asked,)), ADA, engagement=opened(1), now=now)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"mode": EngagementMode.WITHIN}, "takes an amount of 1 to 8760 and a unit"),
        ({"mode": EngagementMode.WITHIN, "amount": 0, "unit": TimeUnit.DAYS}, "1 to 8760"),
        ({"mode": EngagementMode.BEFORE, "amount": 8761, "unit": TimeUnit.HOURS}, "1 to 8760"),
        ({"mode": EngagementMode.BEFORE, "amount": 3}, "and a unit"),
        ({"mode": EngagementMode.NEVER, "amount": 3, "unit": TimeUnit.DAYS}, "never takes no time, and nothing else"),
        ({"mode": EngagementMode.NEVER, "since": NOW, "until": NOW}, "never takes no time, and nothing else"),
        ({"mode": EngagementMode.BETWEEN}, "takes since and until, aware and in order"),
        ({"mode": EngagementMode.BETWEEN, "since": NOW}, "aware and in order"),
        ({"mode": EngagementMode.BETWEEN, "since": NOW, "until": NOW - DAY}, "aware and in order"),
        ({"mode": EngagementMode.BETWEEN, "since": NOW.replace(tzinfo=None), "until": NOW}, "aware and in order"),
        (
            {"mode": EngagementMode.BETWEEN, "since": NOW, "until": NOW, "amount": 1, "unit": TimeUnit.DAYS},
            "between takes since and until, and nothing else",
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(given: dict[str, Any], error: str) -> None:
    """Each mode takes its own bounds and no others, and says so."""
    with pytest.raises(ValueError, match=error):
        Engaged(action=OPENED, **given)


def test_an_event_has_a_zone() -> None:
    """A moment without a zone would be another one elsewhere."""
    with pytest.raises(ValueError, match="needs a zone"):
        Engagement(OPENED, NOW.replace(tzinfo=None))


def test_one_campaign_is_asked_about_where_all_must_hold() -> None:
    """A condition on one campaign is refused below any group of which any part may hold (§1.5)."""
    one = Engaged(action=OPENED, mode=EngagementMode.NEVER, campaign="spring")
    Segment(SegmentId("s"), "Spring", AllOf((AllOf((one,)), Not(one))))
    for condition in (AnyOf((one,)), AllOf((AnyOf((AllOf((one,)),)),))):
        with pytest.raises(ValueError, match="stands where all must hold"):
            Segment(SegmentId("s"), "Spring", condition)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (WEEK, "opened within the last 7 days"),
        (LAPSED, "opened, but not in the last 7 days"),
        (NEVER, "never opened"),
        (MAY, "opened between 2026-05-01 00:00:00+00:00 and 2026-05-10 12:00:00+00:00"),
        (Engaged(action=CLICKED, mode=EngagementMode.NEVER, campaign="spring"), "never clicked in campaign spring"),
    ],
)
def test_questions_have_words(asked: Engaged, words: str) -> None:
    """Each mode reads as a person would say it."""
    assert in_words(asked) == words
