"""Outcomes: what SES's answers mean for each message (design D8; the answers are listed in the README)."""

from __future__ import annotations

import re
from typing import Final

from migma_http import Answer, HttpResponse, read_json, said, usual_outcome

from migma_core.delivery import Accepted, Outcome, Unknown
from migma_core.message import Batch

from .refusals import refusal
from .signer import Signer
from .wire import BulkResult, BulkSent, Fault, Sent

__all__ = ["outcomes_of"]

_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_WHO_KNOWS: Final = frozenset({408, 409, 425})
_ALONE = Unknown("SES took the request, and its answer does not say what became of each message")


def outcomes_of(batch: Batch, answer: Answer, signer: Signer) -> tuple[Outcome, ...]:
    """One outcome for each message. Total."""
    size = len(batch.messages)
    match answer:
        case HttpResponse(status) if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return _accepted(answer) if size == 1 else _each(batch, answer, signer)
        case HttpResponse(status) if 400 <= status < 500 and status not in _WHO_KNOWS:  # noqa: PLR2004 - RFC 9110 §15.5
            return (_refused(batch, answer, signer),) * size
        case HttpResponse():
            return (usual_outcome(answer, _told(answer, signer)[2]),) * size
        case _:
            return (usual_outcome(answer),) * size


def _accepted(response: HttpResponse) -> tuple[Outcome, ...]:
    return (Accepted(_message_id(read_json(Sent, response.body).value_or(Sent()).message_id)),)


def _each(batch: Batch, response: HttpResponse, signer: Signer) -> tuple[Outcome, ...]:
    """
    Every destination by its place. A 200 says nothing of them: where the results cannot be read, or are not as many as
    the messages, nobody knows who was accepted.
    """
    results = read_json(BulkSent, response.body).map(lambda read: read.bulk_email_entry_results).value_or([])
    if len(results) != len(batch.messages):
        return (_ALONE,) * len(batch.messages)
    any_passed = any(one.status == "SUCCESS" for one in results)
    return tuple(_of_one(batch, one, signer, any_passed=any_passed) for one in results)


def _of_one(batch: Batch, result: BulkResult, signer: Signer, *, any_passed: bool) -> Outcome:
    """Refused while others with the same template were taken: then the fault is this recipient's."""
    if result.status == "SUCCESS":
        return Accepted(_message_id(result.message_id))
    words = _words(result.status, result.error, signer)
    found = refusal(result.status, result.error or "", words, batch, alone=any_passed)
    return found or Unknown(words)


def _refused(batch: Batch, response: HttpResponse, signer: Signer) -> Outcome:
    """By the type of the fault; without one that is documented, by the status."""
    kind, text, words = _told(response, signer)
    found = refusal(kind, text, words, batch, alone=len(batch.messages) == 1)
    return found or usual_outcome(response, words)


def _told(response: HttpResponse, signer: Signer) -> tuple[str, str, str]:
    """The type of a fault, its text, and both in words that a log may hold."""
    fault = read_json(Fault, response.body).value_or(Fault())
    kind = _kind(response.one("x-amzn-errortype") or fault.type or "")
    return kind, fault.message or "", _words(kind, fault.message, signer)


def _kind(told: str) -> str:
    """A type without the namespace before it and the address after it."""
    return told.partition(":")[0].rpartition("#")[2].strip()[:100]


def _words(kind: str, message: str | None, signer: Signer) -> str:
    return said(signer.out_of(f"{kind}: {message}" if message else kind))


def _message_id(found: str | None) -> str | None:
    return found if found is not None and _MESSAGE_ID.fullmatch(found) else None
