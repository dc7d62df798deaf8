"""The account: what it may send in this region, for the pace (design D11)."""

from __future__ import annotations

from typing import Final

from migma_http import Answer, HttpResponse, read_json, usual_outcome

from migma_core.ports import Quota

from .wire import Account

__all__ = ["ACCOUNT_PATH", "read_quota"]

ACCOUNT_PATH: Final = "/v2/email/account"

_UNLIMITED: Final = -1.0
_SHUT: Final = "SHUTDOWN"


def read_quota(answer: Answer) -> Quota | str:
    """How much the account may send and has sent, or why nobody can tell."""
    if not isinstance(answer, HttpResponse) or answer.status != 200:  # noqa: PLR2004 - RFC 9110 §15.3.1
        return str(getattr(usual_outcome(answer), "why", "the answer holds no quota"))
    read = read_json(Account, answer.body).value_or(None)
    return "the answer holds no quota" if read is None else _quota(read)


def _quota(read: Account) -> Quota | str:
    of, day = read.send_quota, read.send_quota.max24_hour_send
    try:
        most = None if day == _UNLIMITED else int(day)
        return Quota(of.max_send_rate, most, int(of.sent_last24_hours), _stopped(read))
    except (ValueError, OverflowError) as wrong:  # negative, or beyond all numbers
        return f"SES tells a quota that is none: {wrong}"


def _stopped(read: Account) -> str | None:
    if read.enforcement_status == _SHUT:
        return "AWS has shut the account down for sending"
    return None if read.sending_enabled else "sending is paused for the account in this region"
