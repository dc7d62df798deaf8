"""Composing: from a claim, with a fresh decision about everyone in it, to lots that are ready to be handed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..decision.record import Decision
from ..decision.verdict import Deferred, Withheld
from ..message.approval import Approval, approving
from ..message.compliance import PREFERENCES_URL, UNSUBSCRIBE_URL
from ..message.headers import HeaderRefused
from ..message.message import Batch, Message
from ..message.token import DeliveryId
from .addressing import Links, decided_all, message_for, not_now
from .attempt import Lot, Parcel, attempt_of
from .copying import copied_as_it_was, copied_message
from .delivery import DeliveryState
from .effects import Claimed, ClaimedRow, Reopened, Settled
from .job import Job

__all__ = ["Wave", "compose", "compose_again"]


@dataclass(frozen=True, slots=True)
class Wave:
    """What one claim comes to: lots to hand over, rows settled without, and the decisions that let the lots be made."""

    lots: tuple[Lot, ...]
    settled: tuple[Settled, ...]
    decisions: tuple[Decision, ...]


def compose(job: Job, claimed: Claimed) -> Wave:
    """Decide again about each row, write the message of everyone approved, and put those together that go together."""
    rows = {row.delivery: row for row in claimed.rows}
    messages, settled = _messages(job, claimed)
    lots: list[Lot] = []
    for some in _chunks(messages, job.batch_size):
        packed, left_out = _pack(job, claimed.at, some)
        lots += [_on_record(job, packed, rows)] if packed is not None else []
        settled += [_left_out(rows[delivery], why) for delivery, why in left_out.items()]
    going = [rows[delivery] for lot in lots for delivery in lot.members]
    return Wave(tuple(lots), tuple(settled), decided_all(job, going, claimed.at))


def compose_again(job: Job, reopened: Reopened) -> Lot | None:
    """
    The very octets of an attempt in doubt, or ``None`` where they can't be had again: somebody in it is no longer
    mailable, was erased, or another worker has settled part of it (design D10).
    """
    attempt, claimed = reopened.attempt, reopened.claimed
    if tuple(row.delivery for row in claimed.rows) != attempt.deliveries:
        return None
    messages = _as_they_were(job, claimed, attempt.values)
    if any(one is None for one in messages):
        return None
    batch = Batch.of(job.compiled, [one for one in messages if one is not None], attempt.composed_at)
    parcel = _encoded(job, batch)
    return Lot(batch, parcel, attempt) if parcel is not None and parcel.digest == attempt.body_digest else None


def _as_they_were(job: Job, claimed: Claimed, values: Sequence[Mapping[str, str]]) -> list[Message | None]:
    if job.compiled.request.copies:
        return [copied_as_it_was(job, claimed, values)]
    approve_one = approving(job.policy, job.compiled.request, claimed.at)
    people = zip(claimed.rows, values, strict=True)
    return [_as_it_was(job, row, its, approve_one(row.facts)) for row, its in people]


def _as_it_was(
    job: Job, row: ClaimedRow, values: Mapping[str, str], verdict: Approval | Withheld | Deferred
) -> Message | None:
    """A message with the values on record, for somebody who may still be written to."""
    if not isinstance(verdict, Approval):
        return None
    try:
        links = values.get(UNSUBSCRIBE_URL) or None, values.get(PREFERENCES_URL) or None
        return Message.of(verdict, job.compiled, row.delivery, values, *links)
    except HeaderRefused:
        return None


def _encoded(job: Job, batch: Batch) -> Parcel | None:
    try:
        return job.encode(batch)
    except ValueError:
        return None


def _messages(job: Job, claimed: Claimed) -> tuple[list[Message], list[Settled]]:
    """The message of everyone approved; the others are settled with reasons."""
    if job.compiled.request.copies:
        return copied_message(job, claimed)
    messages: list[Message] = []
    settled: list[Settled] = []
    approve_one, links = approving(job.policy, job.compiled.request, claimed.at), Links(job)
    for row in claimed.rows:
        verdict = approve_one(row.facts)
        if isinstance(verdict, Approval):
            composed = message_for(job, row, verdict, links)
            (messages if isinstance(composed, Message) else settled).append(composed)  # type: ignore[arg-type]  # each list takes its own kind
        else:
            settled.append(not_now(job, row, verdict, claimed.at))
    return messages, settled


def _chunks(messages: Sequence[Message], size: int) -> Iterator[Sequence[Message]]:
    return (messages[start : start + size] for start in range(0, len(messages), size))


def _on_record(job: Job, packed: tuple[Batch, Parcel], rows: dict[DeliveryId, ClaimedRow]) -> Lot:
    batch, parcel = packed
    fences = [rows[delivery].fence for delivery in batch.deliveries]
    return Lot(batch, parcel, attempt_of(job.send, job.provider, batch, parcel, fences, job.keys.newest))


def _pack(
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
            refused = [(one, why) for one in messages if (why := _refusal(job, at, one)) is not None]
            alone = {delivery: why for one, why in refused for delivery in one.deliveries}
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


def _left_out(row: ClaimedRow, why: str | None) -> Settled:
    state = DeliveryState.READY if why is None else DeliveryState.REJECTED
    return Settled(row.delivery, row.fence, state, why or "", keeps_attempt=False)
