"""
Copying: a mail to one person and its copies, which are rows of their own and leave as one message.

Each address is decided about alone. Who may not be written to is left out; a copy without its mail goes nowhere, and
says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..decision.explain import explain, explain_reason
from ..decision.verdict import Deferred, Withheld
from ..message.approval import Approval, approve
from ..message.compliance import PREFERENCES_URL, UNSUBSCRIBE_URL
from ..message.headers import HeaderRefused
from ..message.message import Copy, Message
from .addressing import Links, message_for, not_now
from .delivery import DeliveryState
from .effects import Claimed, ClaimedRow, Settled
from .job import Job

__all__ = ["copied_as_it_was", "copied_message"]


def copied_message(job: Job, claimed: Claimed) -> tuple[list[Message], list[Settled]]:
    """The message of the claim's recipient with everybody approved who is copied; all others are settled."""
    mail, copies = _apart(job, claimed.rows)
    if mail is None:
        return [], [_cancelled(row, "the mail it is a copy of was settled without it") for row in copies]
    verdict = approve(job.policy, mail.facts, job.compiled.request, claimed.at)
    if not isinstance(verdict, Approval):
        stopped = not_now(job, mail, verdict, claimed.at)
        return [], [stopped, *(_follow(row, stopped, verdict) for row in copies)]
    approved, settled = _approved(job, claimed, copies)
    message = message_for(job, mail, verdict, Links(job), approved)
    if isinstance(message, Message):
        return [message], settled
    going = {one.delivery for one in approved}
    return [], [*settled, message, *(_like(row, message) for row in copies if row.delivery in going)]


def copied_as_it_was(job: Job, claimed: Claimed, values: Sequence[Mapping[str, str]]) -> Message | None:
    """The very message of an attempt in doubt, its recipient first; ``None`` once it would not be the same."""
    verdicts = [approve(job.policy, row.facts, job.compiled.request, claimed.at) for row in claimed.rows]
    approvals = [one for one in verdicts if isinstance(one, Approval)]
    if _apart(job, claimed.rows)[0] is not claimed.rows[0] or len(approvals) < len(verdicts):
        return None
    mail, *rest = claimed.rows
    copies = [Copy(approval, row.delivery) for row, approval in zip(rest, approvals[1:], strict=True)]
    links = values[0].get(UNSUBSCRIBE_URL) or None, values[0].get(PREFERENCES_URL) or None
    try:
        return Message.of(approvals[0], job.compiled, mail.delivery, values[0], *links, copies)
    except HeaderRefused:
        return None


def _apart(job: Job, rows: Sequence[ClaimedRow]) -> tuple[ClaimedRow | None, list[ClaimedRow]]:
    to = job.compiled.request.addressees[0].canonical
    mail = next((row for row in rows if row.facts.address.canonical == to), None)
    return mail, [row for row in rows if row is not mail]


def _approved(job: Job, claimed: Claimed, rows: Sequence[ClaimedRow]) -> tuple[list[Copy], list[Settled]]:
    approved: list[Copy] = []
    settled: list[Settled] = []
    for row in rows:
        match approve(job.policy, row.facts, job.compiled.request, claimed.at):
            case Approval() if (why := job.can_carry(row)) is not None:
                settled.append(Settled(row.delivery, row.fence, DeliveryState.REJECTED, why, keeps_attempt=False))
            case Approval() as approval:
                approved.append(Copy(approval, row.delivery))
            case Withheld() as verdict:
                settled.append(not_now(job, row, verdict, claimed.at))
            case Deferred(_, reason):  # the mail does not wait for those who are copied on it
                settled.append(_cancelled(row, f"the mail left when no copy could: {explain_reason(reason)}"))
    return approved, settled


def _follow(row: ClaimedRow, stopped: Settled, verdict: Withheld | Deferred) -> Settled:
    """A copy waits with its mail, and goes nowhere without."""
    if isinstance(verdict, Deferred):
        return _like(row, stopped)
    return _cancelled(row, f"the mail it is a copy of is not sent: {explain(verdict)}")


def _like(row: ClaimedRow, mail: Settled) -> Settled:
    return Settled(row.delivery, row.fence, mail.state, mail.why, mail.wait, keeps_attempt=False)


def _cancelled(row: ClaimedRow, why: str) -> Settled:
    return Settled(row.delivery, row.fence, DeliveryState.CANCELLED, why, keeps_attempt=False)
