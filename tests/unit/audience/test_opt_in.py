"""Opt-ins and consent events: nothing is on record that does not say who, what, how and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from migma_core import (
    CONFIRM_WITHIN,
    ConsentAct,
    ConsentEvent,
    ConsentLevel,
    ContactId,
    OptIn,
    OptInId,
    Shown,
    TopicId,
)
from migma_core.testing import strategies as some

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001 - that is what is refused
NEWS = TopicId("d4" * 16)


def wish(**changes: object) -> OptIn:
    """A wish for news."""
    given_: dict[str, object] = {"topics": (NEWS,), "asked_at": NOW} | changes
    return OptIn(OptInId("1" * 32), ContactId("2" * 32), source="form", shown=Shown("News?", "en-1"), **given_)  # type: ignore[arg-type]  # the cases are wrong on purpose


def test_a_wish_asks_for_something() -> None:
    """Marketing, topics, or both; a wish for nothing is none."""
    assert wish(marketing=True, topics=()).marketing
    with pytest.raises(ValueError, match="asks for marketing"):
        wish(topics=())


@pytest.mark.parametrize("field", ["asked_at", "confirmed_at"])
def test_the_times_of_a_wish_have_a_zone(field: str) -> None:
    """A time without one would mean another moment on every machine."""
    with pytest.raises(ValueError, match="zone"):
        wish(**{field: NAIVE})


@given(some.opt_ins())
def test_a_confirmed_wish_is_proven_consent(one: OptIn) -> None:
    """What was asked for, seen, and confirmed within seven days is consent that can be shown (O-01, E-04)."""
    assert one.expires_at - one.asked_at == CONFIRM_WITHIN == timedelta(days=7)
    evidence = one.evidence(one.asked_at + timedelta(hours=1))
    assert (evidence.level is ConsentLevel.PROVEN) is bool(one.shown.wording and one.shown.version)
    assert evidence.consent.at == one.asked_at
    assert evidence.reference.endswith(one.id)


def test_an_event_about_a_topic_names_it() -> None:
    """And one about all marketing names none: neither can be taken for the other."""
    for act in ConsentAct:
        about_topic = act in {ConsentAct.JOINED, ConsentAct.LEFT}
        assert ConsentEvent(act, NOW, "form", NEWS if about_topic else None).act is act
        with pytest.raises(ValueError, match="name a topic"):
            ConsentEvent(act, NOW, "form", None if about_topic else NEWS)


def test_the_times_of_an_event_have_a_zone() -> None:
    """Both of them: when it was said, and when it was confirmed."""
    for at, confirmed_at in ((NAIVE, None), (NOW, NAIVE)):
        with pytest.raises(ValueError, match="zone"):
            ConsentEvent(ConsentAct.OPT_IN, at, "form", confirmed_at=confirmed_at)
