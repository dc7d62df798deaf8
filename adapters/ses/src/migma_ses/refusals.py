"""Refusals: whose fault each documented error of SES is, for a whole request and for one destination of a bulk send."""

from __future__ import annotations

import re
from typing import Final

from migma_core.delivery import NotSent, Outcome, Rejected, Scope, Unknown
from migma_core.message import Batch

__all__ = ["refusal"]

# by name for a request, and in capitals for a destination of a bulk send
_TOO_FAST: Final = frozenset(
    {
        *("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"),
        *("ACCOUNT_THROTTLED", "TRANSIENT_FAILURE"),  # the second is documented as not processed
    }
)
_OF_THE_ACCOUNT: Final = frozenset(
    {
        *("AccountSuspendedException", "SendingPausedException", "LimitExceededException"),
        "MailFromDomainNotVerifiedException",
        "NotFoundException",  # all that a request of ours names is the configuration set
        *("AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnknownOperationException"),
        *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken"),
        *("MissingAuthenticationTokenException", "ExpiredToken", "ExpiredTokenException"),
        *("RequestExpired", "RequestTimeTooSkewed"),
        *("ACCOUNT_SUSPENDED", "ACCOUNT_DAILY_QUOTA_EXCEEDED", "ACCOUNT_SENDING_PAUSED"),
        *("CONFIGURATION_SET_SENDING_PAUSED", "MAIL_FROM_DOMAIN_NOT_VERIFIED", "INVALID_SENDING_POOL_NAME"),
        *("CONFIGURATION_SET_NOT_FOUND", "CONFIGURATION_SET_DOES_NOT_EXIST"),  # the model's word, and the page's
    }
)
# AWS tells back what it was to sign, a session token included: these are said in words of ours
_OF_THE_SIGNATURE: Final = frozenset(
    {
        *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException"),
        "InvalidSignature",
    }
)
_OF_THE_CONTENT: Final = frozenset(
    {
        *("BadRequestException", "MessageRejected", "ValidationException", "ValidationError"),
        *("MESSAGE_REJECTED", "INVALID_PARAMETER", "FAILED", "TEMPLATE_NOT_FOUND", "TEMPLATE_DOES_NOT_EXIST"),
    }
)
_LOOK_AT: Final = "look at the secret key, the region, and the clock of this machine"
_CUT_SHORT: Final = frozenset({"RequestAbortedException", "RequestTimeoutException", "RequestTimeout"})

_DAY_IS_FULL = re.compile(r"daily (?:message|sending) quota|24.hour", re.IGNORECASE)
_NOT_VERIFIED = re.compile(r"not verified", re.IGNORECASE)
_STOPPED = re.compile(r"sending (?:is |has been )?(?:suspended|paused|disabled)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"illegal address|missing final '?@domain|local address|address contains|invalid recipient|blacklisted"
    r"|domain (?:contains|starts|ends|name)|missing local|missing domain",
    re.IGNORECASE,
)


def refusal(kind: str, text: str, words: str, batch: Batch, *, alone: bool) -> Outcome | None:
    """
    What a fault of this kind and text means; ``None`` for a kind that nobody documents. ``alone`` says that it can be
    no fault of what others share: one message, or one destination among others that were taken.
    """
    if kind in _CUT_SHORT:
        return Unknown(words)
    if kind in _TOO_FAST:
        return Rejected(Scope.ACCOUNT, words) if _DAY_IS_FULL.search(text) else NotSent(words)
    if kind in _OF_THE_SIGNATURE:
        return Rejected(Scope.ACCOUNT, f"{kind}: AWS makes another signature; {_LOOK_AT}")
    if kind in _OF_THE_ACCOUNT or (kind in _OF_THE_CONTENT and _STOPPED.search(text)):
        return Rejected(Scope.ACCOUNT, words)
    if kind in _OF_THE_CONTENT:
        return _of_the_content(text, words, batch, alone=alone)
    return None


def _of_the_content(text: str, words: str, batch: Batch, *, alone: bool) -> Outcome:
    """An address, which is the recipient's where there is one; an identity, which is the account's; or the content."""
    if _NOT_VERIFIED.search(text):
        return Rejected(Scope.ACCOUNT, _unverified(text, words, batch))
    if alone and _ADDRESS.search(text):
        return Rejected(Scope.RECIPIENT, words)
    return Rejected(Scope.RECIPIENT if alone and len(batch.messages) > 1 else Scope.REQUEST, words)


def _unverified(text: str, words: str, batch: Batch) -> str:
    """
    Either the sender is not verified, or the account is in the sandbox, where recipients must be. Both are the
    account's: were the second a recipient's, a campaign would write off everybody in it, and nothing brings them back.
    """
    sender = batch.compiled.request.sender
    names = f"{re.escape(str(sender))}|{re.escape(sender.domain)}"
    if re.search(rf"(?<![\w@.-])(?:{names})(?![\w-]|\.\w)", text, re.IGNORECASE):
        return f"{words} (the sender is not verified in this region: verify the domain there)"
    return f"{words} (verify the domain in this region; in the sandbox, SES asks for every recipient's address as well)"
