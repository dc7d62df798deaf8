"""Clocks: aware, in UTC, and never backwards unless told."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_clock import SimulatedClock, SystemClock

from migma_core.ports import Clock

START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("clock", [SystemClock(), SimulatedClock(START)], ids=["system", "simulated"])
def test_a_clock_is_what_the_core_asks_for(clock: Clock) -> None:
    """Both tell an aware moment in UTC, and sleep without complaint for nothing or less."""
    assert clock.now().tzinfo is UTC
    before = clock.now()
    clock.sleep(0)
    clock.sleep(-5)
    assert timedelta(0) <= clock.now() - before < timedelta(seconds=1)


def test_the_systems_clock_is_the_systems() -> None:
    """It tells the machine's time, and really sleeps."""
    clock = SystemClock()
    assert abs(clock.now().timestamp() - time.time()) < 1
    started = time.monotonic()
    clock.sleep(0.02)
    assert time.monotonic() - started >= 0.02


def test_a_simulated_clock_stands_still() -> None:
    """Without being moved, it tells the same moment for ever."""
    clock = SimulatedClock(START)
    assert {clock.now() for _ in range(1000)} == {START}


@given(st.lists(st.one_of(st.floats(0, 1e6), st.timedeltas(timedelta(0), timedelta(days=30))), max_size=10))
def test_time_adds_up_and_never_goes_back(spans: list[float | timedelta]) -> None:
    """Every move is by exactly what was asked for, in seconds or as a span."""
    clock = SimulatedClock(START)
    for span in spans:
        before, step = clock.now(), span if isinstance(span, timedelta) else timedelta(seconds=span)
        assert clock.advance(span) == clock.now() == before + step >= before


def test_sleeping_is_moving() -> None:
    """Whoever sleeps on it loses no real time."""
    clock = SimulatedClock(START)
    started = time.monotonic()
    clock.sleep(86_400)
    assert clock.now() == START + timedelta(days=1)
    assert time.monotonic() - started < 1


def test_going_back_must_be_said() -> None:
    """A negative step, or an earlier moment without saying so, is refused and changes nothing."""
    clock = SimulatedClock(START)
    with pytest.raises(ValueError, match=r"advance by -1.0 seconds would go back; use set\(moment, back=True\)"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="say back=True if that is meant"):
        clock.set(START - timedelta(microseconds=1))
    assert clock.now() == START
    clock.set(START - timedelta(days=1), back=True)
    assert clock.now() == START - timedelta(days=1)


def test_any_zone_becomes_utc() -> None:
    """A moment in another zone is the same moment, told in UTC."""
    clock = SimulatedClock(datetime(2026, 5, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert (clock.now(), clock.now().tzinfo) == (START, UTC)
    clock.set(datetime(2026, 5, 1, 9, tzinfo=timezone(timedelta(hours=-3))))
    assert clock.now().isoformat() == "2026-05-01T12:00:00+00:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    """What could mean any hour is no moment."""
    naive = datetime(2026, 5, 1)  # noqa: DTZ001 - wrong on purpose
    with pytest.raises(ValueError, match="has no zone"):
        SimulatedClock(naive)
    with pytest.raises(ValueError, match="has no zone"):
        SimulatedClock(START).set(naive)


def test_clocks_name_themselves() -> None:
    """What ends in a log says which clock it was."""
    assert (repr(SystemClock()), repr(SimulatedClock(START))) == (
        "SystemClock()",
        "SimulatedClock(2026-05-01T00:00:00+00:00)",
    )
