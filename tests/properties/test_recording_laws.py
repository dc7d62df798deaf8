"""Laws of recording: what a provider answered is offered to the store until it takes it, and never for ever."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migma_core import AttemptId, DeliveryId, DeliveryState
from migma_core.delivery import effects as e
from migma_core.delivery.next_state import backoff, jitter
from migma_core.delivery.recording import MOST_TRIES, record_outcomes

ATTEMPTS = st.lists(st.text("0123456789abcdef", min_size=1), min_size=1, max_size=3, unique=True).map(
    lambda ids: tuple(map(AttemptId, ids))
)
SETTLED = (e.Settled(DeliveryId("d"), 1, DeliveryState.ACCEPTED),)
FAULTS = st.lists(st.text(), max_size=2 * MOST_TRIES)


def offered(attempts: tuple[AttemptId, ...], faults: list[str]) -> list[e.Effect[Any]]:
    """All that the loop asks for while the store has these faults, one after the other, and then none."""
    steps, left, asked = record_outcomes(attempts, SETTLED), list(faults), list[e.Effect[Any]]()
    answer: str | None = None
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration:
            return asked
        asked.append(effect)
        answer = left.pop(0) if isinstance(effect, e.Record) and left else None
        if isinstance(effect, e.Record) and effect.last and answer is not None:
            return asked  # the fault ends the run


@given(ATTEMPTS, FAULTS)
def test_the_same_outcomes_are_offered_until_the_store_takes_them(
    attempts: tuple[AttemptId, ...], faults: list[str]
) -> None:
    """
    Once more than there were faults, and at most so many times, of which the last is marked; between two tries is a
    wait that says why.
    """
    asked = offered(attempts, faults)
    records, waits = asked[::2], asked[1::2]
    assert len(records) == min(len(faults) + 1, MOST_TRIES)
    assert set(map(type, records)) == {e.Record}
    assert {(one.attempts, one.settled) for one in records if isinstance(one, e.Record)} == {(attempts, SETTLED)}
    assert [one.last for one in records if isinstance(one, e.Record)] == [
        n == MOST_TRIES for n in range(1, len(records) + 1)
    ]
    assert len(waits) == len(records) - 1
    for wait, fault in zip(waits, faults, strict=False):
        assert isinstance(wait, e.Wait)
        assert fault in wait.why


@given(ATTEMPTS)
def test_waits_for_the_store_grow_are_spread_and_end(attempts: tuple[AttemptId, ...]) -> None:
    """Full jitter under a bound that doubles, and about two minutes in all at most."""
    waits = [one.seconds for one in offered(attempts, ["away"] * MOST_TRIES) if isinstance(one, e.Wait)]
    assert all(0 < wait <= backoff(tries) for tries, wait in enumerate(waits, 1))
    assert sum(waits) <= 128


def test_attempts_do_not_come_back_all_at_once() -> None:
    """The first waits of ten thousand attempts are spread over their second (reliability §7)."""
    tenths = [int(10 * jitter(f"attempt {number}/1")) for number in range(10_000)]
    assert all(800 < tenths.count(tenth) < 1_200 for tenth in range(10))
