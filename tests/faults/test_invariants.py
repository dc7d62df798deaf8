"""The checker of invariants finds every kind of violation, and nothing in a run without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migma_core import CampaignStatus, DeliveryState, Purpose
from migma_core.delivery.delivery import SETTLED
from tests.support.invariants import Attempted, Denial, Kind, Row, Run, counts, violations
from tests.support.ledger_provider import Acceptance

NOW = 1_800_000_000.0
REFUSED = [DeliveryState.READY, *sorted(SETTLED - {DeliveryState.ACCEPTED})]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A lawful run of 1 to 8 people, the first of whom was accepted; others may be held, withheld and so on."""
    purpose = draw(st.sampled_from(Purpose))
    states = [DeliveryState.ACCEPTED, *draw(st.lists(st.sampled_from(sorted(SETTLED)), max_size=7))]
    rows = [Row(f"p{n}@example.com", f"d{n}", state, f"because of {n}") for n, state in enumerate(states)]
    sent = [row for row in rows if row.state is DeliveryState.ACCEPTED or _in_doubt(draw, row)]
    leavers = draw(st.lists(st.sampled_from(rows), max_size=3))
    return Run(
        purpose,
        CampaignStatus.SENT,
        "",
        frozenset(row.address for row in rows),
        rows,
        [Attempted(row.delivery, NOW) for row in sent],
        [Acceptance(row.address, row.delivery, number, NOW + 1.0) for number, row in enumerate(sent)],
        [Denial(row.address, NOW + draw(st.floats(0.0, 9.0))) for row in leavers],
        draw(st.integers(0, 3)),
    )


def _in_doubt(draw: st.DrawFn, row: Row) -> bool:
    return row.state is DeliveryState.HELD and draw(st.booleans())


def _first(run: Run, **changes: Any) -> Run:
    return replace(run, rows=[run.rows[0]._replace(**changes), *run.rows[1:]])


PLANTED: dict[str, tuple[Kind, Callable[[Run], Run]]] = {
    "accepted twice": (
        Kind.DOUBLED,
        lambda run: replace(run, doubts=0, accepted=[*run.accepted, run.accepted[0]._replace(request=99)]),
    ),
    "accepted three times, in any doubt": (
        Kind.DOUBLED,
        lambda run: replace(
            run, doubts=9, accepted=[*run.accepted, *(run.accepted[0]._replace(request=n) for n in (98, 99))]
        ),
    ),
    "two rows": (Kind.DOUBLED, lambda run: replace(run, rows=[*run.rows, run.rows[0]._replace(delivery="other")])),
    "no row": (Kind.LOST, lambda run: replace(run, audience=run.audience | {"nobody@example.com"})),
    "accepted by nobody": (Kind.LOST, lambda run: replace(run, accepted=run.accepted[1:])),
    "held in silence": (Kind.LOST, lambda run: _first(run, state=DeliveryState.HELD, why="")),
    "dead in silence": (Kind.LOST, lambda run: _first(run, state=DeliveryState.DEAD, why="")),
    "denied before the claim": (
        Kind.DENIED,
        lambda run: replace(run, denials=[Denial(run.rows[0].address, NOW - 0.001)]),
    ),
    "left over": (Kind.UNSETTLED, lambda run: _first(run, state=DeliveryState.READY)),
    "in flight for ever": (Kind.UNSETTLED, lambda run: _first(run, state=DeliveryState.CLAIMED)),
    "never ended": (Kind.UNSETTLED, lambda run: replace(run, status=CampaignStatus.SENDING)),
    "paused in silence": (Kind.UNSETTLED, lambda run: replace(run, status=CampaignStatus.PAUSED)),
    "no attempt": (Kind.UNRECORDED, lambda run: replace(run, attempted=run.attempted[1:])),
    "another's delivery": (
        Kind.UNRECORDED,
        lambda run: replace(run, accepted=[*run.accepted, Acceptance(run.rows[0].address, "d9", 50, NOW + 1)]),
    ),
    "the attempt came after": (
        Kind.UNRECORDED,
        lambda run: replace(run, attempted=[Attempted("d0", NOW + 5), *run.attempted[1:]]),
    ),
    "an old approval": (
        Kind.STALE,
        lambda run: replace(run, accepted=[run.accepted[0]._replace(at=NOW + 90), *run.accepted[1:]]),
    ),
}


@given(run=runs())
def test_a_lawful_run_has_no_violation(run: Run) -> None:
    """Where everybody is accepted once or settled with a reason, nothing is found, and the figures add up."""
    assert violations(run) == []
    figures = counts(run)
    assert (figures.people, figures.duplicates, figures.forgotten) == (len(run.rows), 0, 0)
    assert sum(figures.states.values()) == len(run.rows)


@pytest.mark.parametrize("name", PLANTED)
@settings(max_examples=20)
@given(run=runs())
def test_every_planted_violation_is_found(name: str, run: Run) -> None:
    """Each way to break a lawful run is found as what it is."""
    kind, plant = PLANTED[name]
    assert kind in {one.kind for one in violations(plant(run))}


@given(run=runs(), state=st.sampled_from(REFUSED))
def test_a_record_that_denies_the_providers_list_is_found(run: Run, state: DeliveryState) -> None:
    """Marketing that the provider has is recorded as accepted or held, and as nothing else."""
    marketing = _first(replace(run, purpose=Purpose.MARKETING), state=state)
    found = {one.kind for one in violations(marketing)}
    assert (Kind.MISRECORDED in found) is (state is not DeliveryState.HELD)


@given(run=runs(), doubts=st.integers(1, 5))
def test_doubt_excuses_one_transactional_duplicate_alone(run: Run, doubts: int) -> None:
    """After an unknown outcome a second transactional mail is counted and lawful; of marketing none ever is."""
    again = replace(run, doubts=doubts, accepted=[*run.accepted, run.accepted[0]._replace(request=99)])
    assert counts(again).duplicates == 1
    found = {one.kind for one in violations(again)}
    assert found == (set() if run.purpose is Purpose.TRANSACTIONAL else {Kind.DOUBLED})


@given(run=runs())
def test_a_key_that_the_provider_forgot_is_its_own_fault(run: Run) -> None:
    """The same key taken again is counted apart from duplicates: the provider had promised to know it."""
    first = run.accepted[0]._replace(key="migma/v1/1")
    again = replace(run, doubts=0, accepted=[first, first._replace(request=99), *run.accepted[1:]])
    assert violations(again) == []
    assert (counts(again).forgotten, counts(again).duplicates) == (1, 0)


@given(run=runs())
def test_a_pause_with_its_reason_leaves_rows_for_later(run: Run) -> None:
    """A send that stands still and says why may have rows left, and people without a row."""
    waiting = _first(run, state=DeliveryState.READY)
    paused = replace(
        waiting,
        status=CampaignStatus.PAUSED,
        why="the provider refused the account",
        audience=run.audience | {"later@example.com"},
        accepted=run.accepted[1:],
    )
    assert violations(paused) == []
