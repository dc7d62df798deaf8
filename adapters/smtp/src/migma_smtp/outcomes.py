"""Outcomes: what a reply means at its stage, for one message (design D8; reliability §14; listed in the README)."""

from __future__ import annotations

import re
from typing import Final

from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

from .reply import EnhancedCode, Reply, Stage

__all__ = ["EXPECTED", "outcome_of"]

EXPECTED: Final = {Stage.GREETING: 220, Stage.STARTTLS: 220, Stage.DATA: 354}
"""The code that lets a conversation go on, where it is not any 2xx."""

_GOING, _DESYNCHRONISED, _STORAGE = 421, 503, 552
_NOT_KNOWN = frozenset({500, 501, 502, 504, 555})  # of commands and their parameters
_NOT_ALLOWED = frozenset({530, 534, 535, 538})
_A_MINUTE: Final = 60.0
_QUEUED = re.compile(r"(?:\bqueued as |\bid=)([A-Za-z0-9._-]{6,100})|^(?:2\.[0-9.]+ )?Ok ([A-Za-z0-9-]{6,100})$")
_USED_UP = re.compile(r"\bdaily\b.*\bquota exceeded", re.IGNORECASE)


def outcome_of(stage: Stage, reply: Reply) -> Outcome:
    """
    The outcome of a message whose conversation ended with this reply at this stage. Total.

    Until the final dot everything but a refusal is certain not to have been sent; from then on, everything but a clear
    answer is unknown.

    >>> outcome_of(Stage.RCPT, Reply(550, "5.1.1 no such user"))
    Rejected(scope=<Scope.RECIPIENT: 'recipient'>, why='RCPT TO: 550 5.1.1 no such user')
    >>> outcome_of(Stage.END, Reply(250, "2.0.0 Ok: queued as 4F1B2C3D"))
    Accepted(provider_id='4F1B2C3D')
    """
    why = f"{stage}: {reply}"
    if stage is Stage.END:
        if reply.code // 100 == 2:  # noqa: PLR2004 - RFC 5321 §4.2.1
            return Accepted(_queue_id(reply))
        if reply.code // 100 not in {4, 5} or reply.code in {_GOING, _DESYNCHRONISED}:
            return Unknown(why)  # it may be the answer to something else, or to nothing
    if reply.code // 100 == 5 and not _is_passing(stage, reply):  # noqa: PLR2004 - RFC 5321 §4.2.1
        return Rejected(_scope(stage, reply), why)
    if stage is not Stage.RCPT and _USED_UP.search(reply.text):  # SES says so with 454; at RCPT it is a mailbox's
        return Rejected(Scope.ACCOUNT, why)
    return NotSent(why, _A_MINUTE if stage is Stage.RCPT and reply.code != _GOING else None)


def _is_passing(stage: Stage, reply: Reply) -> bool:
    """Permanent by its number and not by its meaning."""
    if stage is Stage.RSET:
        return True  # it is about the connection, and no message
    if reply.code == _DESYNCHRONISED and stage in {Stage.MAIL, Stage.RCPT, Stage.DATA}:
        return True  # "sender already specified": the connection has lost step, and is dropped
    if reply.enhanced is not None:
        return reply.enhanced[1:] == (2, 2)  # a full mailbox (compliance K-03)
    return stage is Stage.RCPT and reply.code == _STORAGE  # counts as 452 (RFC 5321 §4.5.3.1.10)


def _scope(stage: Stage, reply: Reply) -> Scope:
    if stage not in {Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.END} or reply.code in _NOT_ALLOWED:
        return Scope.ACCOUNT
    if (code := reply.enhanced) is not None and (told := _scope_told(stage, code)) is not None:
        return told
    if reply.code == _STORAGE or stage in {Stage.DATA, Stage.END}:
        return Scope.REQUEST
    if stage is Stage.MAIL:
        return Scope.REQUEST if reply.code in _NOT_KNOWN else Scope.ACCOUNT
    # the one parameter of RCPT TO is the recipient's address, so 501 is about it
    return Scope.REQUEST if reply.code in _NOT_KNOWN - {501} else Scope.RECIPIENT


def _scope_told(stage: Stage, code: EnhancedCode) -> Scope | None:
    """What the enhanced code says of it (RFC 3463 §3; compliance K-03)."""
    match code.subject, code.detail:
        case (7, _) | (1, 7 | 8) | (3, 2) | (4, 5):  # policy, authentication; the sender; the system; too much of ours
            return Scope.ACCOUNT
        case (2, 3) | (3, 4) | (5 | 6, _):  # too large; protocol; content
            return Scope.REQUEST
        case (1 | 2 | 4, _) if stage is not Stage.MAIL:  # address, mailbox, route
            return Scope.RECIPIENT
        case _:
            return None


def _queue_id(reply: Reply) -> str | None:
    """What Postfix, Exim and SES call the message from now on, where the reply says it."""
    found = _QUEUED.search(reply.text)
    return (found[1] or found[2]) if found else None
