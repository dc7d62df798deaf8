"""Addressing: one claimed row's message, or why there is none now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from ..audience.contact import ContactId
from ..audience.topic import TopicId
from ..decision.explain import explain_reason
from ..decision.purpose import Purpose
from ..decision.record import Decision, record
from ..decision.verdict import Deferred, Withheld
from ..message.approval import Approval
from ..message.compliance import PREFERENCES_URL
from ..message.headers import HeaderRefused
from ..message.message import Copy, Message
from ..message.token import DeliveryId, TokenPurpose, minter
from .delivery import DeliveryState
from .effects import ClaimedRow, Settled
from .job import Job

__all__ = ["Links", "decided", "decided_all", "message_for", "not_now"]


def message_for(
    job: Job, row: ClaimedRow, approval: Approval, links: Links, copies: Sequence[Copy] = ()
) -> Message | Settled:
    """
    One person's message, with the job's ``links``; a value that would break a header, or a limit of the provider,
    rejects this row alone.
    """
    try:
        if (why := job.can_carry(row)) is None:
            return Message.of(approval, job.compiled, row.delivery, row.values, *links.of(row), copies)
    except HeaderRefused as refused:
        why = str(refused)
    return Settled(row.delivery, row.fence, DeliveryState.REJECTED, why, keeps_attempt=False)


def not_now(job: Job, row: ClaimedRow, verdict: Withheld | Deferred, at: datetime) -> Settled:
    """A row that the fresh decision stops, or puts off."""
    decision = decided(job, row, at)
    if isinstance(verdict, Deferred):
        wait, why = max(1.0, (verdict.until - at).total_seconds()), explain_reason(verdict.reason)
        return Settled(row.delivery, row.fence, DeliveryState.READY, why, wait, keeps_attempt=False, decision=decision)
    return Settled(row.delivery, row.fence, DeliveryState.WITHHELD, keeps_attempt=False, decision=decision)


def decided(job: Job, row: ClaimedRow, at: datetime) -> Decision:
    """The fresh decision about a claimed row, for the record."""
    return record(row.facts.standing, job.policy, at, row.facts.circumstances)


def decided_all(job: Job, rows: Sequence[ClaimedRow], at: datetime) -> tuple[Decision, ...]:
    """The fresh decisions about many rows: where nothing but standing decides, all who stand alike share one value."""
    if job.policy.outside:
        return tuple(decided(job, row, at) for row in rows)
    standings = [row.facts.standing for row in rows]
    known = {standing: record(standing, job.policy, at) for standing in set(standings)}
    return tuple([known[standing] for standing in standings])


class Links:
    """The links of everybody a job writes to: which they have, and what is the same in all of them, is found once."""

    __slots__ = ("_opt_out", "_preferences")

    def __init__(self, job: Job) -> None:
        self._opt_out, self._preferences = _opt_out_link(job), _preferences_link(job)

    def of(self, row: ClaimedRow) -> tuple[str | None, str | None]:
        """To opt out, and to the preferences; nobody knows a stranger, so they have none."""
        contact = row.facts.contact
        if contact is None:
            return None, None
        opt_out, preferences = self._opt_out, self._preferences
        return (
            None if opt_out is None else opt_out(contact, row.delivery),
            None if preferences is None else preferences(contact, row.delivery),
        )


_Link: TypeAlias = Callable[[ContactId, DeliveryId], str]


def _opt_out_link(job: Job) -> _Link | None:
    """The link of each recipient: for all marketing, or for the mail's topic where the policy says so (design D12)."""
    marketing = job.compiled.purpose is Purpose.MARKETING
    topic = job.compiled.request.topic if marketing and job.policy.topic_links else None
    return _link(job, "u", TokenPurpose.UNSUBSCRIBE, topic) if marketing or job.compiled.links_out else None


def _preferences_link(job: Job) -> _Link | None:
    """The link to what each recipient wants to hear of, where the content holds one."""
    return _link(job, "p", TokenPurpose.PREFERENCES) if job.compiled.holds(PREFERENCES_URL) else None


def _link(job: Job, room: str, purpose: TokenPurpose, topic: TopicId | None = None) -> _Link:
    mint = minter(purpose, job.compiled.request.project, job.keys, topic)
    page = job.compiled.brand.link(room, "")
    return lambda contact, delivery: page + mint(contact, delivery)
