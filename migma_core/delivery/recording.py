"""Recording: what a provider answered is kept until the store takes it; nobody else knows it (reliability §13)."""

from __future__ import annotations

from typing import Final

from . import effects as e
from .attempt import AttemptId
from .job import Steps, ask
from .next_state import backoff, jitter

__all__ = ["MOST_TRIES", "record_outcomes"]

MOST_TRIES: Final = 8
"""Times that outcomes are offered to a store which cannot take them, over two minutes at most."""

_SOONEST: Final = 0.05


def record_outcomes(attempts: tuple[AttemptId, ...], settled: tuple[e.Settled, ...]) -> Steps[None]:
    """
    Write what became of attempts, waiting longer each time for a store that is busy, full or away.

    Repeating does no harm, also where the store had written it and its answer was lost. Where it takes none of
    `MOST_TRIES`, its fault ends the run: more must not be handed over whose outcomes nobody could write down. The rows
    stay in doubt, as after a crash, and are settled as such: never lost, never sent unasked.
    """
    for tries in range(1, MOST_TRIES):
        fault = yield from ask(e.Record(attempts, settled))
        if fault is None:
            return
        seconds = max(_SOONEST, jitter(f"{attempts[0]}/{tries}") * backoff(tries))
        why = f"{len(settled)} outcomes are still to be written down: {fault}"
        yield from ask(e.Wait(seconds, why, in_hand=True))
    yield from ask(e.Record(attempts, settled, last=True))
