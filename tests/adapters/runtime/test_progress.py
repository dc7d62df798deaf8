"""Progress: never beyond what is planned, never backwards past nothing, and an honest guess of what is left."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_runtime import Migma, Progress

from migma_core import DeliveryId, DeliveryState, Project, SuppressionReason
from migma_core.delivery import effects as e
from migma_core.delivery.delivery import SETTLED
from tests.support.news import news

Import = Callable[[str], None]

states = st.dictionaries(st.sampled_from(DeliveryState), st.integers(0, 50))
settled = st.lists(st.sampled_from(DeliveryState), max_size=20).map(
    lambda some: tuple(e.Settled(DeliveryId(f"d{n}"), 1, state) for n, state in enumerate(some))
)
effects = st.lists(
    st.builds(lambda rows: e.Record((), rows), settled)
    | st.builds(lambda rows: e.CommitAttempts((), {}, rows, ()), settled)
    | st.builds(lambda n: e.Reinstate(tuple(DeliveryId(f"d{i}") for i in range(n))), st.integers(0, 9))
    | st.just(e.Wait(1.0, "a rest")),
    max_size=30,
)


@given(before=states, heard=effects)
def test_it_stays_between_nothing_and_all(before: dict[DeliveryState, int], heard: list[e.Effect[Any]]) -> None:
    """Whatever is heard, in whatever order: 0 <= settled <= planned, the rate is no debt, and what is left is time."""
    ticks = count()
    progress = Progress(before, clock=lambda: float(next(ticks)))
    for effect in heard:
        progress(effect, True if isinstance(effect, e.CommitAttempts) else None)
        assert 0 <= progress.settled <= progress.planned
        assert progress.rate >= 0
        assert progress.seconds_left is None or progress.seconds_left >= 0


@given(before=states)
def test_it_begins_where_an_earlier_run_stopped(before: dict[DeliveryState, int]) -> None:
    """Withheld people were never to be written to; what is settled counts as done."""
    progress = Progress(before)
    going = {state: rows for state, rows in before.items() if state is not DeliveryState.WITHHELD}
    assert progress.planned == sum(going.values())
    assert progress.settled == sum(rows for state, rows in going.items() if state in SETTLED)


def test_rate_and_time_left_follow_the_last_half_minute() -> None:
    """After a slow start, a steady pace is told as it is now, and so is the time that the rest takes."""
    now = [0.0]
    progress = Progress({DeliveryState.READY: 1000}, clock=lambda: now[0])
    for rows, seconds in ((1, 60), *[(50, 5)] * 8):
        now[0] += seconds
        progress(
            e.Record((), tuple(e.Settled(DeliveryId(f"{n}"), 1, DeliveryState.ACCEPTED) for n in range(rows))), None
        )
    assert progress.rate == pytest.approx(10.0)
    assert progress.seconds_left == pytest.approx((1000 - 401) / 10)


def test_only_what_is_written_down_counts() -> None:
    """A record that the store would not take, and a commit that was too late, settle nobody."""
    rows = (e.Settled(DeliveryId("d"), 1, DeliveryState.ACCEPTED),)
    progress = Progress({DeliveryState.READY: 5})
    progress(e.Record((), rows), "the store is away")
    progress(e.CommitAttempts((), {}, rows, ()), False)
    assert progress.settled == 0
    progress(e.Record((), rows), None)
    assert progress.settled == 1


def test_a_wait_is_told_until_something_else_happens() -> None:
    """So that a screen can say what is waited for."""
    progress = Progress()
    progress(e.Wait(3.0, "the provider rests"), None)
    assert progress.waiting == "the provider rests"
    progress(e.Record((), ()), None)
    assert progress.waiting is None


def test_a_whole_send_ends_at_all(migma: Migma, project: Project, imported: Import) -> None:
    """Everybody planned is settled, and those withheld were never planned."""
    imported("email,tags\n" + "".join(f"p{n}@example.com,news\n" for n in range(5)))
    migma.suppressions.add(project.id, "p0@example.com", SuppressionReason.MANUAL, "test")
    progress = Progress()
    migma.sending.send(watch=progress, **news(project))
    assert (progress.settled, progress.planned) == (4, 4)
