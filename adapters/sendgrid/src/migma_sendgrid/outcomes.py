"""Outcomes: what SendGrid's answers mean for each message (design D8; the answers are listed in the README)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from migma_http import Answer, HttpResponse, Secret, read_json, retry_after, said, seconds_until, usual_outcome

from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope

from .wire import Complaint, Complaints

__all__ = ["outcomes_of"]

_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_RECIPIENT = re.compile(r"personalizations[.\[](\d{1,4})\]?\.to\b")
_UNIX_TIME = re.compile(r"[0-9]{1,12}")
_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429


def outcomes_of(size: int, answer: Answer, key: Secret) -> tuple[Outcome, ...]:
    """
    One outcome for each of ``size`` messages. Total.

    SendGrid answers once for all. Only where every error points at a recipient is it those recipients' fault: they are
    named, the others were not sent on their account, and may go again at once.
    """
    match answer:
        case HttpResponse(status) if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return (Accepted(_message_id(answer)),) * size
        case HttpResponse(status):
            complaints = _complaints(answer)
            words = said(key.out_of("; ".join(one.message or "" for one in complaints)))
            if status == _BAD_REQUEST and (named := _recipients(complaints, size, key)):
                return tuple(named.get(place, _ON_THEIR_ACCOUNT) for place in range(size))
            outcome = usual_outcome(answer, words)
            return (_with_reset(answer, outcome) if status == _TOO_MANY else outcome,) * size
        case _:
            return (usual_outcome(answer),) * size


_ON_THEIR_ACCOUNT: Final = NotSent("SendGrid refused the request because of other recipients in it", 0.0)


def _complaints(response: HttpResponse) -> Sequence[Complaint]:
    return read_json(Complaints, response.body).map(lambda read: read.errors).value_or([])


def _recipients(complaints: Sequence[Complaint], size: int, key: Secret) -> dict[int, Outcome]:
    """The recipients complained about, by place; none where anything else is wrong as well, or everybody is."""
    named: dict[int, Outcome] = {}
    for one in complaints:
        found = _RECIPIENT.match(one.field or "")
        if found is None or int(found[1]) >= size:
            return {}
        named.setdefault(int(found[1]), Rejected(Scope.RECIPIENT, said(key.out_of(one.message or "refused"))))
    return named if len(named) < size or size == 1 else {}


def _with_reset(response: HttpResponse, outcome: Outcome) -> Outcome:
    """SendGrid has no Retry-After; it says at what Unix time the limit ends."""
    reset = response.one("x-ratelimit-reset") or ""
    if not isinstance(outcome, NotSent) or retry_after(response) is not None or not _UNIX_TIME.fullmatch(reset):
        return outcome
    return NotSent(outcome.why, seconds_until(response, float(reset)))


def _message_id(response: HttpResponse) -> str | None:
    """One for the request: events bear it, followed by a dot and something of each recipient's."""
    found = response.one("x-message-id") or ""
    return found if _MESSAGE_ID.fullmatch(found) else None
