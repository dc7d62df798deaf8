"""Addressing: one claimed row's message, or why there is none now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..audience.topic import TopicId
from ..decision.explain import explain_reason
from ..decision.purpose import Purpose
from ..decision.record import Decision, record
from ..decision.verdict import Deferred, Withheld
from ..message.approval import Approval
from ..message.compliance import PREFERENCES_URL
from ..message.headers import HeaderRefused
from ..message.message import Copy, Message
from ..message.token import Token, TokenPurpose, mint_token
from .delivery import DeliveryState
from .effects import ClaimedRow, Settled
from .job import Job

__all__ = ["decided", "message_for", "not_now"]


def message_for(job: Job, row: ClaimedRow, approval: Approval, copies: Sequence[Copy] = ()) -> Message | Settled:
    """One person's message; a value that would break a header, or a limit of the provider, rejects this row alone."""
    try:
        if (why := job.can_carry(row)) is None:
            links = _opt_out_link(job, row), _preferences_link(job, row)
            return Message.of(approval, job.compiled, row.delivery, row.values, *links, copies)
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
