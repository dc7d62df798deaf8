"""Rules outside the table: what nobody can have meant, and that each says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from migma_core import (
    MIGMA,
    Address,
    Circumstances,
    Deferred,
    Denials,
    FrequencyCap,
    LocalTime,
    OwnRule,
    Purpose,
    QuietHours,
    Standing,
    decide,
    facts_about,
    record,
)
from migma_core.decision import reasons as why
from migma_core.decision.eligibility import decide_rows
from migma_core.decision.policy import forget_tables

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
ADA = Address("ada", "migma.email")

NONSENSE: list[tuple[Callable[[], object], str]] = [
    (lambda: QuietHours(time(21, tzinfo=UTC), time(8), BERLIN), "leave their zones out"),
    (lambda: QuietHours(time(21), time(8, tzinfo=UTC), BERLIN), "leave their zones out"),
    (lambda: QuietHours(time(8), time(8), BERLIN), "leave no time to send, or all of it"),
    (lambda: LocalTime(NOW, BERLIN), "read on each recipient's wall: leave its zone out"),
    (lambda: FrequencyCap(0, timedelta(days=1)), "at least one message"),
    (lambda: FrequencyCap(1, timedelta()), "a span longer than nothing"),
    (lambda: OwnRule("x", 1, "us", lambda known, now: None, reads=frozenset({"mood"})), "rule x reads mood; the circ"),
    (lambda: Circumstances(received=(NAIVE,)), "need zones: pass aware datetimes"),
    (lambda: Circumstances(unreadable=frozenset({"mood"})), "mood is no circumstance; use address, consent"),
    (lambda: Circumstances(unreadable=frozenset({"unreadable"})), "unreadable is no circumstance"),
    (lambda: Deferred(NAIVE, why.QuietHours()), "a deferral's end needs a zone"),
    (lambda: list(decide_rows([(-1, 0)])), "-1 is no cell"),
]


@pytest.mark.parametrize(("make", "said"), NONSENSE)
def test_what_nobody_can_have_meant_is_refused_in_words(make: Callable[[], object], said: str) -> None:
    """Each value that makes no sense is refused where it is made, with what to do instead."""
    with pytest.raises((ValueError, IndexError), match=said):
        make()


@pytest.mark.parametrize("now", [None, NAIVE])
def test_a_rule_that_reads_the_clock_is_never_asked_without_one(now: datetime | None) -> None:
    """Deciding without the present, or with one of no zone, is an error of the caller, never a yes."""
    policy = MIGMA.with_rules(FrequencyCap(1, timedelta(days=1)), name="capped")
    with pytest.raises(ValueError, match="policy capped has rules that read the clock: pass now, an aware datetime"):
        decide(facts_about(ADA, Purpose.MARKETING), policy, now)
    if now is not None:
        with pytest.raises(ValueError, match="pass now, an aware datetime"):
            record(Standing(0), policy, now)


def test_a_table_forgotten_is_built_again_the_same() -> None:
    """Measuring how long a table takes to build changes no answer."""
    forget_tables()
    assert MIGMA.with_rules(name="again").table == MIGMA.table
    assert MIGMA.code(Standing(0, Denials.MANUAL)) == Denials.MANUAL


def test_mail_from_the_end_of_the_calendar_caps_all_there_is_left_of_it() -> None:
    """A span that runs past the last day there is ends on it, and raises nothing."""
    last = datetime.max.replace(tzinfo=UTC)
    answer = FrequencyCap(1, timedelta(days=400)).judge(Circumstances(received=(last - timedelta(days=3),)), last)
    assert answer == Deferred(last, why.FrequencyCap())
