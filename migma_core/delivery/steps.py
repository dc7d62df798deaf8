"""
The sending loop, without any I/O: a generator that yields effects and receives their answers (design D7).

fan out → claim with a fresh decision → approve and compose → commit the attempt → hand over → record → finish. The
order is the guarantee: nothing is handed over that is not on record, and nothing on record is sent again unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from ..audience.topic import TopicId
from ..decision.authorization import Refused, authorize
from ..decision.explain import explain, explain_reason
from ..decision.policy import Policy
from ..decision.purpose import Purpose
from ..decision.record import Decision, record
from ..decision.verdict import Deferred, Withheld
from ..message.approval import Approval, approve
from ..message.compile import Compiled
from ..message.compliance import PREFERENCES_URL
from ..message.headers import HeaderRefused
from ..message.message import Batch, Message
from ..message.token import DeliveryId, Token, TokenKeys, TokenPurpose, mint_token
from . import effects as e
from .attempt import Attempt, Parcel, attempt_of
from .delivery import DeliveryState, SendId, after
from .effects import ClaimedRow, Decided, Effect, Finished, Settled
from .outcome import Outcome

__all__ = ["Job", "Steps", "send_steps"]

T = TypeVar("T")
Steps: TypeAlias = Generator[Effect[Any], Any, T]
"""Yields effects of any answer type, returns a ``T``; `_ask` restores the type of each answer."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that one send needs: what to say, under which policy, and the provider's pure encoder."""

    send: SendId
    compiled: Compiled
    policy: Policy
    keys: TokenKeys
    provider: str
    encode: Callable[[Batch], Parcel]
    can_carry: Callable[[ClaimedRow], str | None]
    batch_size: int = 500
    page_size: int = 1000
    patience: float = 900.0
    """For how many seconds at most the loop waits for rows that rest; with longer to wait it ends, rows left."""


def send_steps(job: Job) -> Steps[Finished]:
    """
    Send to everyone in the audience, resuming wherever an earlier run stopped, and return the rows by state.

    Ends early, with rows left, where the request is no longer authorised, the provider refuses it, somebody paused, or
    everybody left is deferred for longer than the job's patience.
    """
    yield from _fan_out(job)
    yield from _settle(job)
    while True:
        claimed = yield from _ask(e.Claim(job.send, job.batch_size, job.policy.wanted))
        if claimed.stopped:
            break
        if not claimed.rows:
            if claimed.busy_seconds is None or claimed.busy_seconds > job.patience:
                break
            yield from _ask(e.Wait(claimed.busy_seconds))
            yield from _settle(job)
        elif not (yield from _send_claimed(job, claimed)):
            break
    return (yield from _ask(e.Finish(job.send)))


def _ask(effect: Effect[T]) -> Steps[T]:
    answer: T = yield effect
    return answer


def _fan_out(job: Job) -> Steps[None]:
    """Write one delivery for everyone in the audience, mailable or withheld, a page at a time."""
    while True:
        page = yield from _ask(e.ReadAudience(job.send, job.page_size, job.policy.wanted))
        if not page.rows:
            return
        decided = tuple(Decided(row, record(row.standing, job.policy, page.at, row.circumstances)) for row in page.rows)
        yield from _ask(e.WriteDeliveries(job.send, decided, page.after))
        if page.after is None:
            return


def _settle(job: Job) -> Steps[None]:
    """Settle what a crash left in flight by asking the provider; what it cannot say is held, never sent again."""
    in_doubt = tuple((yield from _ask(e.InFlight(job.send))).deliveries)
    if not in_doubt:
        return
    there = yield from _ask(e.AskProvider(in_doubt))
    if there is None:
        yield from _ask(e.Reconcile((), (), in_doubt, "the provider cannot list what it accepted"))
        return
    found = tuple(one for one in in_doubt if one in there)
    absent = tuple(one for one in in_doubt if one not in there)
    yield from _ask(e.Reconcile(found, absent, (), f"listed by {job.provider}"))


def _send_claimed(job: Job, claimed: e.Claimed) -> Steps[bool]:
    """Carry one claim through to its record; ``False`` where the stream stops."""
    rows = {row.delivery: row for row in claimed.rows}
    fences = {row.delivery: row.fence for row in claimed.rows}
    answer = authorize(job.compiled.request, claimed.sender, job.policy)
    if isinstance(answer, Refused):
        yield from _ask(e.GiveBack(fences))
        yield from _ask(e.Pause(job.send, explain(answer)))
        return False
    messages, settled = _compose(job, claimed)
    lot, left_out = _lot(job, claimed.at, messages)
    settled += tuple(_left_out(delivery, fences[delivery], why) for delivery, why in left_out.items())
    if lot is None:
        yield from _ask(e.CommitAttempt(None, fences, settled))
        return True
    batch, parcel = lot
    ours = [fences[message.delivery] for message in batch.messages]
    attempt = attempt_of(job.send, job.provider, batch, parcel, ours, job.keys.newest)
    decisions = tuple(_decided(job, rows[message.delivery], claimed.at) for message in batch.messages)
    if not (yield from _ask(e.CommitAttempt(attempt, fences, settled, decisions))):
        return True  # the lease was lost to somebody else: the rows are theirs now
    outcomes = yield from _ask(e.HandOver(batch, parcel, attempt))
    return (yield from _record(job, claimed, attempt, dict(zip(attempt.deliveries, outcomes, strict=True))))


def _compose(job: Job, claimed: e.Claimed) -> tuple[list[Message], tuple[Settled, ...]]:
    """Decide again about each row and write the message of everyone approved; the others are settled with reasons."""
    messages: list[Message] = []
    settled: list[Settled] = []
    for row in claimed.rows:
        verdict = approve(job.policy, row.facts, job.compiled.request, claimed.at)
        if isinstance(verdict, Approval):
            composed = _message(job, row, verdict)
            (messages if isinstance(composed, Message) else settled).append(composed)  # type: ignore[arg-type]  # each list takes its own kind
        else:
            settled.append(_not_now(job, row, verdict, claimed.at))
    return messages, tuple(settled)


def _message(job: Job, row: ClaimedRow, approval: Approval) -> Message | Settled:
    """One person's message; a value that would break a header, or a limit of the provider, rejects this row alone."""
    try:
        if (why := job.can_carry(row)) is None:
            links = _opt_out_link(job, row), _preferences_link(job, row)
            return Message.of(approval, job.compiled, row.delivery, row.values, *links)
    except HeaderRefused as refused:
        why = str(refused)
    return Settled(row.delivery, row.fence, DeliveryState.REJECTED, why, keeps_attempt=False)


def _lot(
    job: Job, at: datetime, messages: Sequence[Message]
) -> tuple[tuple[Batch, Parcel] | None, dict[DeliveryId, str | None]]:
    """
    As many messages as the provider's encoder takes together, and whom it left out: with the reason where it refuses
    them alone, ``None`` where there was merely no room. One oversized value never stops the others (reliability §9).
    """
    left_out: dict[DeliveryId, str | None] = {}
    while messages:
        batch = Batch.of(job.compiled, messages, at)
        try:
            return (batch, job.encode(batch)), left_out
        except ValueError:
            alone = {one.delivery: why for one in messages if (why := _refusal(job, at, one)) is not None}
            no_room = {} if alone else {one.delivery: None for one in messages[len(messages) // 2 :]}
            left_out |= {**alone, **no_room}
            messages = [one for one in messages if one.delivery not in left_out]
    return None, left_out


def _refusal(job: Job, at: datetime, message: Message) -> str | None:
    """Why the provider's encoder refuses this message by itself, if it does."""
    try:
        job.encode(Batch.of(job.compiled, [message], at))
    except ValueError as refused:
        return str(refused)
    return None


def _left_out(delivery: DeliveryId, fence: int, why: str | None) -> Settled:
    state = DeliveryState.READY if why is None else DeliveryState.REJECTED
    return Settled(delivery, fence, state, why or "", keeps_attempt=False)


def _opt_out_link(job: Job, row: ClaimedRow) -> str | None:
    """
    The link of this recipient: for all marketing, or for the mail's topic where the policy says so (design D12); nobody
    knows a stranger, so they have none.
    """
    marketing = job.compiled.purpose is Purpose.MARKETING
    topic = job.compiled.request.topic if marketing and job.policy.topic_links else None
    return _link(job, row, "u", TokenPurpose.UNSUBSCRIBE, topic) if marketing or job.compiled.links_out else None


def _preferences_link(job: Job, row: ClaimedRow) -> str | None:
    """The link to what this recipient wants to hear of, where the content holds one."""
    return _link(job, row, "p", TokenPurpose.PREFERENCES) if job.compiled.holds(PREFERENCES_URL) else None


def _link(job: Job, row: ClaimedRow, room: str, purpose: TokenPurpose, topic: TopicId | None = None) -> str | None:
    if row.facts.contact is None:
        return None
    token = Token(purpose, job.compiled.request.project, row.facts.contact, row.delivery, topic)
    return job.compiled.brand.link(room, mint_token(token, job.keys))


def _decided(job: Job, row: ClaimedRow, at: datetime) -> Decision:
    """The fresh decision about a claimed row, for the record."""
    return record(row.facts.standing, job.policy, at, row.facts.circumstances)


def _not_now(job: Job, row: ClaimedRow, verdict: Withheld | Deferred, at: datetime) -> Settled:
    decision = _decided(job, row, at)
    if isinstance(verdict, Deferred):
        wait, why = max(1.0, (verdict.until - at).total_seconds()), explain_reason(verdict.reason)
        return Settled(row.delivery, row.fence, DeliveryState.READY, why, wait, keeps_attempt=False, decision=decision)
    return Settled(row.delivery, row.fence, DeliveryState.WITHHELD, keeps_attempt=False, decision=decision)


def _record(job: Job, claimed: e.Claimed, attempt: Attempt, outcomes: Mapping[DeliveryId, Outcome]) -> Steps[bool]:
    """Write what became of the batch; ``False`` where an outcome stops the stream."""
    rows = {row.delivery: row for row in claimed.rows}
    settled, pauses = [], None
    for delivery, outcome in outcomes.items():
        row = rows[delivery]
        step = after(outcome, job.compiled.purpose, row.attempts + 1)
        pauses = pauses or step.pauses
        settled.append(
            Settled(
                delivery,
                row.fence,
                step.state,
                getattr(outcome, "why", ""),
                step.wait,
                step.keeps_attempt,
                getattr(outcome, "provider_id", None),
            )
        )
    yield from _ask(e.Record(attempt.id, tuple(settled)))
    if pauses is not None:
        yield from _ask(e.Pause(job.send, pauses))
    return pauses is None
