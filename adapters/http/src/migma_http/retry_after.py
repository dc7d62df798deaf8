"""When to come back: Retry-After, read strictly (RFC 9110 §10.2.3; reliability §7)."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from .exchange import HttpResponse

__all__ = ["LONGEST_WAIT", "retry_after", "seconds_until"]

LONGEST_WAIT: Final = 3600.0
"""Seconds; whoever asks for more is asked again after an hour."""

_SECONDS = re.compile(r"[0-9]{1,12}")
_DAYS, _MONTHS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun", "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# the one form that may be written today; RFC 9110 §5.6.7
_DATE = re.compile(rf"(?:{_DAYS}), [0-9]{{2}} (?:{_MONTHS}) [0-9]{{4}} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} GMT")


def retry_after(response: HttpResponse) -> float | None:
    """
    Seconds to wait, 0 to 3600, as the answer says; ``None`` where it says nothing, or nothing that can be read.

    A date is taken from the answer's own Date, so that no clock of ours comes into it.

    >>> retry_after(HttpResponse(429, (("Retry-After", "7"),)))
    7.0
    >>> [retry_after(HttpResponse(429, (("Retry-After", said),))) for said in ("-1", "1.5", "1e3", "٣", "+7", "")]
    [None, None, None, None, None, None]
    """
    said = (response.one("retry-after") or "").strip(" \t")
    if _SECONDS.fullmatch(said):
        return min(float(said), LONGEST_WAIT)
    moment = _moment(said)
    return None if moment is None else seconds_until(response, moment.timestamp())


def seconds_until(response: HttpResponse, moment: float) -> float | None:
    """Seconds from the answer's Date to a Unix time, 0 to 3600; ``None`` for an answer without a date."""
    now = _moment(response.one("date") or "")
    return None if now is None else min(max(0.0, moment - now.timestamp()), LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return parsedate_to_datetime(text)
    except ValueError:  # such as the 31st of February
        return None
