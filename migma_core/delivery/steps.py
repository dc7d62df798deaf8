"""
The sending loop, without any I/O: a generator that yields effects and receives their answers (design D7).

fan out → settle what is in doubt → claim with a fresh decision → approve and compose → commit the attempts → hand over
→ record → wait or finish. The order is the guarantee: nothing is handed over that is not on record, and nothing on
record is sent again unasked.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Final, NamedTuple

from ..decision.authorization import Refused, authorize
from ..decision.explain import explain
from ..message.token import DeliveryId
from . import effects as e
from .answering import Answer, Answers, read_answer
from .attempt import Lot
from .composing import compose
from .doubt import settle_doubt
from .effects import ClaimedRow, Finished
from .halving import Halving, Streak
from .job import Evidence, Job, Steps, ask
from .pace import Granted
from .recording import record_outcomes

__all__ = ["Evidence", "Job", "Steps", "send_steps", "settle_steps"]

_SOONEST: Final = 0.05
_LOOKS_EVERY: Final = 1.0
_MOST_DOUBLINGS: Final = 30


class _Claim(NamedTuple):
    """Rows that are ours, and what the pace let through for them."""

    claimed: e.Claimed
    granted: Granted

    @property
    def rows(self) -> tuple[ClaimedRow, ...]:
        return self.claimed.rows


class _Went(NamedTuple):
    """How a claim went: whether the stream goes on, and what the provider said where it was asked."""

    goes_on: bool
    answer: Answer | None = None


def send_steps(job: Job) -> Steps[Finished]:
    """
    Send to everyone in the audience, resuming wherever an earlier run stopped, and return the rows by state.

    Ends early, with rows left, where the request is no longer authorised, the provider refuses it, somebody paused, or
    everybody left, or the provider, rests for longer than the job's patience.
    """
    yield from _fan_out(job)
    yield from settle_doubt(job)
    streak, idle = Streak(), 0
    while (claimed := (yield from _claim(job, job.batch_size * job.at_once))) is not None:
        if claimed.rows:
            idle = 0
            went = yield from _send_claimed(job, claimed)
            streak = _streak(streak, went.answer)
            if not went.goes_on or not (yield from _find_fault(job, went.answer, streak)):
                break
        elif not (yield from _wait_for_rows(job, claimed.claimed, idle)):
            break
        else:
            idle += 1
    return (yield from ask(e.Finish(job.send)))


def settle_steps(job: Job) -> Steps[Finished]:
    """Settle what is in doubt, send nothing new, and return the rows by state."""
    yield from settle_doubt(job)
    return (yield from ask(e.Finish(job.send)))


def _fan_out(job: Job) -> Steps[None]:
    """Write one delivery for everyone in the audience, mailable or withheld, a page at a time."""
    while (yield from ask(e.FanOut(job.send, job.page_size, job.policy))).goes_on:
        pass


def _claim(job: Job, limit: int, only: tuple[DeliveryId, ...] = ()) -> Steps[_Claim | None]:
    """Claim as many as the pace lets through; ``None`` where it lets nothing through for long, or somebody stopped."""
    granted = yield from _take(job, limit)
    if granted is None:
        return None
    claimed = yield from ask(e.Claim(job.send, granted.messages * job.addressed_each, job.policy.wanted, only))
    if (messages := _messages_in(job, claimed.rows)) < granted.messages:
        yield from ask(e.PutBack(granted.messages - messages))
    return None if claimed.stopped else _Claim(claimed, granted)


def _messages_in(job: Job, rows: Sized) -> int:
    """How many messages rows come to: a copy is in its mail's."""
    return -(-len(rows) // job.addressed_each)


def _take(job: Job, messages: int) -> Steps[Granted | None]:
    """Wait until the stream lets something through; ``None`` where that takes longer than the job's patience."""
    while True:
        granted = yield from ask(e.Take(messages))
        if granted.messages:
            return granted
        if granted.wait > job.patience:
            return None
        yield from ask(e.Wait(max(_SOONEST, granted.wait), f"{job.provider} rests"))


def _wait_for_rows(job: Job, claimed: e.Claimed, idle: int) -> Steps[bool]:
    """
    Wait for rows that rest or are another's; ``False`` where none are left, or none for long.

    Others' are looked at again soon, and more seldom the more often that was in vain: mostly they are done at once.
    """
    if claimed.busy_seconds is None or claimed.busy_seconds > job.patience:
        return False
    looks_after = min(_LOOKS_EVERY, _SOONEST * 2.0 ** min(idle, _MOST_DOUBLINGS))
    seconds = min(claimed.busy_seconds, looks_after) if claimed.shared else claimed.busy_seconds
    yield from ask(e.Wait(seconds, "the messages left are resting, or in another worker's hands"))
    yield from settle_doubt(job)
    return True


def _send_claimed(job: Job, claim: _Claim) -> Steps[_Went]:
    """Carry one claim through to its record."""
    fences = {row.delivery: row.fence for row in claim.rows}
    authorized = authorize(job.compiled.request, claim.claimed.sender, job.policy)
    if isinstance(authorized, Refused):
        yield from ask(e.GiveBack(fences))
        yield from ask(e.PutBack(_messages_in(job, fences)))
        yield from ask(e.Pause(job.send, explain(authorized)))
        return _Went(goes_on=False)
    wave = compose(job, claim.claimed)
    attempts = tuple(lot.attempt for lot in wave.lots)
    committed = yield from ask(e.CommitAttempts(attempts, fences, wave.settled, wave.decisions))
    if not committed or not wave.lots:
        yield from ask(e.PutBack(_messages_in(job, fences)))
        return _Went(goes_on=True)  # where the lease was lost to somebody else, the rows are theirs now
    answers = yield from ask(e.HandOver(wave.lots))
    return (yield from _record(job, wave.lots, answers, claim))


def _record(job: Job, lots: tuple[Lot, ...], answers: Answers, claim: _Claim) -> Steps[_Went]:
    """Write what became of a wave, and tell the pace of it."""
    rows = {row.delivery: row for row in claim.rows}
    answer = read_answer(job, lots, answers, rows, probe=claim.granted.probe)
    yield from record_outcomes(tuple(lot.attempt.id for lot in lots), answer.settled)
    if answer.rest or answer.went_through is False or (answer.went_through and claim.granted.troubled):
        yield from ask(e.Hear(bool(answer.went_through), answer.rest))
    if answer.pauses is not None:
        yield from ask(e.Pause(job.send, answer.pauses))
    return _Went(answer.pauses is None, answer)


def _streak(streak: Streak, answer: Answer | None) -> Streak:
    for member in answer.alone if answer is not None else ():
        streak = Streak() if member is None else streak.refused(member)
    return streak


def _find_fault(job: Job, answer: Answer | None, streak: Streak) -> Steps[bool]:
    """Whose fault refusals of requests are (design D8); ``False`` where it is the request's, and the stream stops."""
    if answer is None:
        return True
    if streak.is_the_requests:
        why = next(one.why for one in answer.settled if one.delivery in streak.members)
        yield from _blame_request(job, streak.members, why)
        return False
    for members, why in answer.refused:
        if not (yield from _halve(job, members, why)):
            return False
    return True


def _halve(job: Job, members: tuple[DeliveryId, ...], why: str) -> Steps[bool]:
    """Attempt the halves of a refused batch, each with a claim and a record of its own, until the fault is found."""
    halving = Halving.of(members)
    while halving.todo:
        part = halving.todo[0]
        if (claim := (yield from _claim(job, len(part), part))) is None:
            return False
        went = (yield from _send_claimed(job, claim)) if claim.rows else _Went(goes_on=True)
        if not went.goes_on:
            return False
        halving, why = _learnt(halving, went.answer, why)
    if halving.fault is not None:
        yield from _blame_request(job, halving.back, halving.fault)
    return halving.fault is None


def _learnt(halving: Halving, answer: Answer | None, why: str) -> tuple[Halving, str]:
    """What a part's attempt says about it."""
    if answer is None:
        return halving.skipped(), why
    if None in answer.alone:
        return halving.passed(), why
    refused = {*(one for members, _ in answer.refused for one in members), *answer.alone}
    words = [one.why for one in answer.settled if one.delivery in refused]
    return (halving.refused(words[0]), words[0]) if words else (halving.skipped(), why)


def _blame_request(job: Job, members: tuple[DeliveryId, ...], why: str) -> Steps[None]:
    """Nobody in particular is to blame: all of them are ready again, and the stream stops with the provider's words."""
    yield from ask(e.Reinstate(members))
    yield from ask(e.Pause(job.send, f"the provider refused the request: {why}"))
