"""Outcomes: what Mailgun's answers mean for each message (design D8; the answers are listed in the README)."""

from __future__ import annotations

import re
from typing import Final

from migma_http import Answer, HttpResponse, Secret, read_json, retry_after, said, usual_outcome
from migma_http.retry_after import LONGEST_WAIT

from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope
from migma_core.message import Batch

from .credentials import out_of
from .wire import Fault, Sent

__all__ = ["outcomes_of", "words_of"]

_MESSAGE_ID = re.compile(r"<?([!-;=?-~]{1,200})>?")
_WAIT = re.compile(r"try again after ([0-9]{1,9}) second")
_OF_THE_ACCOUNT = re.compile(r"is not allowed to send|Sandbox subdomains")
_OF_THE_ADDRESS = re.compile(r"\bto'? parameter is not a valid address")
_SOMEWHERE_ELSE: Final = b"Mailgun Magnificent API"
_BAD_REQUEST, _NOT_FOUND, _SERVER = 400, 404, 500


def outcomes_of(batch: Batch, answer: Answer, key: Secret) -> tuple[Outcome, ...]:
    """One outcome for each message. Total. Mailgun answers once for all, and one bad address refuses everybody."""
    match answer:
        case HttpResponse(status) if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return _accepted(batch, answer)
        case HttpResponse():
            return (_refusal(len(batch.messages), answer, key),) * len(batch.messages)
        case _:
            return (usual_outcome(answer),) * len(batch.messages)


def words_of(response: HttpResponse, key: Secret) -> str:
    """What Mailgun says, fit for a log."""
    return said(out_of(key, _message(response)))


def _message(response: HttpResponse) -> str:
    """A message in JSON, or a bare word such as ``Forbidden``."""
    bare = response.body.decode("utf-8", "replace")
    return read_json(Fault, response.body).map(lambda read: read.message).value_or(bare)


def _accepted(batch: Batch, response: HttpResponse) -> tuple[Outcome, ...]:
    """
    Everybody has it, under one id; events name it without angle brackets.

    Where Mailgun repeats the Message-Id that each recipient's variable makes their own, the id is theirs. Its greeting
    says that no such place is there: nothing was sent.
    """
    if response.body.lstrip().startswith(_SOMEWHERE_ELSE):
        why = "this is Mailgun, but no place that takes mail: mend base_url, which ends before /v3"
        return (Rejected(Scope.ACCOUNT, why),) * len(batch.messages)
    found = _MESSAGE_ID.fullmatch(read_json(Sent, response.body).value_or(Sent()).id or "")
    if found is not None and "%recipient." in found[1]:
        return tuple(Accepted(message.message_id.strip("<>")) for message in batch.messages)
    return (Accepted(found[1] if found else None),) * len(batch.messages)


def _refusal(size: int, response: HttpResponse, key: Secret) -> Outcome:
    outcome, message = usual_outcome(response, words_of(response, key)), _message(response)
    if response.status >= _SERVER or not isinstance(outcome, Rejected | NotSent):
        return outcome
    if (wait := _WAIT.search(message)) is not None:
        named = retry_after(response)
        return NotSent(outcome.why, min(float(wait[1]), LONGEST_WAIT) if named is None else named)
    if response.status == _NOT_FOUND or _OF_THE_ACCOUNT.search(message):
        return Rejected(Scope.ACCOUNT, outcome.why)  # the domain: unknown in this region, disabled, or over its limit
    if response.status == _BAD_REQUEST and size == 1 and _OF_THE_ADDRESS.search(message):
        return Rejected(Scope.RECIPIENT, outcome.why)
    return outcome
