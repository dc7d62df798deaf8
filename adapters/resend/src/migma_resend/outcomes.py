"""Outcomes: what Resend's answers mean for each message (design D8; the answers are listed in the README)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migma_http import Answer, HttpResponse, Secret, read_json, retry_after, said, usual_outcome

from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

from .wire import BatchSent, Fault, Refused, Sent

__all__ = ["outcomes_of"]

_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_OF_THE_ADDRESS = re.compile(r"`?\bto`? (?:field|address)|recipient", re.IGNORECASE)

_OF_THE_ACCOUNT: Final = frozenset(
    {
        *("missing_api_key", "restricted_api_key", "invalid_api_key", "suspended_api_key", "invalid_permission"),
        *("daily_quota_exceeded", "monthly_quota_exceeded"),
    }
)
_WITH_THE_SAME_KEY: Final = {
    "invalid_idempotent_request": "other octets went to Resend under this attempt's key, and may have been accepted",
    "concurrent_idempotent_requests": "the same attempt is being handed over at this moment",
    "resource_locked": "Resend was busy with the same mail",
}


def outcomes_of(size: int, answer: Answer, key: Secret) -> tuple[Outcome, ...]:
    """One outcome for each of ``size`` messages. Total."""
    match answer:
        case HttpResponse(status) if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return _accepted(size, answer, key)
        case HttpResponse():
            return (_refusal(size, answer, key),) * size
        case _:
            return (usual_outcome(answer),) * size


def _accepted(size: int, response: HttpResponse, key: Secret) -> tuple[Outcome, ...]:
    """Everybody has an id of their own, but for those that the batch names as refused."""
    if size == 1:
        return (Accepted(_message_id(read_json(Sent, response.body).value_or(Sent()).id)),)
    read = read_json(BatchSent, response.body).value_or(BatchSent())
    refused_at = {one.index: one for one in read.errors if 0 <= one.index < size}
    ids: Iterator[str | None] = iter([one.id for one in read.data])
    if len(refused_at) == size:
        return (Rejected(Scope.REQUEST, said(key.out_of(read.errors[0].message or "refused"))),) * size
    if len(read.data) + len(refused_at) != size:
        ids = iter(())  # not everybody is named, so nobody's id is certain
    return tuple(
        _of_one(refused_at[place], key) if place in refused_at else Accepted(_message_id(next(ids, None)))
        for place in range(size)
    )


def _of_one(refused: Refused, key: Secret) -> Outcome:
    """Refused while others with the same content were taken: the fault is this recipient's."""
    return Rejected(Scope.RECIPIENT, said(key.out_of(refused.message or "refused")))


def _refusal(size: int, response: HttpResponse, key: Secret) -> Outcome:
    fault = read_json(Fault, response.body).value_or(Fault(name=""))
    words = said(key.out_of(f"{fault.name}: {fault.message}" if fault.message else fault.name))
    if response.status >= 500:  # noqa: PLR2004 - RFC 9110 §15.6
        return usual_outcome(response, words)
    if fault.name in _OF_THE_ACCOUNT:
        return Rejected(Scope.ACCOUNT, words)
    if fault.name in _WITH_THE_SAME_KEY:
        return Unknown(f"{_WITH_THE_SAME_KEY[fault.name]} ({words})")
    if fault.name == "rate_limit_exceeded":
        return NotSent(words, retry_after(response))
    outcome = usual_outcome(response, words)
    is_address = size == 1 and _OF_THE_ADDRESS.search(fault.message or "") is not None
    if is_address and isinstance(outcome, Rejected) and outcome.scope is Scope.REQUEST:
        return Rejected(Scope.RECIPIENT, words)
    return outcome


def _message_id(found: str | None) -> str | None:
    return found if found is not None and _MESSAGE_ID.fullmatch(found) else None
