"""Doubt: what a crash or a lost answer left open is settled on evidence, or by a policy; never by guessing (D10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..message.token import DeliveryId
from . import effects as e
from .answering import read_answer
from .attempt import AttemptId
from .composing import compose_again
from .delivery import DeliveryState
from .job import Evidence, Job, Steps, ask
from .next_state import Next, Situation, in_doubt

__all__ = ["settle_doubt"]

_REMEMBERED: Final = timedelta(hours=23)
"""How long a provider knows an attempt again: a day, less a margin (reliability §4)."""


def settle_doubt(job: Job) -> Steps[None]:
    """Settle every attempt of the send whose lease ended without an answer."""
    open_attempts = yield from ask(e.InFlight(job.send))
    if not open_attempts.deliveries:
        return
    if job.evidence is Evidence.LISTS:
        yield from _by_listing(job, tuple(open_attempts.deliveries))
    elif job.evidence is Evidence.REPEATS:
        for attempt in dict.fromkeys(open_attempts.deliveries.values()):
            yield from _by_repeating(job, attempt)
    else:
        yield from _by_policy(job, open_attempts)


def _by_listing(job: Job, in_question: tuple[DeliveryId, ...]) -> Steps[None]:
    there = yield from ask(e.AskProvider(in_question))
    if there is None:
        yield from ask(e.Reconcile((), (), in_question, f"{job.provider} could not list what it accepted"))
        return
    found = tuple(one for one in in_question if one in there)
    absent = tuple(one for one in in_question if one not in there)
    yield from ask(e.Reconcile(found, absent, (), f"listed by {job.provider}"))


def _by_policy(job: Job, open_attempts: e.OpenAttempts) -> Steps[None]:
    """Nobody can know: held, or sent once more where that is the lesser harm (reliability §1)."""
    states = {one: _without_evidence(job, open_attempts.doubts.get(one, 0)).state for one in open_attempts.deliveries}
    resend = _those(states, DeliveryState.READY)
    held = _those(states, DeliveryState.HELD)
    why = f"handed over, and no answer is on record; {job.provider} cannot say what it accepted"
    yield from ask(e.Reconcile((), (), held, why, resend))


def _by_repeating(job: Job, attempt: AttemptId) -> Steps[None]:
    """
    Hand the same octets over under the same key: what was accepted is not accepted twice (reliability §4). One attempt,
    handed over again; where its octets can't be had again, it is settled by the policy.
    """
    reopened = yield from ask(e.Reopen(attempt, job.policy.wanted))
    if reopened is None:
        return
    rows = {row.delivery: row for row in reopened.claimed.rows}
    lot = None if _forgotten(reopened) else compose_again(job, reopened)
    if lot is None:
        settled = [_given_up(job, row) for row in rows.values()]
        yield from ask(e.Record((attempt,), tuple(settled)))
        return
    answers = yield from ask(e.HandOver((lot,)))
    yield from ask(e.Record((attempt,), read_answer(job, (lot,), answers, rows, probe=False).settled))


def _forgotten(reopened: e.Reopened) -> bool:
    return reopened.claimed.at - reopened.attempt.composed_at > _REMEMBERED


def _given_up(job: Job, row: e.ClaimedRow) -> e.Settled:
    step = _without_evidence(job, row.doubts)
    why = "the same message cannot be handed over again, and nobody knows whether it was accepted"
    return e.Settled(
        row.delivery, row.fence, step.state, why, keeps_attempt=step.keeps_attempt, spends=True, doubts=step.doubts
    )


def _without_evidence(job: Job, doubts: int) -> Next:
    return in_doubt(Situation(1, doubts, when_unknown=job.when_unknown))


def _those(states: dict[DeliveryId, DeliveryState], state: DeliveryState) -> tuple[DeliveryId, ...]:
    return tuple(one for one, its in states.items() if its is state)
