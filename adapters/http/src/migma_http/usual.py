"""The usual outcomes: what a status means where the provider says nothing else of it (design D8; reliability §2)."""

from __future__ import annotations

import re
from typing import Final

from migma_core.audience.address import hidden_characters
from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

from .exchange import Answer, HttpResponse, NoAnswer, Sent
from .retry_after import retry_after

__all__ = ["said", "usual_outcome"]

_LONGEST = 200
_ADDRESS = re.compile(r"([^\s@<>\"'(),;:])[^\s@<>\"'(),;:]*@(?=[^\s@])")
_OF_THE_ACCOUNT: Final = frozenset({401, 402, 403, 407})
_WHO_KNOWS: Final = frozenset({408, 409, 425})
_TOO_MANY: Final = 429


def usual_outcome(answer: Answer, words: str = "") -> Outcome:
    """
    The outcome of an exchange by its status alone; ``words`` are the provider's own, for people to read.

    A 5xx is unknown: nobody promises that it means nothing was done. Codecs decide first what their provider documents
    otherwise.

    >>> usual_outcome(HttpResponse(503), "try again")
    Unknown(why='HTTP 503: try again')
    >>> usual_outcome(NoAnswer(Sent.NOTHING, "refused"))
    NotSent(why='no connection: refused', retry_after=None)
    """
    match answer:
        case NoAnswer(Sent.NOTHING, why):
            return NotSent(f"no connection: {why}")
        case NoAnswer(_, why):
            return Unknown(f"no answer: {why}")
        case HttpResponse():
            return _by_status(answer, f"HTTP {answer.status}" + (f": {words}" if words else ""))


def _by_status(response: HttpResponse, why: str) -> Outcome:
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
        return Accepted()
    if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110 §15.4: a body is never sent after a redirect
        return Rejected(Scope.ACCOUNT, f"{why} (a redirect, which is never followed: mend the base URL)")
    if status == _TOO_MANY:
        return NotSent(why, retry_after(response))
    if status in _OF_THE_ACCOUNT:
        return Rejected(Scope.ACCOUNT, why)
    if 400 <= status < 500 and status not in _WHO_KNOWS:  # noqa: PLR2004 - RFC 9110 §15.5
        return Rejected(Scope.REQUEST, why)
    return Unknown(why)


def said(text: object) -> str:
    """
    A provider's words as a log may hold them: one line of at most 200 characters, addresses masked.

    >>> said("ada@example.com is\\nno address")
    'a***@example.com is no address'
    """
    words = " ".join(text.split()) if isinstance(text, str) else ""
    shown = "".join(one for one in words if hidden_characters(one) is None)
    masked = _ADDRESS.sub(r"\1***@", shown)
    return masked if len(masked) <= _LONGEST else masked[: _LONGEST - 1] + "…"
