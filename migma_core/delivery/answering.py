"""Answering: what a provider's outcomes do to the rows of an attempt, and to the stream they went through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..message.token import DeliveryId
from .attempt import Lot
from .delivery import DeliveryState
from .effects import ClaimedRow, Settled
from .job import Evidence, Job
from .next_state import Next, Situation, after
from .outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

__all__ = ["Answer", "Answers", "read_answer"]

Answers: TypeAlias = tuple[tuple[Outcome, ...] | None, ...]
"""What came back for each lot: an outcome per message, or ``None`` where it was never handed over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a wave came to. ``settled`` is to be recorded; ``pauses`` says why the stream must stop, if it must.

    ``refused`` holds the batches refused as a whole, each with the provider's words, and ``alone`` the rows refused by
    themselves for no fault known to be theirs, in order, each ``None`` where another went through. ``went_through`` is
    ``None`` where the wave says nothing about the stream, and ``rest`` how long the provider wants to rest, in seconds.
    """

    settled: tuple[Settled, ...]
    pauses: str | None
    refused: tuple[tuple[tuple[DeliveryId, ...], str], ...]
    alone: tuple[DeliveryId | None, ...]
    went_through: bool | None
    rest: float


def read_answer(
    job: Job,
    lots: Sequence[Lot],
    answers: Answers,
    rows: Mapping[DeliveryId, ClaimedRow],
    *,
    probe: bool,
) -> Answer:
    """Read the outcomes of a wave; a lot that was never handed over goes back untouched."""
    told = [(lot, outcomes) for lot, outcomes in zip(lots, answers, strict=True) if outcomes is not None]
    late = [rows[one] for lot, outcomes in zip(lots, answers, strict=True) if outcomes is None for one in lot.members]
    steps = [
        (rows[delivery], outcome, _step(job, lot, rows[delivery], outcome, probe=probe))
        for lot, outcomes in told
        for delivery, outcome in zip(lot.members, outcomes, strict=True)
    ]
    outcomes = [outcome for _, outcome, _ in steps]
    return Answer(
        (*map(_back, late), *(_settled(*step) for step in steps)),
        next((step.pauses for _, _, step in steps if step.pauses is not None), None),
        tuple(_refused_whole(told)),
        tuple(_refused_alone(told)),
        _went_through(outcomes),
        max((one.retry_after or 0.0 for one in outcomes if isinstance(one, NotSent)), default=0.0),
    )


def _step(job: Job, lot: Lot, row: ClaimedRow, outcome: Outcome, *, probe: bool) -> Next:
    """Where this outcome leads; nothing bears on one that was accepted, as nearly all are."""
    return _ACCEPTED if isinstance(outcome, Accepted) else after(outcome, _situation(job, lot, row, probe=probe))


_ACCEPTED: Final = after(Accepted(), Situation(1))


def _settled(row: ClaimedRow, outcome: Outcome, step: Next) -> Settled:
    return Settled(
        row.delivery,
        row.fence,
        step.state,
        "" if isinstance(outcome, Accepted) else outcome.why,
        step.wait,
        step.keeps_attempt,
        outcome.provider_id if isinstance(outcome, Accepted) else None,
        spends=step.spends,
        doubts=step.doubts,
    )


def _situation(job: Job, lot: Lot, row: ClaimedRow, *, probe: bool) -> Situation:
    return Situation(
        row.attempts + 1,
        row.doubts,
        alone=len(lot.members) == 1,
        probe=probe,
        settles=job.evidence is not Evidence.NONE,
        when_unknown=job.when_unknown,
        jitter=_jitter(lot, row),
    )


def _jitter(lot: Lot, row: ClaimedRow) -> float:
    """From 0 to 1, evenly, and the same for the same attempt: the core knows no chance (design §3)."""
    digest = hashlib.sha256(f"{lot.attempt.id}/{row.delivery}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def _back(row: ClaimedRow) -> Settled:
    return Settled(row.delivery, row.fence, DeliveryState.READY, keeps_attempt=False)


def _refused_whole(told: Iterable[tuple[Lot, Sequence[Outcome]]]) -> Iterable[tuple[tuple[DeliveryId, ...], str]]:
    for lot, outcomes in told:
        words = [one.why for one in outcomes if isinstance(one, Rejected) and one.scope is Scope.REQUEST]
        if len(outcomes) > 1 and words:
            refused = zip(lot.members, outcomes, strict=True)
            yield tuple(d for d, o in refused if isinstance(o, Rejected) and o.scope is Scope.REQUEST), words[0]


def _refused_alone(told: Iterable[tuple[Lot, Sequence[Outcome]]]) -> Iterable[DeliveryId | None]:
    for lot, outcomes in told:
        if any(isinstance(one, Accepted) for one in outcomes):
            yield None
        elif len(outcomes) == 1 and isinstance(outcomes[0], Rejected) and outcomes[0].scope is Scope.REQUEST:
            yield lot.members[0]


def _went_through(outcomes: Sequence[Outcome]) -> bool | None:
    """Whether the provider did its work: a refusal is work as well (reliability §8)."""
    if any(isinstance(one, Accepted | Rejected) for one in outcomes):
        return True
    return False if any(isinstance(one, NotSent | Unknown) for one in outcomes) else None
