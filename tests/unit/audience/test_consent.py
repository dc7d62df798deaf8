"""Consent: what cannot be on record, and the ends of the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from migma_core import Consent, ConsentBasis, ConsentEvidence, ConsentLevel

GIVEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
CLAIMED = ConsentEvidence(how="checkout form", at=GIVEN)


@pytest.mark.parametrize("source", ["", "   ", "\t"])
def test_a_consent_says_where_it_was_given(source: str) -> None:
    """A consent of no source is refused with an example of one (O-01)."""
    with pytest.raises(ValueError, match="say where it was given, for example 'checkout form'"):
        Consent(ConsentLevel.UNPROVEN, source, GIVEN)


def test_a_consent_is_dated_in_a_zone() -> None:
    """A time that is two moments in two zones proves nothing."""
    with pytest.raises(ValueError, match="a consent's time needs a zone: pass an aware datetime"):
        Consent(ConsentLevel.UNPROVEN, "shop", GIVEN.replace(tzinfo=None))
    with pytest.raises(ValueError, match="the time of a confirmation needs a zone"):
        replace(CLAIMED, confirmed_at=GIVEN.replace(tzinfo=None))


def test_nobody_confirms_what_they_have_not_yet_given() -> None:
    """A confirmation before the act it confirms is a mistake of the record, at the same moment it is none."""
    with pytest.raises(ValueError, match="a consent is confirmed after it was given, not before"):
        replace(CLAIMED, confirmed_at=GIVEN - timedelta(microseconds=1))
    assert replace(CLAIMED, confirmed_at=GIVEN).confirmed_at == GIVEN


@pytest.mark.parametrize(
    ("at", "lapses_at"),
    [
        (datetime(9998, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), datetime(3, 1, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_at_the_ends_of_the_calendar_a_consent_lapses_with_it(at: datetime, lapses_at: datetime) -> None:
    """Moments that have no name in UTC, or two years of which there are none, are answered, not raised."""
    assert Consent(ConsentLevel.UNPROVEN, "shop", at, ConsentBasis.PURCHASE).lapses_at == lapses_at
